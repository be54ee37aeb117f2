"""Which hosts are audited because something changed there, or a finding is new, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

# A change is seldom one file: a host is audited when nothing more has changed for so long …
SETTLED_SECONDS = 10.0
# … or when it keeps on changing; and not again before as much time has passed.
LONGEST_WAIT_SECONDS = 60.0
# A new finding is looked at again after so long, before a ticket of it is written: a host that was
# just starting, or whose service was just restarting, has none by then.
DOUBTFUL_SECONDS = 60.0
# One that could not be asked is asked again each minute; after so many times by the hour only.
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class ChangedHost:
    """What is known of a host's changes; times are seconds of this machine's own clock.

    `newest`: when the host says that it last changed, by its own clock. `audited`: what that was
    when the last audit began. `since`, `moved`: when changes that are not audited were first seen,
    and last. `asked`: when the last audit for a change began; `tries`: how many of them in a row
    could not ask the host. `is_doubtful`: it has findings that nobody is told of yet.
    """

    newest: float
    audited: float
    since: float = 0.0
    moved: float = 0.0
    asked: float = float("-inf")
    tries: int = 0
    is_doubtful: bool = False

    def seen(self, newest: float, now: float) -> "ChangedHost":
        """Return it after another look at what the host says."""
        if newest == self.newest:
            return self
        since = now if self.newest == self.audited else self.since
        return replace(self, newest=newest, since=since, moved=now)

    def is_due(self, now: float) -> bool:
        """Whether it is to be audited now."""
        if now - self.asked < LONGEST_WAIT_SECONDS:
            return False
        if self.is_doubtful:
            return True
        if self.newest == self.audited:
            return False
        return now - self.moved >= SETTLED_SECONDS or now - self.since >= LONGEST_WAIT_SECONDS

    def begun(self, now: float) -> "ChangedHost":
        """Return it with an audit begun."""
        return replace(self, audited=self.newest, asked=now)

    def failed(self, before: "ChangedHost") -> "ChangedHost":
        """Return it when that audit could not ask the host; `before` is how it was before."""
        if before.tries + 1 >= MOST_TRIES:
            return replace(self, tries=0)
        return replace(self, audited=before.audited, tries=before.tries + 1)


Changed = Mapping[str, ChangedHost]


def look(
    known: Changed,
    changes: Mapping[str, float],
    audited_at: Mapping[str, float],
    now: float,
    pending: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, ChangedHost]:
    """Return the hosts after another look.

    `changes`: when each host says that it changed; a host that says nothing keeps what is known.
    `audited_at`: when each was last audited, for whatever reason; of a host that is new here it
    decides whether an audit has seen the change. `pending`: for how many seconds hosts have had
    findings that no ticket tells yet.
    """
    fresh = {
        name: known[name].seen(newest, now)
        if name in known
        else _first(newest, audited_at.get(name, 0.0), now)
        for name, newest in changes.items()
    }
    return {
        name: replace(host, is_doubtful=pending.get(name, 0.0) >= DOUBTFUL_SECONDS)
        for name, host in {**known, **fresh}.items()
    }


def _first(newest: float, audited_at: float, now: float) -> ChangedHost:
    is_audited = newest <= audited_at
    return ChangedHost(newest, newest if is_audited else audited_at, since=now, moved=now)


def due(known: Changed, now: float) -> tuple[str, ...]:
    """Return the hosts to be audited now, by name."""
    return tuple(sorted(name for name, host in known.items() if host.is_due(now)))


def begin(known: Changed, names: tuple[str, ...], now: float) -> dict[str, ChangedHost]:
    """Return the hosts with the audits of some begun."""
    return {name: host.begun(now) if name in names else host for name, host in known.items()}


def end(
    before: Changed, known: Changed, names: tuple[str, ...], answered: frozenset[str]
) -> dict[str, ChangedHost]:
    """Return the hosts when those audits have ended; `answered` are those that could be asked."""
    return {
        name: replace(host, tries=0)
        if name in answered
        else (host.failed(before[name]) if name in names else host)
        for name, host in known.items()
    }
