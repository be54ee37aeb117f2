"""The resources of the former state, in order, by number and by URN."""

from collections.abc import Iterable

from infra.engine.stack.resource_state import ResourceState


class FormerResources:
    """What a run has not settled yet; a number is a resource's place in the last checkpoint."""

    def __init__(self, states: Iterable[ResourceState]) -> None:
        self._states: dict[int, ResourceState] = {}
        self._numbers: dict[ResourceState, int] = {}
        self._live: dict[str, int] = {}
        self._next = 0
        for state in states:
            self.add(state)

    def states(self) -> list[ResourceState]:
        """Return them in order."""
        return list(self._states.values())

    def live(self, urn: str) -> ResourceState | None:
        """Return the copy of a URN that is not there only to be deleted."""
        number = self._live.get(urn)
        return None if number is None else self._states[number]

    def add(self, state: ResourceState) -> int:
        """Put one at the end; returns its number."""
        number, self._next = self._next, self._next + 1
        self._put(number, state)
        return number

    def swap(self, old: ResourceState, new: ResourceState) -> int | None:
        """Put one in the place of another; returns the number, None when that is not there."""
        number = self._numbers.pop(old, None)
        if number is not None:
            self._forget(old.urn, number)
            self._put(number, new)
        return number

    def drop(self, old: ResourceState) -> int | None:
        """Take one out; returns its number, None when it is not there."""
        number = self._numbers.pop(old, None)
        if number is not None:
            self._forget(old.urn, number)
            del self._states[number]
        return number

    def renumber(self, first: int) -> None:
        """Number them anew in their order, from `first` on."""
        states = self.states()
        self._states, self._numbers, self._live, self._next = {}, {}, {}, first
        for state in states:
            self.add(state)

    def _put(self, number: int, state: ResourceState) -> None:
        self._states[number] = state
        self._numbers[state] = number
        if not state.delete:
            self._live.setdefault(state.urn, number)

    def _forget(self, urn: str, number: int) -> None:
        if self._live.get(urn) == number:
            del self._live[urn]
