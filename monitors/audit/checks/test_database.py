"""PostgreSQL as the running server reports itself, asked once for all checks."""
# ruff: noqa: S101, S608

import json
import re
import shlex
from typing import Any

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.model.declared import Declared

# One answer: settings in force, the access rules read, accounts with more than a login.
QUESTION = """
SELECT json_build_object(
 'settings', (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name IN
  ('listen_addresses', 'port', 'password_encryption', 'log_connections', 'log_disconnections',
   'log_destination', 'ssl', 'archive_command', 'restore_command', 'archive_cleanup_command',
   'recovery_end_command', 'ssl_passphrase_command', 'archive_library', 'dynamic_library_path',
   'shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries')),
 'rules', (SELECT json_agg(json_build_object('type', type, 'users', user_name, 'address', address,
   'method', auth_method)) FROM pg_hba_file_rules WHERE error IS NULL),
 'unreadable', (SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL),
 'old_passwords', (SELECT coalesce(json_agg(rolname), '[]') FROM pg_authid
  WHERE rolpassword LIKE 'md5%'),
 'superusers', (SELECT json_agg(rolname) FROM pg_roles WHERE rolsuper),
 'powerful', (SELECT coalesce(json_agg(rolname), '[]') FROM pg_roles WHERE NOT rolsuper AND
  rolname NOT LIKE 'pg\\_%' AND (rolcreaterole OR rolreplication OR rolbypassrls)),
 'members', (SELECT coalesce(json_agg(json_build_array(pg_get_userbyid(member),
  pg_get_userbyid(roleid))), '[]') FROM pg_auth_members),
 'functions', (SELECT coalesce(json_agg(DISTINCT p.proname || ' to ' ||
   coalesce(r.rolname, 'everybody')), '[]') FROM pg_proc p
  JOIN pg_init_privs i ON i.objoid = p.oid AND i.classoid = 'pg_proc'::regclass,
  aclexplode(p.proacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
  WHERE p.oid < 16384 AND a.privilege_type = 'EXECUTE' AND NOT coalesce(r.rolsuper, false)
   AND coalesce(r.rolname, '') NOT LIKE 'pg\\_%'
   AND NOT EXISTS (SELECT FROM aclexplode(i.initprivs) b
   WHERE b.grantee = a.grantee AND b.privilege_type = 'EXECUTE')),
 'parameters', (SELECT CASE WHEN to_regclass('pg_catalog.pg_parameter_acl') IS NOT NULL THEN
  query_to_xml('SELECT parname, paracl FROM pg_parameter_acl', true, false, '')::text END),
 'maps', pg_read_file(current_setting('ident_file')))
"""
# Neither runuser, whose session would cost as much again as the question, nor /usr/bin/psql, a
# Perl program of Debian's that looks for the newest of these.
AS_POSTGRES = (
    "cd /run/postgresql && set -- /usr/lib/postgresql/*/bin/psql && "
    'setpriv --reuid=postgres --regid=postgres --clear-groups "$1" -XAtqc'
)
COMMAND = f'{AS_POSTGRES} "{" ".join(QUESTION.split())}"'
# In each database: functions of nobody's extension that act as a superuser, or as one who may run
# programs and write files, for whoever calls them; and those in a language without bounds.
# What PostgreSQL itself brought has a number below 16384 (FirstNormalObjectId).
FUNCTIONS = """
SELECT json_build_array(current_database(), p.oid::regprocedure, l.lanname, o.rolname)
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang JOIN pg_roles o ON o.oid = p.proowner
WHERE p.oid >= 16384 AND (
 (p.prosecdef AND (o.rolsuper OR pg_has_role(o.oid, 'pg_execute_server_program', 'MEMBER')
   OR pg_has_role(o.oid, 'pg_write_server_files', 'MEMBER')
   OR pg_has_role(o.oid, 'pg_read_server_files', 'MEMBER'))) OR NOT l.lanpltrusted)
 AND NOT (l.lanname IN ('c', 'internal') AND EXISTS (SELECT FROM pg_depend d
  WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
"""
IN_EACH = (
    f'{AS_POSTGRES} "SELECT datname FROM pg_database WHERE datallowconn" | '
    "while read -r base; do setpriv --reuid=postgres --regid=postgres --clear-groups "
    f'env PGDATABASE="$base" "$1" -XAtqc "{" ".join(FUNCTIONS.split())}" || exit; '
    "done && echo asked"
)
STRONG = ("scram-sha-256", "cert", "gss", "reject")
STRONG_LOCAL = (*STRONG, "peer")
LOOPBACK = ("127.0.0.1", "::1", "localhost", "samehost")
# Roles that PostgreSQL makes, of those the ones that read statistics and settings only.
READING_ROLES = (
    *("pg_monitor", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"),
    *("pg_checkpoint", "pg_use_reserved_connections", "pg_database_owner"),
)
# Of the functions that PostgreSQL keeps for superusers, those that backups and statistics need.
HARMLESS_FUNCTIONS = re.compile(
    r"(pg_(backup_(start|stop)|start_backup|stop_backup|switch_wal|create_restore_point"
    r"|rotate_logfile|reload_conf|ls_(wal|log|tmp|archive_status)dir\w*|current_logfile|promote"
    r"|stat_reset\w*|wal_replay_\w+|show_all_file_settings|hba_file_rules"
    r"|log_backend_memory_contexts|get_backend_memory_contexts|get_shmem_allocations)) to .*"
)
# Programs that keep what the server writes, and libraries of Debian's packages of extensions.
ARCHIVING = re.compile(
    r"((/usr)?/bin/|/usr/lib/postgresql/\d+/bin/)?(test|cp|true|false|rsync|gzip|pgbackrest|wal-[eg]"
    r"|barman-(cloud-)?wal-\w+|pg_probackup|pg_archivecleanup|pg_standby)"
)
LIBRARIES = frozenset(
    {
        *("pg_stat_statements", "auto_explain", "pgaudit", "timescaledb", "pg_cron", "auth_delay"),
        *("passwordcheck", "pg_prewarm", "pg_stat_kcache", "pg_qualstats", "pg_wait_sampling"),
        *("pglogical", "wal2json", "pg_squeeze", "pg_partman_bgw", "pg_hint_plan", "repmgr"),
        *("set_user", "sepgsql", "basic_archive", "citus", "pg_failover_slots", "powa", "age"),
        *("pg_track_settings", "bg_mon", "credcheck", "supautils", "pg_stat_monitor", "plpgsql"),
    }
)
# The journal, which goes to central; files in /var/log/postgresql stay on the host.
JOURNAL = "syslog"
SHOWN = 5


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
        and any(name in ("all", "postgres") or name[:1] in "+/" for name in r["users"])
    ]
    joined = [f"{a} in {b}" for a, b in server.get("members", []) if _is_powerful(a, b, server)]
    mapped = [row for row in _maps(server.get("maps") or "") if _lets_become(row)]
    kept = [f for f in server.get("functions", []) if not HARMLESS_FUNCTIONS.fullmatch(f)]
    started = [
        f"{name} = {value}"
        for name, value in server["settings"].items()
        if (name.endswith("_command") and not _is_known_command(value))
        or (name.endswith(("_libraries", "_library")) and not _are_known_libraries(value))
        or (name == "dynamic_library_path" and value != "$libdir")
    ]
    settable = re.findall(r"<parname>(.*?)</parname>", server.get("parameters") or "")
    assert not started, f"the server starts or loads what is not known: {'; '.join(started)}"
    assert not kept, f"superusers' functions are given: {', '.join(kept[:SHOWN])}"
    assert not settable, f"superusers' settings are given: {', '.join(settable[:SHOWN])}"
    assert not more, f"superusers beside postgres: {', '.join(more)}"
    assert not server["powerful"], f"more than it needs: {', '.join(server['powerful'])}"
    assert not joined, f"as good as a superuser: {', '.join(sorted(joined))}"
    assert not mapped, f"pg_ident.conf makes {mapped[0][1]} of the host {mapped[0][2]}"
    assert not remote, f"superusers may log in from {', '.join(remote)}"


def _is_powerful(member: str, role: str, server: dict[str, Any]) -> bool:
    """Whether a membership gives more than reading statistics; roles among themselves do not."""
    if member.startswith("pg_") or member in server["superusers"] or role in READING_ROLES:
        return False
    above, waiting = set[str](), [role]
    while waiting:
        current = waiting.pop()
        above.add(current)
        waiting += [b for a, b in server["members"] if a == current and b not in above]
    powerful = {*server["superusers"], *(name for name in above if name.startswith("pg_"))}
    return bool(above & powerful - set(READING_ROLES))


def _is_known_command(value: str) -> bool:
    """Whether a setting starts nothing but programs that archive; `%p`, `%f` are the server's."""
    if re.search(r"[|`<>\n]|\$\(|/(var/)?tmp/|\.\.", value) or value == "(disabled)":
        return value == "(disabled)"
    parts = (part.split() for part in re.split(r"&&|;", value))
    first = (words[0] if words[:1] != ["!"] else words[1] for words in parts if words)
    return all(ARCHIVING.fullmatch(program) for program in first)


def _are_known_libraries(value: str) -> bool:
    names = (name.strip(" \"'").removeprefix("$libdir/") for name in value.split(","))
    return {name for name in names if name} <= LIBRARIES


def _lets_become(row: list[str]) -> bool:
    """Whether a row lets an account of the host be a superuser, or any role at all."""
    _, account, role = (*row, "", "")[:3]
    return (
        account != role
        and account not in ("root", "postgres")
        and (role == "postgres" or role[:1] in ("", "\\", "/", "+") or role == "all")
    )


def _maps(text: str) -> list[list[str]]:
    """Return the rows of pg_ident.conf: map, account of the host, role."""
    rows = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [row for row in rows if row]


def test_db_05_connections_logged(host: Host) -> None:
    """Connections and their ends are logged, to the journal."""
    settings = _server(host)["settings"]
    off = [name for name in ("log_connections", "log_disconnections") if settings[name] == "off"]
    where = settings["log_destination"]
    assert not off, f"off: {', '.join(off)}"
    assert JOURNAL in where, f"logs to {where}, expected {JOURNAL}: files do not reach central"


def test_db_06_no_borrowed_rights(host: Host) -> None:
    """No function acts as a superuser, or past all bounds, for whoever calls it."""
    answer = host.run(IN_EACH)
    *rows, end = answer.stdout.splitlines() or [""]
    if end != "asked":
        raise UndeterminedError(f"PostgreSQL does not answer: {answer.stderr.strip()[:200]}")
    functions = [json.loads(row) for row in rows]
    acting = [
        f"{name} in {base}, {language} of {owner}" for base, name, language, owner in functions
    ]
    assert not acting, (
        f"gives a superuser's rights to its caller: {'; '.join(sorted(acting)[:SHOWN])}"
    )


def _server(host: Host) -> dict[str, Any]:
    answer = host.run(COMMAND)
    if answer.rc != 0:
        raise UndeterminedError(f"PostgreSQL does not answer: {answer.stderr.strip()[:200]}")
    server: dict[str, Any] = json.loads(answer.stdout)
    return server
