"""Checks before anything is made what this machine lacks for a lab: every problem at once."""

from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from infra.errors import InfraError, Problem
from infra.lab.layout import Lab, lab_of
from infra.lab.package_cache import DEFAULT_PORT
from infra.lab.probe import PROGRAMS, Facts, gather
from inventory.entries import hosts
from inventory.enums import ProviderName
from inventory.model.estate import Estate

MIB = 1024 * 1024
IMAGE_BYTES = 600 * MIB  # the tree and the packages that it is unpacked from
MACHINE_BYTES = 250 * MIB  # what a configured lab machine writes over the image
PACKAGES_BYTES = 400 * MIB  # the package cache of a whole estate


@dataclass(frozen=True, slots=True)
class Need:
    """What a lab needs of this machine."""

    range: IPv4Network
    machines: int
    state: Path
    cache: Path
    port: int = DEFAULT_PORT


def check(estate: Estate, state: Path) -> tuple[Problem, ...]:
    """Return what keeps this machine from running the estate's lab hosts; empty: nothing."""
    if estate.lab is None or not isinstance(estate.lab.range, IPv4Network):
        return (_no_ranges(estate),)
    lab = lab_of(estate.estate, state)
    count = sum(1 for entry in hosts(estate) if entry.provider is ProviderName.LAB)
    need = Need(estate.lab.range, count, lab.state, lab.cache)
    return judge(gather(lab, need.port), need)


def require(lab: Lab, wanted: IPv4Network) -> None:
    """Raise InfraError with every problem that keeps a lab of that range from being made here."""
    need = Need(wanted, machines=0, state=lab.state, cache=lab.cache)
    problems = judge(gather(lab, need.port), need)
    if problems:
        raise InfraError(problems)


def judge(facts: Facts, need: Need) -> tuple[Problem, ...]:
    """Return the problems in what the probe found."""
    return (
        *_rights(facts),
        *_programs(facts),
        *_kernel(facts),
        *(_disk(facts, need) if facts.root and not facts.missing_programs else ()),
        *_network(facts, need),
        *facts.problems,
    )


def _no_ranges(estate: Estate) -> Problem:
    return Problem(
        f"estate {estate.estate}",
        "IPv4 ranges for the lab in estate.yml",
        "none" if estate.lab is None else f"{estate.lab.range}",
        "add `lab:` with range, wan and uplink (the shipped estate `lab` shows how)",
    )


def _rights(facts: Facts) -> list[Problem]:
    if facts.root:
        return []
    advice = "run it as root: the lab makes namespaces, mounts and machines"
    return [Problem("this user", "root", "an ordinary user", advice)]


def _programs(facts: Facts) -> list[Problem]:
    return [
        Problem(f"program {name}", "on PATH", "nothing", f"apt-get install {PROGRAMS[name]}")
        for name in facts.missing_programs
    ]


def _kernel(facts: Facts) -> list[Problem]:
    advice = "use a kernel that has it (Debian's own does), and a container that allows it"
    problems = [Problem("kernel", feature, output, advice) for feature, output in facts.failures]
    if not facts.cgroups:
        problems.append(Problem("control groups", "cgroup or cgroup2 mounted", "none", advice))
    return problems


def _disk(facts: Facts, need: Need) -> list[Problem]:
    cache = PACKAGES_BYTES + (0 if facts.image_built else IMAGE_BYTES)
    state = max(0, need.machines - facts.machines_made) * MACHINE_BYTES
    if facts.machines_made >= need.machines:
        cache = 0 if facts.image_built else cache
    if facts.one_disk:
        return _space(need.state, state + cache, facts.state_free)
    return [
        *_space(need.state, state, facts.state_free),
        *_space(need.cache, cache, facts.cache_free),
    ]


def _space(folder: Path, needed: int, free: int) -> list[Problem]:
    if free >= needed:
        return []
    return [
        Problem(
            f"disk of {folder}",
            f"{needed // MIB} MiB free",
            f"{free // MIB} MiB",
            "free some, or choose another disk with BASTIDE_STATE_HOME and BASTIDE_CACHE_HOME",
        )
    ]


def _network(facts: Facts, need: Need) -> list[Problem]:
    problems = [
        Problem(
            f"address range {need.range}",
            "that this machine uses none of it",
            f"{route.range} through {route.device}",
            "remove that route (another lab?), or give this estate another range in estate.yml",
        )
        for route in facts.routes
        if route.range.overlaps(need.range)
    ]
    if facts.port_listener:
        advice = "end that process: the lab's package cache listens there"
        subject = f"port {need.port} in the backbone"
        problems.append(Problem(subject, "free", facts.port_listener, advice))
    problems += [
        Problem(
            f"nftables chain {chain}",
            "that it lets the lab's traffic through",
            "a forward chain that drops what it does not know",
            f"accept to and from {need.range} in it, or remove it",
        )
        for chain in facts.dropping_chains
    ]
    return problems
