"""The live rule set, as nftables itself reports it."""
# ruff: noqa: S101

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.nftables import (
    EVERYWHERE,
    Networks,
    Opening,
    dropping,
    guards,
    has_statement,
    inward_rules,
    networks,
    normalised,
    openings,
    refused_sources,
    within,
    without_refusing_tables,
)
from monitors.audit.facts.system import OTHER_FIREWALLS, active_units, firewall, unit_state
from monitors.audit.model.declared import Declared

# SSH, SNMP, Prometheus and what it asks.
ADMINISTRATION_PORTS = {22, 161, 9090, 9093, 9100, 9872}
SHOWN = 10
LOOPBACK = networks({"set": ["127.0.0.0/8", "::1"]}, {})
# The unit that loads the inventory's rules, or the distribution's own.
NFTABLES, OURS = "nftables.service", "bastide-firewall.service"
# Rules of the older iptables, which nft does not show: the kernel lists their tables.
OLD_TABLES = "cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null; true"
# What the next start will load, loaded where it filters nothing: an empty network namespace.
SAVED = (
    "unshare --net sh -c 'load() { if systemctl --quiet is-enabled $1 2>/dev/null; "
    "then nft -f $2; fi; }; load nftables /etc/nftables.conf && "
    "load bastide-firewall /etc/bastide/firewall.nft && nft --json list ruleset'"
)


def test_fw_01_default_in(host: Host) -> None:
    """What no rule lets in is dropped."""
    covered = dropping(firewall(host), "input")
    assert "ip" in covered, "no input chain drops by default for IPv4"


def test_fw_02_default_through(host: Host) -> None:
    """What no rule lets through is dropped, in both versions of IP."""
    covered = dropping(firewall(host), "forward")
    assert covered >= {"ip", "ip6"}, "no forward chain drops by default for both IPv4 and IPv6"


def test_fw_03_ipv6(host: Host) -> None:
    """IPv6 is let in no more easily than IPv4."""
    covered = dropping(firewall(host), "input")
    assert "ip6" in covered, "no input chain drops by default for IPv6"


def test_fw_04_every_start(host: Host) -> None:
    """The rules are loaded at every start."""
    unit = OURS if unit_state(host, OURS).get("UnitFileState") else NFTABLES
    state = unit_state(host, unit)
    enabled, active = state.get("UnitFileState") or "absent", state.get("ActiveState")
    assert enabled == "enabled", f"{unit} is {enabled}, expected enabled"
    assert active == "active", f"{unit} is {active}, expected active"


def test_fw_05_saved_is_live(host: Host) -> None:
    """The rules that the next start would load are those in force."""
    live, saved = firewall(host), host.run(SAVED)
    if "unshare" in saved.stderr:
        raise UndeterminedError(f"no network namespace to load rules in: {saved.stderr.strip()}")
    assert saved.rc == 0, f"the saved rules cannot be loaded: {saved.stderr.strip()[:200]}"
    kept = json.loads(saved.stdout)["nftables"]
    now, then = normalised(without_refusing_tables(live, kept)), normalised(kept)
    gone, come = [o for o in now if o not in then], [o for o in then if o not in now]
    said = [f"in force, not saved: {o[:120]}" for o in gone[:2]]
    said += [f"saved, not in force: {o[:120]}" for o in come[:2]]
    assert now == then, "; ".join(said) or "the rules in force have another order than the saved"


def test_fw_06_administration_ports(host: Host, declared: Declared) -> None:
    """Administrators' ports answer the networks that the inventory names."""
    wrong = _judged(host, lambda opening: _too_wide_ports(declared, opening, administration=True))
    assert not wrong, _said(wrong)


def test_fw_07_declared_openings(host: Host, declared: Declared) -> None:
    """Every port that the firewall opens is declared, and opened to no more than declared."""

    def judge(opening: Opening) -> list[str]:
        if opening.ports is None:
            return [f"{opening.name} opens every port"]
        return _too_wide_ports(declared, opening, administration=False)

    wrong = _judged(host, judge)
    assert not wrong, _said(wrong)


def test_fw_08_one_firewall(host: Host) -> None:
    """Nothing else writes firewall rules beside nftables."""
    old, beside = host.run(OLD_TABLES).stdout.split(), active_units(host, *OTHER_FIREWALLS)
    assert not beside, f"active beside nftables: {', '.join(beside)}"
    assert not old, f"iptables has tables of its own: {', '.join(sorted(set(old)))}"


def test_fw_09_forged_loopback(host: Host) -> None:
    """Only the host itself may speak from its own loopback addresses."""
    refused = refused_sources(firewall(host))
    open_to = [str(network) for network in LOOPBACK if not within((network,), refused)]
    assert not open_to, f"no rule drops packets of others from {', '.join(open_to)}"


def test_fw_10_drops_are_logged(host: Host) -> None:
    """What is dropped is logged, with a limit that no flood fills the disk through."""
    logging = [rule for rule in inward_rules(firewall(host)) if has_statement(rule, "log")]
    assert logging, "no rule logs what comes in and is dropped"
    assert all(has_statement(rule, "limit") for rule in logging), "a rule logs without a limit"


def _said(wrong: list[str]) -> str:
    texts = sorted(set(wrong))
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return "; ".join(texts[:SHOWN]) + more


def _judged(host: Host, judge: Callable[[Opening], list[str]]) -> list[str]:
    """Return what is wrong with what comes in; nothing where one table lets in what it may."""
    rules = firewall(host)
    assert dropping(rules, "input"), "no input chain drops by default: every port answers everyone"
    for alone in guards(rules):
        with suppress(UndeterminedError):
            if not any(map(judge, openings(alone))):
                return []
    return [text for opening in openings(rules) for text in judge(opening)]


def _too_wide_ports(declared: Declared, opening: Opening, *, administration: bool) -> list[str]:
    """Return what is wrong with each port's opening, nothing when the inventory wants it so."""
    known = _known(declared, opening, administration=administration)
    named = {(p.protocol.value, p.port) for p in declared.ports}
    # A rule may open every port there is: those that nobody declares are of one kind.
    nobodys = _beyond(opening, ())
    return [
        f"{opening.name} opens {port[0]} port {port[1]} to {sources}"
        for port in known
        if (sources := _beyond(opening, _allowed(declared, port)) if port in named else nobodys)
    ]


def _known(declared: Declared, opening: Opening, *, administration: bool) -> list[tuple[str, int]]:
    """Return which ports of an opening are administration's, or which are not."""
    if opening.ports is None:
        ports: Any = {(p.protocol.value, p.port) for p in declared.ports} | {("tcp", 22)}
        return sorted(p for p in ports if administration and p[1] in ADMINISTRATION_PORTS)
    return sorted(p for p in opening.ports if (p[1] in ADMINISTRATION_PORTS) == administration)


def _beyond(opening: Opening, allowed: Networks) -> str:
    """Return who is let in beside the networks, nothing when nobody is."""
    if within(opening.sources, allowed):
        return ""
    if opening.sources == EVERYWHERE:
        return "any network"
    return ", ".join(str(n) for n in opening.sources if not within((n,), allowed))


def _allowed(declared: Declared, port: tuple[str, int]) -> Networks:
    """Return the networks that the inventory opens a port to; none when it is not declared."""
    sources: Networks = ()
    for p in declared.ports:
        if (p.protocol.value, p.port) == port:
            if not p.sources:
                return EVERYWHERE
            sources = (*sources, *networks({"set": list(p.sources)}, {}))
    return sources
