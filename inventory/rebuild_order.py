"""In which order an estate is built anew: what others need first, then what its loss costs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby

from inventory.continuity import Promise, strictest
from inventory.entries import InventoryHost, hosts, services
from inventory.enums import Role
from inventory.model.estate import Estate
from inventory.model.tenants import Service
from inventory.reached_through import above, ways_in


class Stage(IntEnum):
    """What a host gives to the others, in the order in which they need it."""

    NETWORK = 1
    KEYS = 2
    NAMES = 3
    DATABASES = 4
    APPLICATIONS = 5


STAGES: dict[Role, Stage] = {
    Role.EDGE: Stage.NETWORK,
    Role.VAULT: Stage.KEYS,
    Role.OPERATIONS: Stage.KEYS,
    Role.RESOLVER: Stage.NAMES,
    Role.DATABASE: Stage.DATABASES,
}
"""The stage of a host is the first of its roles'; all others are applications."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Hosts that may be rebuilt together, once all waves before it stand."""

    number: int
    stage: Stage
    hosts: tuple[tuple[InventoryHost, Promise], ...]


def waves(estate: Estate, only: frozenset[str] = frozenset()) -> tuple[Wave, ...]:
    """Return the waves of an estate, or of some tenants; in each the dearest loss comes first.

    A host comes after one of those that it is reached through, and after all hosts of earlier
    stages.
    """
    by_name = {entry.name: entry for entry in hosts(estate)}
    places, promises = _places(by_name), _promises(estate, by_name)
    chosen = [entry for name, entry in by_name.items() if not only or entry.tenant.id in only]
    ordered = sorted(chosen, key=lambda entry: places[entry.name])
    grouped = groupby(ordered, key=lambda entry: places[entry.name])
    return tuple(
        Wave(number, Stage(place[0]), tuple(_dearest_first(together, promises)))
        for number, (place, together) in enumerate(grouped, start=1)
    )


def _promises(estate: Estate, by_name: Mapping[str, InventoryHost]) -> dict[str, Promise]:
    """Return what is promised of each host: by the services on it, and by those that need it."""
    ways = ways_in(estate)
    keys = [name for name, entry in by_name.items() if _stage(entry) is Stage.KEYS]
    carried: dict[str, list[Service]] = {name: [] for name in by_name}
    for entry in services(estate):
        through = (way for host in entry.hosts for way in above(ways, host))
        for name in {*entry.hosts, *through, *keys}:
            if name in carried:
                carried[name].append(entry.service)
    return {name: strictest(standing) for name, standing in carried.items()}


def _dearest_first(
    together: Iterator[InventoryHost], promises: Mapping[str, Promise]
) -> list[tuple[InventoryHost, Promise]]:
    promised = [(entry, promises[entry.name]) for entry in together]
    return sorted(promised, key=lambda one: (one[1].continuity, one[1].rto_hours, one[0].name))


def _places(by_name: dict[str, InventoryHost]) -> dict[str, tuple[int, int]]:
    """Return each host's stage and its depth there, behind those that it is reached through."""
    places: dict[str, tuple[int, int]] = {}

    def place(name: str, under_way: frozenset[str]) -> tuple[int, int]:
        if name not in places:
            entry = by_name[name]
            ways = [
                place(parent, under_way | {name})
                for parent in entry.parents
                if parent in by_name and parent not in under_way | {name}
            ]
            nearest = min(ways, default=(0, 0))
            places[name] = max((_stage(entry).value, 0), (nearest[0], nearest[1] + 1))
        return places[name]

    for name in by_name:
        place(name, frozenset())
    return places


def _stage(entry: InventoryHost) -> Stage:
    return min((STAGES[role] for role in entry.host.roles if role in STAGES), default=Stage(5))
