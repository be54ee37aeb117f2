"""An nftables rule set as libnftables-json(5) prints it, read into what checks ask of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Network,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
    summarize_address_range,
)
from typing import Any

from monitors.audit.collect.backends import UndeterminedError

Networks = tuple[IPv4Network | IPv6Network, ...]
Object = dict[str, Any]
Ports = frozenset[tuple[str, int]]

EVERYWHERE: Networks = (ip_network("0.0.0.0/0"), ip_network("::/0"))
FAMILIES = {"inet": {"ip", "ip6"}, "ip": {"ip"}, "ip6": {"ip6"}}
# `th` is the header of any transport.
TRANSPORTS = {"tcp": ("tcp",), "udp": ("udp",)}
# What counts and numbers on its own, with nothing changed.
VOLATILE = {"handle", "index", "packets", "bytes"}
# Transports without ports that a server answers.
PORTLESS = {"icmp", "icmpv6", "ipv6-icmp", "igmp"}


@dataclass(frozen=True, slots=True)
class Opening:
    """What one rule lets in: ports (None: all of them) from networks, and what it is called."""

    ports: Ports | None
    sources: Networks
    name: str


def dropping(rules: list[Object], hook: str) -> set[str]:
    """Return for which of IPv4 (`ip`) and IPv6 (`ip6`) a chain at the hook drops by default."""
    families = [chain["family"] for chain in _base_chains(rules, hook) if _drops(chain)]
    return {version for family in families for version in FAMILIES.get(family, ())}


def guards(rules: list[Object]) -> Iterator[list[Object]]:
    """Yield the objects of each table that drops by default for both versions of IP, by itself.

    A packet has to pass all tables: what one of them lets in is all that comes in.
    """
    for chain in _base_chains(rules, "input"):
        if chain["family"] == "inet" and _drops(chain):
            yield [o for o in rules if _table(o) == ("inet", chain["table"])]


def _table(of: Object) -> tuple[str, str]:
    content = next(iter(of.values()))
    return content.get("family", ""), content.get("table", "")


def inward_rules(rules: list[Object]) -> list[Object]:
    """Return the rules of the tables that have a chain for incoming packets."""
    tables = {(chain["family"], chain["table"]) for chain in _base_chains(rules, "input")}
    beside = {
        (c["family"], c["table"], c["name"])
        for c in _chains(rules)
        if c.get("hook") not in (None, "input")
    }
    return [
        rule
        for rule in (o["rule"] for o in rules if "rule" in o)
        if (rule["family"], rule["table"]) in tables
        and (rule["family"], rule["table"], rule["chain"]) not in beside
    ]


def openings(rules: list[Object]) -> Iterator[Opening]:
    """Yield what incoming packets of new connections are accepted for.

    Raises UndeterminedError for verdicts by ports or addresses that it cannot take apart.
    """
    sets = {o["set"]["name"]: o["set"].get("elem", []) for o in rules if "set" in o}
    for rule in inward_rules(rules):
        statements = rule.get("expr", [])
        matches = [s["match"] for s in statements if "match" in s]
        if any("vmap" in s and not _looks_at(s["vmap"]["key"], "state") for s in statements):
            raise UndeterminedError(f"{_name(rule)} decides by a verdict map: judge it by hand")
        if not has_statement(rule, "accept") or any(_harmless(match) for match in matches):
            continue
        yield Opening(_ports(matches), _sources(matches, sets), _name(rule))


def refused_sources(rules: list[Object]) -> Networks:
    """Return the networks that incoming packets from other machines are dropped of."""
    return tuple(
        network
        for rule in inward_rules(rules)
        if has_statement(rule, "drop")
        for match in _matches(rule)
        if subject(match) == "saddr" and match["op"] in ("==", "in")
        for network in networks(match["right"], {})
    )


def has_statement(rule: Object, word: str) -> bool:
    """Whether a rule has a statement of that kind: accept, drop, log, limit …"""
    return any(word in statement for statement in rule.get("expr", []))


def subject(match: Object) -> str | None:
    """Return the packet field, the meta key or the connection's word that a match looks at."""
    left = match["left"]
    if not isinstance(left, dict):
        return None
    for kind, part in (("payload", "field"), ("meta", "key"), ("ct", "key")):
        if kind in left:
            return str(left[kind].get(part))
    return None


def within(inner: Networks, outer: Networks) -> bool:
    """Whether every address of some networks is in the others."""
    four = [*collapse_addresses(n for n in outer if isinstance(n, IPv4Network))]
    six = [*collapse_addresses(n for n in outer if isinstance(n, IPv6Network))]
    return all(
        any(map(part.subnet_of, four))
        if isinstance(part, IPv4Network)
        else any(map(part.subnet_of, six))
        for part in inner
    )


def networks(right: Any, sets: dict[str, list[Any]]) -> Networks:
    """Return the addresses that the right side of a match names."""
    if isinstance(right, str):
        if right.startswith("@"):
            return networks({"set": sets.get(right[1:], [])}, sets)
        return (ip_network(right),)
    if "prefix" in right:
        return (ip_network(f"{right['prefix']['addr']}/{right['prefix']['len']}"),)
    if "range" in right:
        first, last = (ip_address(end) for end in right["range"])
        return tuple(summarize_address_range(first, last))
    if "elem" in right:
        return networks(right["elem"]["val"], sets)
    return tuple(n for element in right["set"] for n in networks(element, sets))


def normalised(rules: list[Object]) -> tuple[str, ...]:
    """Return a rule set's objects as text that only a change of their meaning changes.

    Without counters and handles, sets in one order, the rules of a chain in theirs.
    """
    objects = [_normalised(o) for o in rules if "metainfo" not in o]
    return tuple(json.dumps(o, sort_keys=True) for o in sorted(objects, key=_position))


def _position(of: Object) -> tuple[str, ...]:
    kind, content = next(iter(of.items()))
    return (kind, *(str(content.get(key, "")) for key in ("family", "table", "chain", "name")))


def _normalised(value: Any) -> Any:
    if isinstance(value, list):
        return [_normalised(part) for part in value]
    if not isinstance(value, dict):
        return value
    changing = {"elem"} if "dynamic" in value.get("flags", ()) else set()
    kept = {key: _normalised(part) for key, part in value.items() if key not in VOLATILE | changing}
    return {key: _sorted(part) if key in ("set", "elem") else part for key, part in kept.items()}


def _sorted(part: Any) -> Any:
    return (
        sorted(part, key=lambda p: json.dumps(p, sort_keys=True))
        if isinstance(part, list)
        else part
    )


def _chains(rules: list[Object]) -> list[Object]:
    return [o["chain"] for o in rules if "chain" in o]


def _base_chains(rules: list[Object], hook: str) -> list[Object]:
    return [chain for chain in _chains(rules) if chain.get("hook") == hook]


def _drops(chain: Object) -> bool:
    return bool(chain.get("policy") == "drop")


def _matches(rule: Object) -> list[Object]:
    return [s["match"] for s in rule.get("expr", []) if "match" in s]


def _name(rule: Object) -> str:
    where = f"{rule['family']} {rule['table']} {rule['chain']}"
    return f"`{rule['comment']}` in {where}" if "comment" in rule else f"a rule in {where}"


def _looks_at(left: Any, word: str) -> bool:
    return subject({"left": left}) == word


def _harmless(match: Object) -> bool:
    """Whether a match leaves new connections of other machines out, or all but ICMP."""
    what, right = subject(match), match["right"]
    if match["op"] == "!=":
        return False
    if what == "state":
        return "new" not in json.dumps(right) and "untracked" not in json.dumps(right)
    if what in ("iif", "iifname"):
        return bool(right == "lo")
    if what in ("l4proto", "nexthdr") or (what == "protocol" and "payload" in match["left"]):
        named = right.get("set", [right]) if isinstance(right, dict) else [right]
        return all(name in PORTLESS for name in named)
    payload = match["left"].get("payload", {}) if isinstance(match["left"], dict) else {}
    return payload.get("protocol") in PORTLESS


def _ports(matches: list[Object]) -> Ports | None:
    ports: Ports | None = None
    for match in matches:
        if subject(match) == "dport" and match["op"] != "!=":
            protocols = TRANSPORTS.get(match["left"]["payload"]["protocol"], ("tcp", "udp"))
            ports = frozenset((p, n) for p in protocols for n in _numbers(match["right"]))
    return ports


def _numbers(right: Any) -> Iterator[int]:
    if isinstance(right, int):
        yield right
    elif isinstance(right, dict) and "range" in right:
        first, last = right["range"]
        yield from range(first, last + 1)
    elif isinstance(right, dict) and "set" in right:
        for element in right["set"]:
            yield from _numbers(element)
    elif isinstance(right, dict) and "elem" in right:
        yield from _numbers(right["elem"]["val"])
    else:
        raise UndeterminedError(f"ports of another kind than expected: {json.dumps(right)[:80]}")


def _sources(matches: list[Object], sets: dict[str, list[Any]]) -> Networks:
    for match in matches:
        if subject(match) == "saddr" and match["op"] in ("==", "in"):
            return networks(match["right"], sets)
    return EVERYWHERE
