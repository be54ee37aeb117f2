"""What is reached through what, and what is cut off when some of it does not answer."""

from collections.abc import Iterable, Iterator, Mapping

from inventory.entries import InventoryDevice, InventoryHost, devices, hosts
from inventory.model.estate import Estate

Ways = Mapping[str, tuple[str, ...]]
"""The hosts and devices that each host and device is reached through, by full name."""


def ways_in(estate: Estate) -> Ways:
    """Return what each host and device is reached through; nothing: directly from central."""
    return {entry.name: (entry.parent,) if entry.parent else () for entry in _machines(estate)}


def cut_off(ways: Ways, silent: Iterable[str]) -> frozenset[str]:
    """Return what no way leads to any more when these are silent; they are not part of it."""
    gone = frozenset(silent)
    return frozenset(ways) - _reached(ways, gone) - gone


def needed(ways: Ways, name: str) -> frozenset[str]:
    """Return what one host or device cannot be reached without, itself among it."""
    above = {name}
    while more := {through for own in above for through in ways.get(own, ())} - above:
        above |= more
    only = {own: ways[own] for own in above if own in ways}
    return frozenset(own for own in only if own == name or name in cut_off(only, (own,)))


def behind(ways: Ways, name: str) -> frozenset[str]:
    """Return all that has a way through one host or device, whether or not it has others."""
    found = {name}
    while more := {own for own, through in ways.items() if found & set(through)} - found:
        found |= more
    return frozenset(found - {name})


def _reached(ways: Ways, gone: frozenset[str]) -> set[str]:
    """Return what is reached from central; a way through what is unknown counts as none."""
    children: dict[str, list[str]] = {}
    for own, through in ways.items():
        for parent in through:
            children.setdefault(parent, []).append(own)
    reached = {own for own, through in ways.items() if not through} - gone
    edge = list(reached)
    while edge:
        for child in children.get(edge.pop(), ()):
            if child not in reached and child not in gone:
                reached.add(child)
                edge.append(child)
    return reached


def _machines(estate: Estate) -> Iterator[InventoryHost | InventoryDevice]:
    yield from hosts(estate)
    yield from devices(estate)
