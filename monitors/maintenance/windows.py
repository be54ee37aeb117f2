"""Maintenance windows of the inventory become silences, ahead of time, and stay so.

Silences and no inhibition or time interval of Alertmanager: they outlive its restart, need no rule
to be evaluated at the right moment, can be seen and ended by whoever is on duty, and leave alerts
as they are in Prometheus, so that what outlasts a window is notified when it ends.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from inventory.maintenance_windows import openings
from inventory.model.estate import Estate
from monitors.maintenance.scopes import matchers_of, scopes
from monitors.maintenance.silences import (
    WINDOW_COMMENT,
    Silence,
    SilenceKind,
    Silences,
    SilenceState,
)

# So that a window opens in time even when nothing of ours has run for a day.
AHEAD = timedelta(days=1)


def reconcile(silences: Silences, estate: Estate, now: datetime) -> tuple[Silence, ...]:
    """Make Alertmanager's silences those of the estate's windows; return all that it has then.

    Raises SilencesError. A window's silence that a person ended is not made again.
    """
    existing, wanted = silences.list(), tuple(announced(estate, now, now + AHEAD))
    missing = [w for w in wanted if not any(_is(silence, w, now) for silence in existing)]
    surplus = [
        silence
        for silence in existing
        if silence.kind is SilenceKind.WINDOW
        and silence.state is not SilenceState.EXPIRED
        and not any(_is(silence, w, now) for w in wanted)
    ]
    for silence in missing:
        silences.add(silence)
    for silence in surplus:
        silences.end(silence.id)
    return silences.list() if missing or surplus else existing


def announced(estate: Estate, since: datetime, until: datetime) -> Iterator[Silence]:
    """Yield the silences of all windows that share time with `since` to `until`."""
    labels = scopes(estate)
    for window in estate.windows:
        for opening in openings(window, since, until):
            for matchers in matchers_of(labels[window.scope], window.scope):
                comment = WINDOW_COMMENT + window.why
                yield Silence(matchers, opening.start, opening.end, window.who, comment)


def not_laid(
    estate: Estate, existing: Sequence[Silence], since: datetime, until: datetime
) -> tuple[Silence, ...]:
    """Return the windows' silences of a time that Alertmanager does not have."""
    wanted = announced(estate, since, until)
    return tuple(w for w in wanted if not any(_is(silence, w, since) for silence in existing))


def _is(silence: Silence, wanted: Silence, now: datetime) -> bool:
    """Whether Alertmanager's silence is the wanted one, in force or ended by a person.

    Of one that was begun late the start is later, of one that was ended early the end is earlier.
    """
    if (set(silence.matchers), silence.by, silence.comment) != (
        set(wanted.matchers),
        wanted.by,
        wanted.comment,
    ):
        return False
    if silence.state is SilenceState.EXPIRED:
        return silence.start < silence.end and wanted.start < silence.end <= now < wanted.end
    begun = wanted.start <= now if silence.state is SilenceState.ACTIVE else False
    return silence.end == wanted.end and (begun or silence.start == wanted.start)
