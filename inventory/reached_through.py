"""What is reached through what, and what is cut off when some of it does not answer."""

from collections.abc import Iterable, Mapping

from inventory.entries import machines
from inventory.model.estate import Estate

Ways = Mapping[str, tuple[str, ...]]
"""The hosts and devices that each host and device is reached through, by full name."""


def ways_in(estate: Estate) -> Ways:
    """Return what each host and device is reached through; nothing: directly from central."""
    return {entry.name: entry.parents for entry in machines(estate)}


def cut_off(ways: Ways, silent: Iterable[str]) -> frozenset[str]:
    """Return what no way leads to any more when these are silent; they are not part of it."""
    gone = frozenset(silent)
    return frozenset(ways) - _reached(ways, gone) - gone


def needed(ways: Ways, name: str) -> frozenset[str]:
    """Return what one host or device cannot be reached without, itself among it."""
    only = {own: ways[own] for own in {name, *above(ways, name)} if own in ways}
    return frozenset(own for own in only if own == name or name in cut_off(only, (own,)))


def nearest_needed(ways: Ways, name: str) -> str | None:
    """Return the nearest thing that every way to one host or device leads through, or None."""
    through = ways.get(name, ())
    if len(through) < 2:
        return next(iter(through), None)
    # Those that all ways lead through stand one after the other: the last needs all the others.
    others = sorted(needed(ways, name) - {name})
    return max(others, key=lambda own: len(needed(ways, own)), default=None)


def above(ways: Ways, name: str) -> frozenset[str]:
    """Return all that a way to one host or device leads through, whether or not others do not."""
    found = {name}
    while more := {through for own in found for through in ways.get(own, ())} - found:
        found |= more
    return frozenset(found - {name})


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
