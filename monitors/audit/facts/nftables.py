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
# Protocols without ports: no server of TCP or UDP answers. nft names those that it knows.
PORTLESS = {
    *("icmp", "icmpv6", "ipv6-icmp", "igmp", "esp", "ah", "gre", "vrrp", "ospf", "ospfigp", "pim"),
    *("1", "2", "4", "41", "47", "50", "51", "58", "88", "89", "103", "112", "115"),
    *("ipip", "ipencap", "ipv6", "eigrp", "l2tp"),
}
# Of connections that were let in before, or that no rule of these opens.
KNOWN_CONNECTIONS = {"established", "related", "invalid"}
LETTING = {"accept", "jump", "goto"}
VERDICTS = LETTING | {"drop", "reject", "return", "continue"}
# Statements that decide nothing.
QUIET = {
    *("counter", "limit", "log", "quota", "mangle", "set", "meter", "map", "last", "secmark"),
    *("ct count", "ct helper", "ct timeout", "ct expectation", "notrack", "dup", "comment"),
}
# `xt`: an expression of iptables, which nft does not take apart.
KNOWN_STATEMENTS = QUIET | VERDICTS | {"vmap", "xt"}


# Of a table; any other word, or one that this nft garbles (1.0.6), means that it is not in force.
IN_FORCE = {"owner", "persist"}
EQUALS = ("==", "in")
# What tells from where a packet came.
FROM_WHERE = {"saddr", "iif", "iifname"}
LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Opening:
    """What one rule lets in: ports (None: all of them) from and to networks, and its name."""

    ports: Ports | None
    sources: Networks
    destinations: Networks
    name: str


def dropping(rules: list[Object], hook: str) -> set[str]:
    """Return for which of IPv4 (`ip`) and IPv6 (`ip6`) a chain at the hook drops by default."""
    families = [chain["family"] for chain in _base_chains(rules, hook) if _drops(chain)]
    return {version for family in families for version in FAMILIES.get(family, ())}


def has_chain(rules: list[Object], hook: str) -> bool:
    """Whether a chain that is in force looks at the packets of a hook."""
    return bool(_base_chains(rules, hook))


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


def openings(rules: list[Object], hook: str = "input") -> Iterator[Opening]:
    """Yield what packets of new connections are accepted for, whichever way they take.

    Those that come in, or those that pass (`forward`). Raises UndeterminedError for a statement, a
    map or a port that it does not understand.
    """
    ruleset = _Ruleset.of(rules)
    for chain in _base_chains(rules, hook):
        yield from _openings(ruleset, (chain["family"], chain["table"], chain["name"]), (), ())


@dataclass(frozen=True, slots=True)
class _Ruleset:
    """Rules by chain, and the elements of sets and maps; None: they change by themselves."""

    chains: dict[tuple[str, str, str], list[Object]]
    elements: dict[tuple[str, str, str], list[Any] | None]

    @classmethod
    def of(cls, rules: list[Object]) -> "_Ruleset":
        chains: dict[tuple[str, str, str], list[Object]] = {}
        for rule in (o["rule"] for o in rules if "rule" in o):
            key = (rule["family"], rule["table"], rule["chain"])
            chains.setdefault(key, []).append(rule)
        return cls(
            chains,
            {
                _key(o[kind]): _elements(kind, o[kind])
                for o in rules
                for kind in o
                if kind in ("set", "map")
            },
        )


def _key(named: Object) -> tuple[str, str, str]:
    return named.get("family", ""), named.get("table", ""), named["name"]


def _elements(kind: str, named: Object) -> list[Any] | None:
    """Return the elements; None for a set that rules fill, of which nft 1.0.6 shows the size only.

    So is one without any: whoever fills it opens what it bounds.
    """
    fills = "dynamic" in named.get("flags", ()) or "size" in named
    elements: list[Any] | None = named.get("elem", None if kind == "set" else [])
    return None if fills else elements


def _openings(
    ruleset: _Ruleset,
    chain: tuple[str, str, str],
    so_far: tuple[Object, ...],
    within: tuple[tuple[str, str, str], ...],
) -> Iterator[Opening]:
    """Yield what a chain accepts of the packets that the matches so far have left."""
    for rule in ruleset.chains.get(chain, []) if chain not in within else []:
        for matches, verdict, target in _accepted(ruleset, rule, so_far):
            if verdict == "accept":
                yield Opening(
                    _ports(matches, ruleset, chain),
                    _addresses(matches, "saddr", ruleset, chain),
                    _addresses(matches, "daddr", ruleset, chain),
                    _name(rule),
                )
            else:
                next_chain = (chain[0], chain[1], target)
                yield from _openings(ruleset, next_chain, matches, (*within, chain))


def _accepted(
    ruleset: _Ruleset, rule: Object, so_far: tuple[Object, ...]
) -> Iterator[tuple[tuple[Object, ...], str, str]]:
    """Yield what a rule lets new connections on to: matches, verdict, and the chain of a jump."""
    ways, foreign = [so_far], False
    for statement in rule.get("expr", []):
        (kind,) = statement
        foreign = foreign or kind == "xt"
        if kind == "match":
            parts = _parts(ruleset, rule, statement["match"])
            ways = [(*way, *part) for way in ways for part in parts]
        elif kind not in KNOWN_STATEMENTS:
            raise UndeterminedError(f"{_name(rule)} has `{kind}`, which is not understood")
        for more, verdict, target in _verdicts(ruleset, rule, statement):
            for narrowed in ((*way, *more) for way in ways):
                if any(map(_harmless, narrowed)):
                    continue
                if foreign:
                    raise UndeterminedError(f"{_name(rule)} has an expression of iptables")
                yield narrowed, verdict, target


def _parts(ruleset: _Ruleset, rule: Object, match: Object) -> list[tuple[Object, ...]]:
    """Return the ways in which a match holds: of several fields at once, one an element."""
    left, right = match["left"], match["right"]
    if not (isinstance(left, dict) and "concat" in left) or match["op"] not in EQUALS:
        return [(match,)]
    elements: Any = [right]
    if isinstance(right, str):
        elements = ruleset.elements.get((rule["family"], rule["table"], right.removeprefix("@")))
    elif "set" in right:
        elements = right["set"]
    # A set that changes by itself bounds nothing.
    return [()] if elements is None else [_as_matches(rule, left, e) for e in elements]


def _verdicts(
    ruleset: _Ruleset, rule: Object, statement: Object
) -> Iterator[tuple[tuple[Object, ...], str, str]]:
    """Yield what a statement accepts or hands on: more matches, accept or jump, the chain."""
    ((kind, content),) = statement.items()
    if kind in LETTING:
        yield (), kind, (content or {}).get("target", "")
    if kind != "vmap":
        return
    for element, verdict in _pairs(ruleset, rule, content["data"]):
        ((word, to),) = verdict.items()
        if word not in VERDICTS:
            raise UndeterminedError(f"{_name(rule)} decides by `{word}`, which is not understood")
        if word in LETTING:
            yield _as_matches(rule, content["key"], element), word, (to or {}).get("target", "")


def _pairs(ruleset: _Ruleset, rule: Object, data: Any) -> list[list[Any]]:
    pairs: Any = data
    if isinstance(data, str):
        pairs = ruleset.elements.get((rule["family"], rule["table"], data.removeprefix("@")))
    elif isinstance(data, dict):
        pairs = data.get("set")
    if not isinstance(pairs, list) or any(not isinstance(p, list) or len(p) != 2 for p in pairs):
        raise UndeterminedError(f"{_name(rule)} decides by a verdict map that is not understood")
    return pairs


def _as_matches(rule: Object, key: Any, element: Any) -> tuple[Object, ...]:
    """Return an element of a verdict map as the matches that it stands for."""
    if isinstance(element, dict) and "elem" in element:
        element = element["elem"]["val"]
    if isinstance(key, dict) and "concat" in key:
        values = element.get("concat") if isinstance(element, dict) else None
        if not isinstance(values, list) or len(values) != len(key["concat"]):
            raise UndeterminedError(f"{_name(rule)} decides by a map that is not understood")
        pairs = zip(key["concat"], values, strict=True)
        return tuple({"op": "==", "left": left, "right": right} for left, right in pairs)
    return ({"op": "==", "left": key, "right": element},)


def refused_sources(rules: list[Object]) -> Networks:
    """Return the networks that incoming packets from other machines are dropped of."""
    return tuple(
        network
        for rule in inward_rules(rules)
        if has_statement(rule, "drop") and all(subject(m) in FROM_WHERE for m in _matches(rule))
        for match in _matches(rule)
        if subject(match) == "saddr" and match["op"] in EQUALS and _is_of_ip(match)
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
    """Return the chains at a hook; those of a table that is switched off (dormant) are none."""
    dormant = {_own_table(o) for o in rules if "table" in o and _is_dormant(o["table"])}
    return [
        chain
        for chain in _chains(rules)
        if chain.get("hook") == hook and (chain["family"], chain["table"]) not in dormant
    ]


def _is_dormant(table: Object) -> bool:
    return bool({*_words(table.get("flags", []))} - IN_FORCE)


def _drops(chain: Object) -> bool:
    return bool(chain.get("policy") == "drop")


def _matches(rule: Object) -> list[Object]:
    return [s["match"] for s in rule.get("expr", []) if "match" in s]


def _name(rule: Object) -> str:
    where = f"{rule['family']} {rule['table']} {rule['chain']}"
    return f"`{rule['comment']}` in {where}" if "comment" in rule else f"a rule in {where}"


def _harmless(match: Object) -> bool:
    """Whether a match leaves new connections of other machines out, or all but ICMP."""
    what, right = subject(match), match["right"]
    if match["op"] not in EQUALS:
        return False
    if what == "state":
        return {*_words(right)} <= KNOWN_CONNECTIONS
    if what in ("iif", "iifname"):
        return {*_words(right)} == {"lo"}
    if what in ("l4proto", "nexthdr") or (what == "protocol" and "payload" in match["left"]):
        return {*_words(right)} <= PORTLESS
    payload = match["left"].get("payload", {}) if isinstance(match["left"], dict) else {}
    return payload.get("protocol") in PORTLESS


def _words(right: Any) -> Iterator[str]:
    """Yield the words of a match's right side; one that is no word as text that is none either."""
    if isinstance(right, dict) and "set" in right:
        right = right["set"]
    if isinstance(right, dict) and "elem" in right:
        right = right["elem"]["val"]
    if isinstance(right, list):
        for part in right:
            yield from _words(part)
    else:
        yield right if isinstance(right, str) else json.dumps(right)


def _ports(
    matches: tuple[Object, ...], ruleset: _Ruleset, chain: tuple[str, str, str]
) -> Ports | None:
    ports: Ports | None = None
    for match in matches:
        if subject(match) != "dport" or match["op"] == "!=":
            continue
        right = _of_set(match["right"], ruleset, chain)
        if right is not None:
            protocols = TRANSPORTS.get(match["left"]["payload"]["protocol"], ("tcp", "udp"))
            named = frozenset((p, n) for p in protocols for n in _compared(match["op"], right))
            ports = named if ports is None else ports & named
    return ports


def _of_set(right: Any, ruleset: _Ruleset, chain: tuple[str, str, str]) -> Any:
    """Return the right side of a match, a set by name as its elements; None: it takes in any."""
    if not (isinstance(right, str) and right.startswith("@")):
        return right
    key = (chain[0], chain[1], right[1:])
    if key not in ruleset.elements:
        raise UndeterminedError(f"the set {right} is not in the rules")
    elements = ruleset.elements[key]
    return None if elements is None else {"set": elements}


def _compared(operator: str, right: Any) -> Iterator[int]:
    """Yield the ports for which a comparison holds."""
    if operator in EQUALS:
        yield from _numbers(right)
    elif operator in ("<", "<=", ">", ">=") and isinstance(right, int):
        if operator[0] == "<":
            yield from range(right + (operator == "<="))
        else:
            yield from range(right + (operator == ">"), LAST_PORT + 1)
    else:
        raise UndeterminedError(f"ports compared otherwise than expected: {operator}")


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


def _addresses(
    matches: tuple[Object, ...], field: str, ruleset: _Ruleset, chain: tuple[str, str, str]
) -> Networks:
    """Return the source or destination networks (`saddr`, `daddr`) that matches leave."""
    for match in matches:
        if subject(match) == field and match["op"] in EQUALS and _is_of_ip(match):
            # Whoever a set takes in by itself may come from anywhere.
            right = _of_set(match["right"], ruleset, chain)
            return EVERYWHERE if right is None else networks(right, {})
    return EVERYWHERE


def _is_of_ip(match: Object) -> bool:
    return match["left"]["payload"]["protocol"] in ("ip", "ip6")


def without_refusing_tables(live: list[Object], saved: list[Object]) -> list[Object]:
    """Return the live rules without the tables that only refuse, and are not among the saved.

    Programs such as fail2ban make one at every start and fill it: it opens nothing.
    """
    kept = {_table(o) for o in saved}
    tables = {_table(o) for o in live if _table(o)[1]} - kept
    refusing = {table for table in tables if _only_refuses([o for o in live if _table(o) == table])}
    return [o for o in live if _own_table(o) not in refusing]


def _own_table(of: Object) -> tuple[str, str]:
    content = of.get("table")
    return (content.get("family", ""), content.get("name", "")) if content else _table(of)


def _only_refuses(objects: list[Object]) -> bool:
    allowed = QUIET | {"match", "drop", "reject", "return", "jump", "goto"}
    rules = [o["rule"] for o in objects if "rule" in o]
    hooks = {chain.get("type") for chain in _chains(objects) if "hook" in chain}
    said = {kind for rule in rules for statement in rule.get("expr", []) for kind in statement}
    return said <= allowed and hooks <= {"filter"} and not any("map" in o for o in objects)
