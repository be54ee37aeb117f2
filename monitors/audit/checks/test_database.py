"""PostgreSQL as the running server reports itself, asked once for all checks."""
# ruff: noqa: S101

import json
from typing import Any

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.model.declared import Declared

# One answer: settings in force, the access rules read, accounts with more than a login.
QUESTION = """
SELECT json_build_object(
 'settings', (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name IN
  ('listen_addresses', 'port', 'password_encryption', 'log_connections', 'log_disconnections',
   'log_destination', 'ssl')),
 'rules', (SELECT json_agg(json_build_object('type', type, 'users', user_name, 'address', address,
   'method', auth_method)) FROM pg_hba_file_rules WHERE error IS NULL),
 'unreadable', (SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL),
 'old_passwords', (SELECT coalesce(json_agg(rolname), '[]') FROM pg_authid
  WHERE rolpassword LIKE 'md5%'),
 'superusers', (SELECT json_agg(rolname) FROM pg_roles WHERE rolsuper),
 'powerful', (SELECT coalesce(json_agg(rolname), '[]') FROM pg_roles WHERE NOT rolsuper AND
  rolname NOT LIKE 'pg\\_%' AND (rolcreaterole OR rolreplication OR rolbypassrls)))
"""
# Neither runuser, whose session would cost as much again as the question, nor /usr/bin/psql, a
# Perl program of Debian's that looks for the newest of these.
AS_POSTGRES = (
    "cd /run/postgresql && set -- /usr/lib/postgresql/*/bin/psql && "
    'setpriv --reuid=postgres --regid=postgres --clear-groups "$1" -XAtqc'
)
COMMAND = f'{AS_POSTGRES} "{" ".join(QUESTION.split())}"'
STRONG = ("scram-sha-256", "cert", "gss", "reject")
STRONG_LOCAL = (*STRONG, "peer")
LOOPBACK = ("127.0.0.1", "::1", "localhost", "samehost")
# The journal, which goes to central; files in /var/log/postgresql stay on the host.
JOURNAL = "syslog"


def test_db_01_listens_as_declared(host: Host, declared: Declared) -> None:
    """The server listens on loopback and sockets, or on a declared port and there over TLS."""
    settings = _server(host)["settings"]
    named = {name.strip() for name in settings["listen_addresses"].split(",") if name.strip()}
    others = sorted(named - set(LOOPBACK))
    port = int(settings["port"])
    if not others:
        return
    open_ports = {(p.protocol.value, p.port) for p in declared.ports}
    assert ("tcp", port) in open_ports, f"listens undeclared on {', '.join(others)} port {port}"
    assert settings["ssl"] == "on", f"listens on {', '.join(others)} without TLS"


def test_db_02_scram(host: Host) -> None:
    """New passwords are hashed with SCRAM, and no older hash is left."""
    server = _server(host)
    method, old = server["settings"]["password_encryption"], server["old_passwords"]
    assert method == "scram-sha-256", f"password_encryption is {method}, expected scram-sha-256"
    assert not old, f"still with an MD5 hash: {', '.join(old)}"


def test_db_03_no_trust(host: Host) -> None:
    """Every rule of pg_hba.conf asks for a strong proof, on the network and on the host."""
    server = _server(host)
    weak = [
        f"{r['type']} {','.join(r['users'])} {r['address'] or ''} {r['method']}".replace("  ", " ")
        for r in server["rules"]
        if r["method"] not in (STRONG_LOCAL if r["type"] == "local" else STRONG)
    ]
    assert server["rules"], "pg_hba.conf has no rule"
    assert not server["unreadable"], f"{server['unreadable']} lines of pg_hba.conf are wrong"
    assert not weak, f"pg_hba.conf lets in: {'; '.join(weak)}"


def test_db_04_least_privilege(host: Host) -> None:
    """`postgres` is the only superuser, and no rule lets it in from the network."""
    server = _server(host)
    more = sorted(set(server["superusers"]) - {"postgres"})
    remote = [
        r["address"]
        for r in server["rules"]
        if r["type"] != "local"
        and r["method"] != "reject"
        and r["address"] not in LOOPBACK
        and {"all", "postgres"} & set(r["users"])
    ]
    assert not more, f"superusers beside postgres: {', '.join(more)}"
    assert not server["powerful"], f"more than it needs: {', '.join(server['powerful'])}"
    assert not remote, f"superusers may log in from {', '.join(remote)}"


def test_db_05_connections_logged(host: Host) -> None:
    """Connections and their ends are logged, to the journal."""
    settings = _server(host)["settings"]
    off = [name for name in ("log_connections", "log_disconnections") if settings[name] == "off"]
    where = settings["log_destination"]
    assert not off, f"off: {', '.join(off)}"
    assert JOURNAL in where, f"logs to {where}, expected {JOURNAL}: files do not reach central"


def _server(host: Host) -> dict[str, Any]:
    answer = host.run(COMMAND)
    if answer.rc != 0:
        raise UndeterminedError(f"PostgreSQL does not answer: {answer.stderr.strip()[:200]}")
    server: dict[str, Any] = json.loads(answer.stdout)
    return server
