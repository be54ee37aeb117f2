"""The live rule set, as nftables itself reports it."""
# ruff: noqa: S101

from collections.abc import Iterator
from typing import Any

from monitors.security.backends import Host
from monitors.security.facts import firewall

ADMINISTRATION_PORTS = {22, 9090, 9093}
BOTH_FAMILIES = ({"inet"}, {"ip", "ip6"})


def test_fw_01_default_drop(host: Host) -> None:
    """Packets in and through are dropped unless a rule says otherwise, at every start."""
    rules = firewall(host)
    enabled = host.run("systemctl is-enabled nftables").stdout.strip()
    chains = [o["chain"] for o in rules if "chain" in o]
    for hook in ("input", "forward"):
        families = {c["family"] for c in chains if c.get("hook") == hook and _drops(c)}
        covered = any(both <= families for both in BOTH_FAMILIES)
        assert covered, f"no {hook} chain drops by default for both IPv4 and IPv6"
    assert enabled == "enabled", f"nftables.service is {enabled or 'absent'}, expected enabled"


def test_fw_02_administration_ports(host: Host) -> None:
    """Rules that let administration in name the networks that it comes from."""
    rules = firewall(host)
    inward = {
        (c["family"], c["table"])
        for c in (o["chain"] for o in rules if "chain" in o)
        if c.get("hook") == "input" and _drops(c)
    }
    assert inward, "no input chain drops by default: every port answers everyone"
    open_to_all = sorted(
        port
        for rule in (o["rule"] for o in rules if "rule" in o)
        if (rule["family"], rule["table"]) in inward and _accepts(rule) and not _has_source(rule)
        for port in ADMINISTRATION_PORTS & set(_ports(rule))
    )
    assert not open_to_all, f"answers any network on port {', '.join(map(str, open_to_all))}"


def _drops(chain: dict[str, Any]) -> bool:
    return chain.get("policy") == "drop"


def _accepts(rule: dict[str, Any]) -> bool:
    return any("accept" in statement for statement in rule.get("expr", []))


def _has_source(rule: dict[str, Any]) -> bool:
    matches = [s["match"] for s in rule.get("expr", []) if "match" in s]
    return any(_subject(match) in ("saddr", "iif", "iifname") for match in matches)


def _ports(rule: dict[str, Any]) -> Iterator[int]:
    """Yield the destination ports of a rule; all administration ports when nothing narrows it."""
    matches = [s["match"] for s in rule.get("expr", []) if "match" in s]
    narrowing = [m for m in matches if _subject(m) not in ("l4proto", "protocol", "nfproto")]
    if not narrowing:
        yield from ADMINISTRATION_PORTS
    for match in narrowing:
        if _subject(match) == "dport":
            yield from _numbers(match["right"])


def _subject(match: dict[str, Any]) -> str | None:
    """Return the packet field or the meta key that a match looks at."""
    left = match["left"]
    if not isinstance(left, dict):
        return None
    found: str | None = left.get("payload", {}).get("field") or left.get("meta", {}).get("key")
    return found


def _numbers(right: Any) -> Iterator[int]:
    if isinstance(right, int):
        yield right
    elif isinstance(right, dict) and "range" in right:
        first, last = right["range"]
        yield from range(first, last + 1)
    elif isinstance(right, dict) and "set" in right:
        for element in right["set"]:
            yield from _numbers(element)
