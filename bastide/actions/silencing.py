"""Silences by hand: laid with reason and end, listed with windows, ended; and who is on what."""

import difflib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bastide.actions.listed_silence import ListedSilence
from bastide.actions.status import apis
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.model.maintenance_windows import LONGEST_WINDOW
from monitors.maintenance.scopes import matchers_of, scopes
from monitors.maintenance.silences import (
    ACKNOWLEDGED_COMMENT,
    WINDOW_COMMENT,
    FiringAlert,
    Matcher,
    Silence,
    SilenceKind,
    Silences,
    SilencesError,
    SilenceState,
)
from monitors.maintenance.windows import not_laid
from monitors.web_api import ApiError

Result = TypeVar("Result")
DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?")
SHORTEST_REASON = 5
AHEAD = timedelta(days=7)
PLANNED = "planned"


def duration(text: str) -> timedelta:
    """Read `90m`, `2h`, `1d12h`; ValueError says what was expected."""
    match = DURATION.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    length = timedelta(days=days, hours=hours, minutes=minutes)
    if not timedelta(0) < length <= LONGEST_WINDOW:
        raise ValueError(f"{text!r}: expected 1m to {LONGEST_WINDOW.days}d, such as 90m, 2h, 1d12h")
    return length


def reason(text: str) -> str:
    """Return a reason that others understand; ValueError for none."""
    why = " ".join(text.split())
    if len(why) < SHORTEST_REASON or why.startswith((WINDOW_COMMENT, ACKNOWLEDGED_COMMENT)):
        raise ValueError(f"{text!r}: expected a reason that others understand")
    return why


def silence(
    context: EstateContext, scope: str, length: timedelta, why: str, by: str
) -> tuple[Silence, ...]:
    """Silence a scope from now on; CommandError for an unknown one."""
    known = scopes(context.estate)
    if scope not in known:
        near = difflib.get_close_matches(scope, sorted(known), n=3)
        raise CommandError(
            f"there is nothing called {scope!r} in the estate\n    expected: estate, central, a "
            "municipality's id, or the full name of a host, device or service\n    do: "
            + (f"did you mean {' or '.join(near)}?" if near else "`bastide inventory show`"),
            Exit.WRONG_USE,
        )
    now = datetime.now(UTC)
    return tuple(
        _lay(context, Silence(matchers, now, now + length, by, why))
        for matchers in matchers_of(known[scope], scope)
    )


def listed(context: EstateContext) -> tuple[ListedSilence, ...]:
    """Return what is silent or will be, soonest first: windows of the next week too."""
    existing, now = _asked(context, Silences.list), datetime.now(UTC)
    there = [ListedSilence(s, s.state) for s in existing if s.state is not SilenceState.EXPIRED]
    windows = not_laid(context.estate, existing, now, now + AHEAD)
    planned = [ListedSilence(window, PLANNED) for window in windows]
    return tuple(sorted((*there, *planned), key=lambda entry: entry.silence.start))


def end(context: EstateContext, wanted: str) -> Silence:
    """End the silence of that id, or of an id that begins so; CommandError when it cannot be."""
    current = [s for s in _asked(context, Silences.list) if s.state is not SilenceState.EXPIRED]
    matches = [silence for silence in current if wanted and silence.id.startswith(wanted)]
    if len(matches) != 1:
        ids = ", ".join(s.id for s in matches or current) or "none"
        count = "several silences have" if matches else "no silence has"
        raise CommandError(f"{count} the id {wanted!r}; there are: {ids}", Exit.WRONG_USE)
    (silence,) = matches
    if silence.kind is SilenceKind.WINDOW and silence.state is SilenceState.PENDING:
        raise CommandError(
            "this window has not begun: take it out of maintenance.yml, then `bastide up`",
            Exit.WRONG_USE,
        )
    _asked(context, lambda silences: silences.end(silence.id))
    return silence


def acknowledge(
    context: EstateContext, wanted: str, length: timedelta, by: str
) -> tuple[Silence, ...]:
    """Note that somebody is on the alerts of that name or fingerprint; they notify no more.

    CommandError when none of them fires.
    """
    firing = _asked(context, Silences.alerts)
    alerts = [alert for alert in firing if wanted in (alert.name, alert.fingerprint)]
    if not alerts:
        names = ", ".join(sorted({alert.name for alert in firing})) or "none"
        raise CommandError(f"no alert {wanted!r} fires; there are: {names}", Exit.WRONG_USE)
    now = datetime.now(UTC)
    return tuple(
        _lay(
            context,
            Silence(
                tuple(Matcher(name, value) for name, value in alert.labels.items()),
                now,
                now + length,
                by,
                f"{ACKNOWLEDGED_COMMENT}{about(alert)}",
            ),
        )
        for alert in alerts
    )


def about(alert: FiringAlert) -> str:
    """Return an alert's name and what it is about."""
    where = [alert.labels.get(key, "") for key in ("host", "device", "service", "municipality")]
    return f"{alert.name} {next(filter(None, where), '')}".rstrip()


def moment(time: datetime) -> str:
    """Return a time as this machine's clock shows it."""
    return f"{time.astimezone():%Y-%m-%d %H:%M %Z}"


def _lay(context: EstateContext, silence: Silence) -> Silence:
    silence_id = _asked(context, lambda silences: silences.add(silence))
    return replace(silence, id=silence_id, state=SilenceState.ACTIVE)


def _asked(context: EstateContext, ask: Callable[[Silences], Result]) -> Result:
    try:
        return ask(Silences(apis(context)[1]))
    except (ApiError, SilencesError) as error:
        raise CommandError(
            f"Alertmanager does not answer: {error}; is the operations host up?",
            Exit.COULD_NOT_CHECK,
        ) from None
