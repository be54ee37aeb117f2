"""Routers: what passes them, judged in the live rule set, and what they serve themselves."""
# ruff: noqa: S101

import re
from ipaddress import ip_network
from typing import Any

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.nftables import (
    EVERYWHERE,
    Networks,
    has_statement,
    networks,
    subject,
    within,
)
from monitors.audit.facts.system import firewall, listeners
from monitors.audit.model.declared import Declared

ACCESS = "unbound-checkconf -o access-control; unbound-checkconf -o access-control-view"
ANSWERING = ("allow", "allow_setrd", "allow_snoop", "allow_cookie")
LOOPBACK = networks({"set": ["127.0.0.0/8", "::1"]}, {})
# SSH is bound by its own role, and let in from administrators' networks alone.
EVERYWHERE_PORTS = {22}
FIRST_EPHEMERAL_PORT = 32768


def test_rtr_01_declared_forwards(host: Host, declared: Declared) -> None:
    """Every rule that lets a connection in to the site is one of the declared forwards."""
    rules = _passing(host)
    site = _site(declared)
    allowed = {
        (str(ip_network(f.to)), f.port.protocol.value, f.port.port): f for f in declared.forwards
    }
    wrong = []
    for rule in (r for r in rules if not _goes_out(r, site)):
        for key in _targets(rule):
            forward = allowed.get(key)
            sources = networks({"set": list(forward.port.sources)}, {}) if forward else ()
            if forward is None or not within(_sources(rule), sources or EVERYWHERE):
                wrong.append(_told(rule, key))
    assert not wrong, f"lets in undeclared: {', '.join(sorted(set(wrong)))}"


def test_rtr_02_own_network_only(host: Host, declared: Declared) -> None:
    """The resolver's effective access list names loopback and the declared networks."""
    answer = host.run(ACCESS)
    if answer.rc == 127 or "error" in answer.stderr:
        raise UndeterminedError(f"unbound-checkconf says: {answer.stderr.strip()[:200]}")
    served = [p.sources for p in declared.ports if p.name == "dns"]
    allowed = networks({"set": [str(s) for sources in served for s in sources]}, {})
    rows = [line.split() for line in answer.stdout.splitlines() if line.strip()]
    opened = [row[0] for row in rows if row[1] in ANSWERING]
    wide = [n for n in opened if not within((ip_network(n),), (*allowed, *LOOPBACK))]
    assert opened, "the resolver answers nobody"
    assert not wide, f"answers {', '.join(wide)}"


def test_rtr_03_own_sources_only(host: Host, declared: Declared) -> None:
    """A rule without a destination inside names a network of the site as the source."""
    site = _site(declared)
    outward = [rule for rule in _passing(host) if not _matches(rule, "daddr")]
    loose = [_name(rule) for rule in outward if not within(_sources(rule), site)]
    assert not loose, f"passes any source: {', '.join(loose)}"


def test_rtr_04_listens_inside(host: Host, declared: Declared) -> None:
    """No service of the router but SSH is bound to all addresses or to the outer one."""
    outside = sorted(
        {
            f"{listener.protocol} {listener.address}:{listener.port} ({listener.program})"
            for listener in listeners(host)
            if not listener.is_local
            and listener.address not in (declared.address, *declared.more_addresses)
            and listener.port not in EVERYWHERE_PORTS
            and not (listener.protocol == "udp" and listener.port >= FIRST_EPHEMERAL_PORT)
        }
    )
    assert not outside, f"listens on more than {declared.address}: {', '.join(outside)}"


def _site(declared: Declared) -> Networks:
    return tuple(map(ip_network, declared.site_networks))


def _passing(host: Host) -> list[dict[str, Any]]:
    """Return the rules that let new connections through, those of ICMP left out."""
    rules = firewall(host)
    chains = {
        (c["family"], c["table"], c["name"])
        for c in (o["chain"] for o in rules if "chain" in o)
        if c.get("hook") == "forward"
    }
    assert chains, "no chain looks at what passes the router"
    through = [o["rule"] for o in rules if "rule" in o]
    return [
        rule
        for rule in through
        if (rule["family"], rule["table"], rule["chain"]) in chains
        and has_statement(rule, "accept")
        and not any(_portless(m) for m in _all(rule))
    ]


def _all(rule: dict[str, Any]) -> list[dict[str, Any]]:
    return [s["match"] for s in rule.get("expr", []) if "match" in s]


def _matches(rule: dict[str, Any], what: str) -> list[dict[str, Any]]:
    return [m for m in _all(rule) if subject(m) == what and m["op"] in ("==", "in")]


def _portless(match: dict[str, Any]) -> bool:
    left = match["left"] if isinstance(match["left"], dict) else {}
    protocol = left.get("payload", {}).get("protocol", "")
    return bool(re.match(r"icmp", protocol)) or subject(match) == "state"


def _goes_out(rule: dict[str, Any], site: Networks) -> bool:
    return not _matches(rule, "daddr") and within(_sources(rule), site)


def _sources(rule: dict[str, Any]) -> Networks:
    named = _matches(rule, "saddr")
    return networks(named[0]["right"], {}) if named else EVERYWHERE


def _targets(rule: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Return where a rule leads: address, protocol and port, each of all combinations."""
    inside, ports = _matches(rule, "daddr"), _matches(rule, "dport")
    addresses = networks(inside[0]["right"], {}) if inside else EVERYWHERE
    if not ports:
        return [(str(address), "any", 0) for address in addresses]
    right = ports[0]["right"]
    numbers = right.get("set", [right]) if isinstance(right, dict) else [right]
    protocol = ports[0]["left"]["payload"]["protocol"]
    return [(str(a), protocol, n) for a in addresses for n in numbers if isinstance(n, int)] or [
        (str(address), protocol, 0) for address in addresses
    ]


def _name(rule: dict[str, Any]) -> str:
    return f"`{rule['comment']}`" if "comment" in rule else "a rule without a comment"


def _told(rule: dict[str, Any], key: tuple[str, str, int]) -> str:
    return f"{key[1]} port {key[2] or 'any'} of {key[0]} by {_name(rule)}"
