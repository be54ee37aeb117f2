"""The host as others see it, held against what it says itself and what is declared."""
# ruff: noqa: S101

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import pytest

from inventory.enums import Level
from inventory.open_ports import SSH, OpenPort
from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.outside import (
    Certificate,
    Seen,
    certificate,
    covers,
    open_ports,
    seen_addresses,
    shown_inside,
    ssh_servers,
    tls_servers,
    unaccounted_ports,
)
from monitors.audit.facts.sshd import ROOT, SSHD_EFFECTIVE, ssh_server
from monitors.audit.facts.sshd_settings import ALGORITHMS
from monitors.audit.facts.system import listeners
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared
from monitors.outside.document import OutsideView, SshServer, TlsServer
from monitors.ssh.host_keys import fingerprint

HTTP, HTTPS = 80, 443
DAY_SECONDS = 86400
# What `sshd -T` says of each method that a server may offer beside keys.
SETTINGS = {
    "password": "passwordauthentication",
    "keyboard-interactive": "kbdinteractiveauthentication",
    "gssapi-with-mic": "gssapiauthentication",
    "hostbased": "hostbasedauthentication",
}
LEAST_BITS = {"RSA": 2048, "EC": 256, "Ed25519": 256, "Ed448": 256}
WEAK_HASHES = ("md5", "sha1")
# Encryption that nobody verifies (RFC 7435): of a self-signed certificate nothing is expected.
OPPORTUNISTIC = ("smtp", "postgresql")
SHOWN = 5


def test_out_01_processes_are_known(host: Host, outside: OutsideView) -> None:
    """Behind every port that answers a process listens that the host names."""
    hidden = [str(each) for each in unaccounted_ports(host, outside)]
    assert not hidden, (
        f"answers from outside, but the host names no process that listens: {_some(hidden)}"
    )


def test_out_02_declared_ports_only(outside: OutsideView, host: Host, declared: Declared) -> None:
    """Only declared ports answer, and only to whom the inventory lets in."""
    listeners(host)  # what is undeclared is looked at only where the host names it
    wrong = []
    for address in seen_addresses(outside):
        answering = [("tcp", port.port, port.speaks.value) for port in address.tcp]
        answering += [("udp", port.port, port.service) for port in address.udp]
        for protocol, port, speaks in answering:
            known = [p for p in declared.ports if (p.protocol.value, p.port) == (protocol, port)]
            if not known:
                wrong.append(f"{protocol} {address.address} port {port} ({speaks}): not declared")
            elif not any(_may_ask(address.source, each) for each in known):
                wrong.append(
                    f"{protocol} {address.address} port {port} ({known[0].name}) answers "
                    f"{address.source}, declared for {', '.join(known[0].sources)}"
                )
    assert not wrong, f"answers from outside: {_some(wrong)}"


def test_out_03_keys_only(host: Host, outside: OutsideView) -> None:
    """Every account is offered keys and nothing else, as the server's files say."""
    said, declared_ports = _sshd(host), ssh_servers(outside)
    wrong, unknown = [], []
    for where, server in declared_ports:
        unknown += [f"{where}: {a.account}: {a.problem}" for a in server.accounts if a.problem]
        for account in server.accounts:
            others = [method for method in account.methods if method != "publickey"]
            if others:
                wrong.append(f"{where} offers {account.account} {_methods(others, said)}")
    assert not wrong, f"from outside: {_some(wrong)}"
    if unknown:
        raise UndeterminedError(f"not every account could be asked for: {_some(unknown)}")


def test_out_04_strong_algorithms(host: Host, outside: OutsideView, declared: Declared) -> None:
    """Only algorithms of the allow-lists are offered, and none that `sshd -T` does not have."""
    said = _sshd(host)
    ways_in = {port.port for port in declared.ports if port.name == SSH.name}
    wrong = []
    for where, server in ssh_servers(outside):
        wrong += [f"{where} offers {names}" for names in _weak(server)]
        if where.port.port in ways_in:
            wrong += [f"{where} offers {names}" for names in _unsaid(server, said)]
    assert not wrong, f"from outside: {_some(wrong)}"
    if mute := [str(where) for where, server in ssh_servers(outside) if not server.ciphers]:
        raise UndeterminedError(f"offers nothing that can be read: {_some(mute)}")


def test_out_05_pinned_host_key(host: Host, outside: OutsideView, declared: Declared) -> None:
    """At every address the server that is logged in to proves to hold the pinned host key."""
    _sshd(host)
    servers = ssh_servers(outside)
    if not outside.host_key:
        pytest.skip("the inventory names no host key")
    pinned = fingerprint(outside.host_key)
    ways_in = {port.port for port in declared.ports if port.name == SSH.name}
    shown = [(where, server) for where, server in servers if where.port.port in ways_in]
    others = [
        f"{where} shows {server.host_key.split()[0]} {fingerprint(server.host_key)}"
        for where, server in shown
        if server.host_key and fingerprint(server.host_key) != pinned
    ]
    assert not others, f"another host key than the pinned {pinned}: {_some(others)}"
    if unproved := [f"{where}: {s.problem}" for where, s in shown if not s.host_key]:
        raise UndeterminedError(f"no host key was proved: {_some(unproved)}")


def test_out_06_current_tls_only(host: Host, outside: OutsideView) -> None:
    """No address takes TLS older than 1.2, or a cipher suite that is broken."""
    listeners(host)
    wrong, unknown = [], []
    for where, server in tls_servers(outside):
        if server.old_version:
            wrong.append(f"{where} takes {server.old_version}")
        if server.weak_ciphers:
            wrong.append(f"{where} takes {', '.join(server.weak_ciphers)}")
        if server.problem and not server.certificates:
            unknown.append(f"{where}: {server.problem}")
    assert not wrong, f"from outside: {_some(wrong)}"
    if unknown:
        raise UndeterminedError(f"no handshake: {_some(unknown)}")


def test_out_07_certificates(
    host: Host, outside: OutsideView, declared: Declared, limits: Limits
) -> None:
    """Every certificate is trusted, for a name of the host, strong and current."""
    listeners(host)
    servers = tls_servers(outside)
    wrong = [
        f"{where}: {problem}"
        for where, server in servers
        for problem in _certificate_problems(where, server, outside, declared, limits["days"])
    ]
    assert not wrong, f"from outside: {_some(wrong)}"
    if none := [f"{where}: {s.problem}" for where, s in servers if not s.certificates]:
        raise UndeterminedError(f"no certificate was shown: {_some(none)}")


def test_out_08_same_certificate(host: Host, outside: OutsideView, declared: Declared) -> None:
    """The certificates that others see are those that the host sees itself."""
    inside = shown_inside(host)
    wrong, compared = [], 0
    for where, server in tls_servers(outside):
        own = certificate(server)
        known = inside.get((where.port.port, where.address.address))
        # Another name may have another certificate on the same port.
        if own is None or known is None or server.name != declared.fqdn:
            continue
        compared += 1
        same = (own.begins, own.ends) == (known.begins, known.ends)
        if known.der:
            same = known.der == server.certificates[0]
        if not same:
            wrong.append(f"{where}: {own.term}, on the host itself {known.term}")
    assert not wrong, f"another certificate from outside than inside: {_some(wrong)}"
    if not compared:
        pytest.skip("no TLS service is seen from both sides under the host's own name")


def test_out_09_snmp_version_3_only(host: Host, outside: OutsideView) -> None:
    """No version of SNMP answers to the community `public`."""
    listeners(host)
    answering = [
        f"{address.address} port {port.port} answers {version}"
        for address in seen_addresses(outside)
        for port in address.udp
        for version in port.versions
        if version in ("v1", "v2c")
    ]
    assert not answering, f"SNMP with the community public: {_some(answering)}"


def test_out_10_web_pages(host: Host, outside: OutsideView, limits: Limits) -> None:
    """At every address pages come over TLS only, with headers that protect and no versions."""
    listeners(host)
    pages = [each for each in open_ports(outside) if each.port.port in (HTTP, HTTPS)]
    wrong = [
        f"{each}: {problem}"
        for each in pages
        for problem in _page_problems(each, limits["hsts_days"])
    ]
    assert not wrong, f"from outside: {_some(wrong)}"
    if not any(each.port.port == HTTPS and each.port.http for each in pages):
        pytest.skip(f"from outside no page answers on port {HTTPS}")


def _may_ask(source: str, port: OpenPort) -> bool:
    """Return whether a port is declared for an address; who audits a host may log in to it."""
    return port.name == SSH.name or port.is_for(source)


def _sshd(host: Host) -> dict[str, str]:
    """Return what the server's files come to for root; nothing where that is not known."""
    if host.run(SSHD_EFFECTIVE).rc != 0:
        return {}
    settings = ssh_server(host).accounts[ROOT]
    return {setting: ",".join(values).lower() for setting, values in settings.items()}


def _methods(methods: list[str], said: dict[str, str]) -> str:
    """Name methods, and where the server's files deny one, what they say."""
    denied = [
        f"{SETTINGS[name]} no"
        for name in methods
        if name in SETTINGS and said.get(SETTINGS[name]) == "no"
    ]
    offered = "a session without any proof" if methods == ["none"] else ", ".join(methods)
    return offered + (f", though `sshd -T` says {', '.join(denied)}" if denied else "")


def _offered(server: SshServer) -> dict[str, tuple[str, ...]]:
    """Return what a server offers, by the names that its settings have."""
    return {
        "ciphers": server.ciphers,
        "macs": server.macs,
        "kexalgorithms": server.key_exchanges,
        "hostkeyalgorithms": server.host_key_algorithms,
    }


def _weak(server: SshServer) -> Iterator[str]:
    for setting, names in _offered(server).items():
        if weak := sorted(set(names) - ALGORITHMS[setting]):
            yield ", ".join(weak)


def _unsaid(server: SshServer, said: dict[str, str]) -> Iterator[str]:
    for setting, names in _offered(server).items():
        if setting in said and (more := sorted(set(names) - set(said[setting].split(",")))):
            yield f"{', '.join(more)}, which {setting} of `sshd -T` does not have"


def _certificate_problems(
    where: Seen, server: TlsServer, outside: OutsideView, declared: Declared, days: int
) -> Iterator[str]:
    if own := certificate(server):
        yield from _weaknesses(own, outside.at, days)
        if server.starttls not in OPPORTUNISTIC:
            if server.trust_problem and not outside.any_certificate:
                yield server.trust_problem
            names = (*outside.names, where.address.address)
            # Below `full` the inventory's name of a host need not be one that anybody uses.
            if declared.level is Level.FULL and not any(covers(own, name) for name in names):
                yield f"for {', '.join(own.names) or 'no name'}, expected {outside.names[0]}"


def _weaknesses(own: Certificate, at: datetime, days: int) -> Iterator[str]:
    if own.bits < LEAST_BITS.get(own.kind, 1 << 20):
        yield f"a {own.kind} key of {own.bits} bits" if own.bits else f"a {own.kind} key"
    if own.signed_with in WEAK_HASHES:
        yield f"signed with {own.signed_with}"
    if own.begins > at:
        yield f"begins on {own.begins:%F}"
    if own.ends < at + timedelta(days=days):
        yield f"ends on {own.ends:%F}"


def _page_problems(page: Seen, hsts_days: int) -> Iterator[str]:
    if (http := page.port.http) is None:
        return
    if page.port.port == HTTP:
        moved = http.headers.get("location", "").startswith("https://")
        if http.status not in (301, 308) or not moved:
            yield f"answers {http.status}, expected 301 or 308 to https"
        return
    yield from _missing_headers(http.headers, hsts_days)
    server, powered = (http.headers.get(name, "") for name in ("server", "x-powered-by"))
    if re.search(r"\d", server) or powered:
        yield f"calls itself {server} {powered}".strip()


def _missing_headers(headers: Mapping[str, str], hsts_days: int) -> Iterator[str]:
    age = re.search(r"max-age=(\d+)", headers.get("strict-transport-security", ""))
    policy = headers.get("content-security-policy", "")
    if not age or int(age[1]) < hsts_days * DAY_SECONDS:
        yield "no Strict-Transport-Security for long"
    if "default-src" not in policy:
        yield "no Content-Security-Policy with default-src"
    if "frame-ancestors" not in policy and "x-frame-options" not in headers:
        yield "other sites may put pages into a frame"
    if headers.get("x-content-type-options") != "nosniff":
        yield "no X-Content-Type-Options: nosniff"
    if "referrer-policy" not in headers:
        yield "no Referrer-Policy"


def _some(problems: list[str]) -> str:
    more = f" and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return "; ".join(problems[:SHOWN]) + more
