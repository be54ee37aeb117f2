"""In which order hosts are updated: waves of municipalities, and the hosts that go together.

A wave is ended before the next one begins: the canary municipality, villages, towns, cities, the
central site. A batch is a few hosts that are updated at once, never two that stand in for each
other, and no host together with one that is reached through it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inventory.entries import InventoryHost, hosts
from inventory.enums import Role, Tier
from inventory.levels import is_managed
from inventory.model.estate import Estate
from inventory.reached_through import above, ways_in

CANARY = "canary"
NAMES = {Tier.VILLAGE: "villages", Tier.TOWN: "towns", Tier.CITY: "cities", None: "central"}
"""The waves after the canary's: who notices least first; those that watch over the others last."""

Batch = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wave:
    """Hosts by full name in the batches that they are updated in."""

    name: str
    batches: tuple[Batch, ...]


def waves(
    estate: Estate, names: Collection[str] | None = None, *, at_once: int = 1
) -> tuple[Wave, ...]:
    """Return the waves of an estate's managed hosts, or of those of them that are named.

    `at_once`: how many hosts of one tenant a batch may have.
    """
    chosen = [
        entry
        for entry in hosts(estate)
        if is_managed(entry) and (names is None or entry.name in names)
    ]
    by_wave: dict[str, list[InventoryHost]] = {}
    for entry in chosen:
        by_wave.setdefault(_wave_of(entry), []).append(entry)
    ways = ways_in(estate)
    through = {entry.name: above(ways, entry.name) for entry in chosen}
    return tuple(
        Wave(name, tuple(_batches(by_wave[name], through, at_once)))
        for name in (CANARY, *NAMES.values())
        if name in by_wave
    )


def _wave_of(entry: InventoryHost) -> str:
    is_canary = entry.tenant.id == entry.tenant.estate.canary
    return CANARY if is_canary else NAMES[entry.tenant.tier]


def _batches(
    entries: Sequence[InventoryHost], through: Mapping[str, frozenset[str]], at_once: int
) -> Iterator[Batch]:
    remaining = sorted(entries, key=lambda entry: (_watches(entry), -len(through[entry.name])))
    while remaining:
        batch: list[InventoryHost] = []
        leading = frozenset[str]().union(*(through[entry.name] for entry in remaining))
        for entry in remaining:
            waits = entry.name in leading or (_watches(entry) and len(remaining) > 1)
            if not waits and _fits(entry, batch, at_once):
                batch.append(entry)
        # In a ring each is reached through the others: then nobody may go first, and one has to.
        batch = batch or remaining[:1]
        done = {entry.name for entry in batch}
        remaining = [entry for entry in remaining if entry.name not in done]
        yield tuple(entry.name for entry in batch)


def _fits(entry: InventoryHost, batch: Sequence[InventoryHost], at_once: int) -> bool:
    """Whether a host may be updated with those of a batch: few of a tenant, none of its pair."""
    of_tenant = [other.host for other in batch if other.tenant.id == entry.tenant.id]
    pair = entry.host.redundancy
    stands_in = pair is not None and any(other.redundancy == pair for other in of_tenant)
    return len(of_tenant) < at_once and not stands_in


def _watches(entry: InventoryHost) -> bool:
    """Whether a host tells how all others are: it goes when they are done."""
    return Role.OPERATIONS in entry.host.roles
