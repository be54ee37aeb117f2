"""What the intent of a device's ports cannot know alone: other ports, other ends, other names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.consistency.references import no_such_name
from inventory.model.devices import Device, PortIntent
from inventory.parsed import ParsedTenant, machine_names, tenant_id
from inventory.problems import Problem
from inventory.source import PathKey

# What both ends of one cable share.
SHARED = ("up", "speed_mbps", "vlan")


@dataclass(frozen=True, slots=True)
class End:
    """A port whose neighbour is declared, and where that stands."""

    tenant: ParsedTenant
    path: PathKey
    owner: str
    intent: PortIntent


def find_intent_problems(tenants: Sequence[ParsedTenant], *, complete: bool) -> Iterator[Problem]:
    """Yield what is wrong with the intent of ports; `complete`: every file could be read."""
    names = frozenset(machine_names(tenants)) if complete else None
    for tenant in tenants:
        for number, device in enumerate(tenant.value.devices):
            path: PathKey = ("devices", number, "intent")
            yield from _ports(tenant, path, device)
            for end in _ends(tenant, path, device):
                yield from _neighbour(end, names)
    yield from _links([end for tenant in tenants for end in _all_ends(tenant)])


def _ports(tenant: ParsedTenant, path: PathKey, device: Device) -> Iterator[Problem]:
    paths: dict[str, PathKey] = {}
    for number, intent in enumerate(device.intent):
        here = (*path, number, "port")
        # Devices name ports in one spelling; people in several.
        key = intent.port.strip().casefold()
        if key in paths:
            yield tenant.problem(
                here,
                f"{intent.port!r} is also the port at {tenant.where(paths[key])}",
                "each port once within a device",
                "put both into one, or correct the port",
            )
        paths.setdefault(key, here)
        if key.isdecimal() and device.ports and not 1 <= int(key) <= device.ports:
            yield tenant.problem(
                here,
                f"port {key} of a device with {device.ports} ports",
                f"a number from 1 to {device.ports}, or the name that the device gives the port",
                "correct the port, or `ports:`",
            )


def _ends(tenant: ParsedTenant, path: PathKey, device: Device) -> Iterator[End]:
    owner = f"{tenant_id(tenant.value)}-{device.id}"
    for number, intent in enumerate(device.intent):
        if intent.neighbour is not None:
            yield End(tenant, (*path, number), owner, intent)


def _all_ends(tenant: ParsedTenant) -> Iterator[End]:
    for number, device in enumerate(tenant.value.devices):
        yield from _ends(tenant, ("devices", number, "intent"), device)


def _neighbour(end: End, names: frozenset[str] | None) -> Iterator[Problem]:
    path, neighbour = (*end.path, "neighbour"), end.intent.neighbour or ""
    if neighbour == end.owner:
        yield end.tenant.problem(
            path,
            f"{end.owner} is its own neighbour",
            "the host or device at the other end of the cable",
            "correct the name",
        )
    elif names is not None and neighbour not in names:
        yield no_such_name(end.tenant, path, neighbour, names)


def _links(ends: Sequence[End]) -> Iterator[Problem]:
    """Compare the two ends of each link that both sides declare; reports stand at the later one."""
    by_link: dict[tuple[str, str], list[End]] = {}
    for end in ends:
        by_link.setdefault((end.owner, end.intent.neighbour or ""), []).append(end)
    done: set[tuple[str, str]] = set()
    for (owner, neighbour), here in by_link.items():
        if (neighbour, owner) in done:
            yield from _disagreements(by_link[neighbour, owner], here)
        done.add((owner, neighbour))


def _disagreements(first: Sequence[End], second: Sequence[End]) -> Iterator[Problem]:
    end, other = second[0], first[0]
    if len(first) != len(second):
        yield end.tenant.problem(
            (*end.path, "neighbour"),
            f"{end.owner} has {len(second)} links to {other.owner}, which has {len(first)} to it"
            f" ({other.tenant.where(other.path)})",
            "as many at both ends",
            "add or remove links at one end",
        )
        return
    for key in SHARED:
        mine, theirs = _declared(second, key), _declared(first, key)
        # Of several cables between two devices nothing says which end belongs to which.
        if mine and theirs and mine != theirs:
            here, there = (", ".join(map(_plain, values)) for values in (mine, theirs))
            yield end.tenant.problem(
                (*end.path, key),
                f"{here} here, {there} at {other.owner} ({other.tenant.where(other.path)})",
                "the same at both ends of a link",
                "correct one of the two",
            )


def _declared(ends: Sequence[End], key: str) -> list[Any]:
    values: list[Any] = [getattr(end.intent, key) for end in ends]
    return [] if None in values else sorted(values)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
