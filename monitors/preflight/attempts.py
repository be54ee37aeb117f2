"""Logins to many hosts at once, none of which is tried again where it was refused."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TypeVar

from inventory.connections import Connection
from monitors.preflight import refusals
from monitors.preflight.refusals import Refusals
from monitors.ssh.failures import SshFailure

Result = TypeVar("Result")


class Attempts:
    """The logins of one round, from any number of threads.

    What is known to be refused is not tried. Of the hosts behind one jump host the first is tried
    alone: what fails at the jump host, fails for all of them. `made` is what was tried, for
    `Refusals.after`.
    """

    def __init__(self, known: Refusals) -> None:
        """Take the refusals that are known."""
        self.made: list[tuple[Connection, SshFailure | None]] = []
        self._known = known
        self._mutex = Lock()
        self._first: dict[str, Lock] = {}
        self._tried: set[str] = set()
        self._failed: dict[str, SshFailure] = {}

    def log_in(
        self,
        way: Connection,
        attempt: Callable[[], Result],
        failure_of: Callable[[Result], SshFailure | None],
    ) -> Result | SshFailure:
        """Make an attempt and return its result; the failure that is to be expected instead.

        `failure_of` says of a result what failed on the way in, if anything did.
        """
        if expected := self._known.of(way):
            return expected
        jump = way.jump.place if way.jump else ""
        with self._turn(jump):
            if jump in self._failed:
                return self._failed[jump]
            result = attempt()
            failure = failure_of(result)
            self.made.append((way, failure))
            if failure and failure.name != way.name:
                self._failed[jump] = failure
        return result

    @contextmanager
    def _turn(self, jump: str) -> Iterator[None]:
        """Wait for the first of those behind a jump host; after it all go at once."""
        if not jump:
            yield
            return
        with self._mutex:
            first = self._first.setdefault(jump, Lock())
        with first:
            if jump not in self._tried:
                self._tried.add(jump)
                yield
                return
        yield


@contextmanager
def remembered(state: Path, *, again: bool = False) -> Iterator[Attempts]:
    """Yield a round's logins, and keep what was refused; `again`: try what was refused before."""
    kept = refusals.load(state)
    attempts = Attempts(Refusals() if again else kept)
    try:
        yield attempts
    finally:
        refusals.keep(kept.after(attempts.made, refusals.now()), state)
