"""nftables' own JSON, read into what checks ask: shapes that nft 1.0.6 really prints."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.collect.backends import UndeterminedError
from monitors.audit.facts.nftables import (
    EVERYWHERE,
    Networks,
    Opening,
    dropping,
    networks,
    normalised,
    openings,
    refused_sources,
    subject,
    within,
    without_refusing_tables,
)

DPORT = {"payload": {"protocol": "tcp", "field": "dport"}}
SADDR = {"payload": {"protocol": "ip", "field": "saddr"}}
ACCEPT = {"accept": None}


def match(left: Any, right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def chain(hook: str, family: str = "inet", policy: str = "drop", name: str = "") -> dict[str, Any]:
    where = {"family": family, "table": "t", "name": name or hook}
    return {"chain": {**where, "hook": hook, "policy": policy}}


def rule(*statements: dict[str, Any], of: str = "input") -> dict[str, Any]:
    return {"rule": {"family": "inet", "table": "t", "chain": of, "expr": list(statements)}}


def opened(*statements: dict[str, Any], of: str = "input") -> list[Opening]:
    return list(openings([chain("input"), chain("forward"), rule(*statements, of=of)]))


def nets(*texts: str) -> Networks:
    return tuple(ip_network(text) for text in texts)


@pytest.mark.parametrize(
    "statements",
    [
        (match({"payload": {"protocol": "ip", "field": "daddr"}}, "192.0.2.1"), ACCEPT),
        (match({"meta": {"key": "iifname"}}, "lan0"), ACCEPT),
        (match({"meta": {"key": "iifname"}}, "lo", "!="), ACCEPT),
        (match({"meta": {"key": "nfproto"}}, "ipv6"), ACCEPT),
        (match({"ct": {"key": "state"}}, ["established", "new"], "in"), ACCEPT),
        (match({"meta": {"key": "l4proto"}}, "tcp"), ACCEPT),
        (match(DPORT, 22, "!="), ACCEPT),
        (match({"ct": {"key": "state"}}, ["established", "untracked"], "in"), ACCEPT),
        (match({"meta": {"key": "l4proto"}}, {"set": ["icmp", "tcp"]}), ACCEPT),
        (match({"meta": {"key": "protocol"}}, "icmp"), ACCEPT),
        (match("fib", "local"), ACCEPT),
    ],
)
def test_what_narrows_neither_ports_nor_sources_opens_all(statements: tuple[Any, ...]) -> None:
    (opening,) = opened(*statements)
    assert opening.ports is None
    assert opening.sources == EVERYWHERE


@pytest.mark.parametrize(
    "statements",
    [
        (match(DPORT, 22), {"drop": None}),
        (match(DPORT, 22), {"log": {"prefix": "x"}}),
        (match({"meta": {"key": "iifname"}}, "lo"), ACCEPT),
        (match({"ct": {"key": "state"}}, ["established", "related"], "in"), ACCEPT),
        (match({"payload": {"protocol": "icmpv6", "field": "type"}}, "echo-request"), ACCEPT),
        (match({"payload": {"protocol": "ip", "field": "protocol"}}, "icmp"), ACCEPT),
        ({"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": []}}},),
        (match({"meta": {"key": "iif"}}, "lo"), ACCEPT),
        (match({"meta": {"key": "l4proto"}}, {"set": ["icmp", "ipv6-icmp", "igmp"]}), ACCEPT),
        (match({"meta": {"key": "l4proto"}}, {"set": ["esp", "vrrp", 89]}), ACCEPT),
        (match({"payload": {"protocol": "ip6", "field": "nexthdr"}}, "ipv6-icmp"), ACCEPT),
    ],
)
def test_what_lets_no_new_connection_in_is_no_opening(statements: tuple[Any, ...]) -> None:
    assert opened(*statements) == []


STATE = {"ct": {"key": "state"}}


def vmap(key: Any, *pairs: tuple[Any, dict[str, Any]]) -> dict[str, Any]:
    return {"vmap": {"key": key, "data": {"set": [list(pair) for pair in pairs]}}}


def test_a_map_of_states_that_accepts_new_connections_opens_all() -> None:
    known = (("established", ACCEPT), ("invalid", {"drop": None}))
    assert opened(vmap(STATE, *known)) == []
    (opening,) = opened(vmap(STATE, *known, ("new", ACCEPT)))
    assert (opening.ports, opening.sources) == (None, EVERYWHERE)


def test_a_map_of_ports_opens_those_that_it_accepts() -> None:
    openings_ = opened(vmap(DPORT, (80, ACCEPT), ({"range": [1, 2]}, ACCEPT), (22, {"drop": None})))
    assert [o.ports for o in openings_] == [
        frozenset({("tcp", 80)}),
        frozenset({("tcp", 1), ("tcp", 2)}),
    ]


def test_a_map_of_ports_and_sources_opens_each_to_its_own() -> None:
    key = {"concat": [DPORT, SADDR]}
    (opening,) = opened(vmap(key, ({"concat": [22, "192.0.2.1"]}, ACCEPT)))
    assert (opening.ports, opening.sources) == (frozenset({("tcp", 22)}), nets("192.0.2.1"))


@pytest.mark.parametrize("word", ["jump", "goto"])
def test_a_chain_opens_what_leads_to_it_and_nothing_more(word: str) -> None:
    inner = rule(ACCEPT, of="web")
    led = rule(match(DPORT, 80), {word: {"target": "web"}})
    (opening,) = openings([chain("input"), led, inner])
    assert opening.ports == frozenset({("tcp", 80)})
    assert list(openings([chain("input"), inner])) == []
    mapped = rule(vmap(DPORT, (443, {word: {"target": "web"}})))
    (opening,) = openings([chain("input"), mapped, inner])
    assert opening.ports == frozenset({("tcp", 443)})


def test_chains_that_lead_to_each_other_end() -> None:
    rules = [
        chain("input"),
        rule({"jump": {"target": "a"}}),
        rule({"jump": {"target": "a"}}, of="a"),
    ]
    assert list(openings(rules)) == []


def test_a_set_of_another_table_is_another_set_and_one_that_grows_is_everybody() -> None:
    def named(table: str, *elements: str, flags: tuple[str, ...] = ()) -> dict[str, Any]:
        where = {"family": "inet", "table": table, "name": "s"}
        return {"set": {**where, "elem": list(elements), "flags": list(flags)}}

    one = rule(match(SADDR, "@s"), ACCEPT)
    rules = [chain("input"), named("t", "0.0.0.0/0"), named("other", "192.0.2.1"), one]
    assert [o.sources for o in openings(rules)] == [nets("0.0.0.0/0")]
    rules = [chain("input"), named("t", "192.0.2.1", flags=("dynamic",)), one]
    assert [o.sources for o in openings(rules)] == [EVERYWHERE]


def fail2ban(verdict: dict[str, Any]) -> list[dict[str, Any]]:
    where = {"family": "inet", "table": "f2b-table"}
    hook = {"name": "f2b-chain", "type": "filter", "hook": "input", "policy": "accept"}
    expr = [match(DPORT, 22), match(SADDR, "@banned"), verdict]
    return [
        {"table": {"family": "inet", "name": "f2b-table"}},
        {"chain": {**where, **hook}},
        {"set": {**where, "name": "banned", "elem": ["192.0.2.66"]}},
        {"rule": {**where, "chain": "f2b-chain", "expr": expr}},
    ]


def test_a_table_that_only_refuses_may_come_and_go() -> None:
    ours = [chain("input"), rule(match(DPORT, 22), ACCEPT)]
    assert without_refusing_tables([*ours, *fail2ban({"reject": None})], ours) == ours
    with_it = [*ours, *fail2ban({"drop": None})]
    assert without_refusing_tables(with_it, with_it) == with_it


def test_a_table_that_lets_in_does_not_come_and_go() -> None:
    live = [chain("input"), *fail2ban(ACCEPT)]
    assert without_refusing_tables(live, [chain("input")]) == live


NUMBERS = st.lists(st.integers(1, 65535), min_size=1, max_size=4, unique=True)


def spelled(numbers: list[int], how: str) -> list[list[dict[str, Any]]]:
    """The same ports let in: by a rule each, a set, a map, or a chain that a map leads to."""
    if how == "rules":
        return [[match(DPORT, n), ACCEPT] for n in numbers]
    if how == "set":
        return [[match(DPORT, {"set": [{"elem": {"val": n}} for n in numbers]}), ACCEPT]]
    if how == "ranges":
        return [[match(DPORT, {"set": [{"range": [n, n]} for n in numbers]}), ACCEPT]]
    verdict = ACCEPT if how == "map" else {"jump": {"target": "more"}}
    return [[vmap(DPORT, *((n, verdict) for n in numbers))]]


@given(NUMBERS, st.sampled_from(["rules", "set", "ranges", "map", "chain"]), st.booleans())
def test_the_same_ports_in_every_spelling(numbers: list[int], how: str, counted: bool) -> None:
    noise = [{"counter": {"packets": 1, "bytes": 2}}] if counted else []
    rules = [rule(*noise, *statements) for statements in spelled(numbers, how)]
    more = rule(*noise, ACCEPT, of="more")
    ports = {port for o in openings([chain("input"), *rules, more]) for port in o.ports or ()}
    assert ports == {("tcp", n) for n in numbers}


@given(
    st.lists(
        st.sampled_from(["established", "related", "invalid", "new", "untracked"]), min_size=1
    ),
    st.sampled_from(["list", "set", "map"]),
)
def test_the_same_states_in_every_spelling(states: list[str], how: str) -> None:
    statements = {
        "list": [match(STATE, states, "in"), ACCEPT],
        "set": [match(STATE, {"set": states}), ACCEPT],
        "map": [vmap(STATE, *((state, ACCEPT) for state in states))],
    }[how]
    assert bool(opened(*statements)) == bool({"new", "untracked"} & set(states))


def test_rules_for_packets_that_pass_through_open_nothing_of_the_host() -> None:
    assert opened(match(DPORT, 22), ACCEPT, of="forward") == []


@pytest.mark.parametrize(
    ("right", "ports"),
    [
        (22, {22}),
        ({"set": [22, 80]}, {22, 80}),
        ({"range": [20, 23]}, {20, 21, 22, 23}),
        ({"set": [{"range": [20, 21]}, 443]}, {20, 21, 443}),
        ({"set": [{"elem": {"val": 22, "comment": "ssh"}}, 80]}, {22, 80}),
    ],
)
def test_ports_are_listed_one_by_one(right: Any, ports: set[int]) -> None:
    (opening,) = opened(match(DPORT, right), ACCEPT)
    assert opening.ports == frozenset(("tcp", port) for port in ports)


@pytest.mark.parametrize(
    ("protocol", "transports"),
    [("tcp", {"tcp"}), ("udp", {"udp"}), ("th", {"tcp", "udp"}), ("sctp", {"tcp", "udp"})],
)
def test_a_port_is_opened_on_the_transports_that_the_rule_names(
    protocol: str, transports: set[str]
) -> None:
    dport = {"payload": {"protocol": protocol, "field": "dport"}}
    (opening,) = opened(match(dport, 53), ACCEPT)
    assert opening.ports == frozenset((transport, 53) for transport in transports)


def test_a_source_may_be_a_named_set() -> None:
    admins = {
        "set": {
            "family": "inet",
            "table": "t",
            "name": "admins",
            "elem": ["192.0.2.7", "192.0.2.9"],
        }
    }
    rules = [chain("input"), admins, rule(match(SADDR, "@admins"), match(DPORT, 22), ACCEPT)]
    (opening,) = openings(rules)
    assert opening.sources == nets("192.0.2.7", "192.0.2.9")


def test_an_opening_is_named_by_the_rules_comment_and_place() -> None:
    plain = rule(match(DPORT, 22), ACCEPT)
    commented = {"rule": {**plain["rule"], "comment": "ssh"}}
    names = [opening.name for opening in openings([chain("input"), plain, commented])]
    assert names == ["a rule in inet t input", "`ssh` in inet t input"]


def test_a_table_without_incoming_packets_opens_nothing() -> None:
    other = {"family": "ip", "table": "other", "chain": "web", "expr": [ACCEPT]}
    assert list(openings([chain("input"), {"rule": other}])) == []


def test_refused_sources_are_those_of_rules_that_drop_incoming_packets() -> None:
    rules = [
        chain("input"),
        chain("forward"),
        rule(match(SADDR, {"set": ["127.0.0.0/8", "192.0.2.1"]}, "in"), {"drop": None}),
        rule(match(SADDR, "198.51.100.1"), {"drop": None}),
        rule(match(SADDR, "203.0.113.1", "!="), {"drop": None}),
        rule(match(SADDR, "203.0.113.2"), ACCEPT),
        rule(match(DPORT, 22), {"counter": {}}, {"drop": None}),
        rule(match(SADDR, "203.0.113.3"), {"drop": None}, of="forward"),
        {"rule": {"family": "inet", "table": "t", "chain": "input"}},
    ]
    assert refused_sources(rules) == nets("127.0.0.0/8", "192.0.2.1", "198.51.100.1")


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ({"payload": {"protocol": "tcp", "field": "dport"}}, "dport"),
        ({"meta": {"key": "iif"}}, "iif"),
        ({"ct": {"key": "state"}}, "state"),
        ({"fib": {"result": "type"}}, None),
        ("payload meta ct", None),
    ],
)
def test_the_subject_of_a_match(left: Any, expected: str | None) -> None:
    assert subject({"left": left}) == expected


@pytest.mark.parametrize(
    "statements",
    [
        (match(DPORT, "@web"), ACCEPT),
        (match(DPORT, {"prefix": {"addr": "192.0.2.0", "len": 24}}), ACCEPT),
        ({"vmap": {"key": DPORT, "data": "@unknown"}},),
        ({"vmap": {"key": DPORT, "data": {"set": [[22, {"queue": 1}]]}}},),
        ({"vmap": {"key": {"concat": [DPORT, SADDR]}, "data": {"set": [[22, ACCEPT]]}}},),
        ({"xt": {"type": "match", "name": "conntrack"}}, ACCEPT),
        ({"queue": {"num": 0}},),
        ({"never": "seen"}, match(DPORT, 22), ACCEPT),
    ],
)
def test_what_cannot_be_taken_apart_is_not_judged(statements: tuple[Any, ...]) -> None:
    with pytest.raises(UndeterminedError):
        opened(*statements)


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ("192.0.2.1", nets("192.0.2.1/32")),
        ({"prefix": {"addr": "2001:db8::", "len": 32}}, nets("2001:db8::/32")),
        ({"range": ["192.0.2.1", "192.0.2.3"]}, nets("192.0.2.1/32", "192.0.2.2/31")),
        ({"set": ["192.0.2.1", {"elem": {"val": "192.0.2.9"}}]}, nets("192.0.2.1", "192.0.2.9")),
        ("@admins", nets("198.51.100.0/24")),
        ("@unknown", ()),
    ],
)
def test_sources_in_all_the_ways_that_nft_writes_them(right: Any, expected: Networks) -> None:
    known = {"admins": [{"prefix": {"addr": "198.51.100.0", "len": 24}}]}
    assert networks(right, known) == expected


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        (("10.0.0.0/23",), ("10.0.0.0/24", "10.0.1.0/24"), True),
        (("10.0.0.0/22",), ("10.0.0.0/24", "10.0.1.0/24"), False),
        (("::/0",), ("0.0.0.0/0",), False),
        (("2001:db8::/63",), ("2001:db8::/64", "2001:db8:0:1::/64", "10.0.0.0/8"), True),
        (("10.0.0.1/32", "2001:db8::/64"), ("10.0.0.0/8",), False),
        (("10.0.0.1/32",), (), False),
        ((), (), True),
    ],
)
def test_neighbouring_networks_count_as_one(
    inner: tuple[str, ...], outer: tuple[str, ...], expected: bool
) -> None:
    assert within(nets(*inner), nets(*outer)) is expected


def test_a_chain_that_accepts_by_default_drops_for_nobody() -> None:
    rules = [chain("input", "ip"), chain("input", "ip6", policy="accept"), chain("forward")]
    assert dropping(rules, "input") == {"ip"}
    assert dropping(rules, "forward") == {"ip", "ip6"}
    assert dropping(rules, "output") == set()
    assert dropping([chain("input", "ip6"), chain("input", "arp")], "input") == {"ip6"}


def test_what_a_set_learned_by_itself_is_no_change_but_what_people_put_there_is() -> None:
    def one(flags: list[str], *elements: str) -> list[dict[str, Any]]:
        return [{"set": {"name": "s", "flags": flags, "elem": list(elements), "handle": 3}}]

    assert normalised(one(["dynamic"], "192.0.2.1")) == normalised(one(["dynamic"], "192.0.2.2"))
    assert normalised(one([], "192.0.2.1")) != normalised(one([], "192.0.2.2"))
    assert normalised(one([], "192.0.2.1", "192.0.2.2")) == normalised(
        one([], "192.0.2.2", "192.0.2.1")
    )


def test_counters_and_handles_are_no_change_of_a_rule_set() -> None:
    moved = {"handle": 9, "index": 4}
    counted = rule(match(DPORT, 22), {"counter": {"packets": 7, "bytes": 900}}, ACCEPT)
    fresh = rule(match(DPORT, 22), {"counter": {"packets": 0, "bytes": 0}}, ACCEPT)
    assert normalised([{"rule": {**counted["rule"], **moved}}]) == normalised([fresh])
    assert normalised([{"metainfo": {"version": "1.0.6"}}, fresh]) == normalised([fresh])


def test_objects_have_one_order_but_rules_of_a_chain_keep_theirs() -> None:
    objects = [
        chain("input"),
        chain("input", "ip"),
        chain("forward"),
        {"set": {"family": "inet", "table": "t", "name": "a"}},
        {"set": {"family": "inet", "table": "s", "name": "b"}},
        rule(ACCEPT, of="forward"),
        rule(match(DPORT, 22), ACCEPT),
    ]
    assert normalised(objects) == normalised(objects[::-1])

    first, second = rule(match(DPORT, 22), ACCEPT), rule({"drop": None})
    assert normalised([first, second]) != normalised([second, first])


def test_statements_keep_their_order_and_what_a_rule_matches_has_one() -> None:
    log = {"log": {"prefix": "x", "group": 1}}
    assert normalised([rule(log, ACCEPT)]) != normalised([rule(ACCEPT, log)])
    one = rule(match(DPORT, {"set": [22, {"range": [80, 81]}]}))
    other = rule(match(DPORT, {"set": [{"range": [80, 81]}, 22]}))
    assert normalised([one]) == normalised([other])
    assert normalised([{"rule": dict(reversed(one["rule"].items()))}]) == normalised([one])
    assert normalised([rule(match(DPORT, {"range": [80, 81]}))]) != normalised(
        [rule(match(DPORT, {"range": [81, 80]}))]
    )
