"""nftables' own JSON, read into what checks ask: shapes that nft 1.0.6 really prints."""

from ipaddress import ip_network
from typing import Any

import pytest

from monitors.audit.collect.backends import UndeterminedError
from monitors.audit.facts.nftables import (
    EVERYWHERE,
    Networks,
    Opening,
    dropping,
    networks,
    normalised,
    openings,
    within,
)

DPORT = {"payload": {"protocol": "tcp", "field": "dport"}}
SADDR = {"payload": {"protocol": "ip", "field": "saddr"}}
ACCEPT = {"accept": None}


def match(left: dict[str, Any], right: Any, op: str = "==") -> dict[str, Any]:
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
    ],
)
def test_what_narrows_neither_ports_nor_sources_opens_all(statements: tuple[Any, ...]) -> None:
    (found,) = opened(*statements)
    assert found.ports is None
    assert found.sources == EVERYWHERE


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
    ],
)
def test_what_lets_no_new_connection_in_is_no_opening(statements: tuple[Any, ...]) -> None:
    assert opened(*statements) == []


def test_rules_for_packets_that_pass_through_open_nothing_of_the_host() -> None:
    assert opened(match(DPORT, 22), ACCEPT, of="forward") == []


@pytest.mark.parametrize(
    ("right", "ports"),
    [
        (22, {22}),
        ({"set": [22, 80]}, {22, 80}),
        ({"range": [20, 23]}, {20, 21, 22, 23}),
        ({"set": [{"range": [20, 21]}, 443]}, {20, 21, 443}),
    ],
)
def test_ports_are_told_one_by_one(right: Any, ports: set[int]) -> None:
    (found,) = opened(match(DPORT, right), ACCEPT)
    assert found.ports == frozenset(("tcp", port) for port in ports)


def test_a_port_of_both_transports_is_two() -> None:
    th = {"payload": {"protocol": "th", "field": "dport"}}
    (found,) = opened(match(th, 53), ACCEPT)
    assert found.ports == frozenset({("tcp", 53), ("udp", 53)})


@pytest.mark.parametrize(
    "statements",
    [
        (match(DPORT, "@web"), ACCEPT),
        ({"vmap": {"key": DPORT, "data": {"set": [[22, ACCEPT]]}}},),
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


def test_what_a_set_learned_by_itself_is_no_change_but_what_people_put_there_is() -> None:
    def one(flags: list[str], *elements: str) -> list[dict[str, Any]]:
        return [{"set": {"name": "s", "flags": flags, "elem": list(elements), "handle": 3}}]

    assert normalised(one(["dynamic"], "192.0.2.1")) == normalised(one(["dynamic"], "192.0.2.2"))
    assert normalised(one([], "192.0.2.1")) != normalised(one([], "192.0.2.2"))
    assert normalised(one([], "192.0.2.1", "192.0.2.2")) == normalised(
        one([], "192.0.2.2", "192.0.2.1")
    )
