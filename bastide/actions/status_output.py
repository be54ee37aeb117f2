"""What a person sees of the status: incidents first, as wide and as colourful as the terminal."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo

from rich.console import Console
from rich.text import Text

from bastide.actions.incidents import Concerned, Incident, subject_of
from bastide.actions.listed_silence import ListedSilence
from bastide.actions.prometheus import Alert
from bastide.actions.status import Status
from inventory.entries import devices
from inventory.enums import Level
from inventory.levels import ORDER
from inventory.model.estate import Estate
from monitors.runbook_text import contact_line
from monitors.text import escaped_line

# More than these are counted by kind: who reads at night wants to know how bad it is.
MOST_NAMES = 12
STYLES = {"page": "bold red", "ticket": "yellow"}
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LABEL_WIDTH = 10


def show(current: Status, estate: Estate, console: Console) -> None:
    """Print the incidents, the worst first, then what is silenced, then what no alert tells of."""
    active = [incident for incident in current.incidents if not incident.silenced]
    if active:
        _line(console, _counted(active))
    for incident in active:
        _line(console, "")
        _show_incident(console, incident, current, estate)
    parts = (list(_silenced(current)), list(_untold(current)))
    for part in filter(None, parts):
        _line(console, "")
        for text, style in part:
            _line(console, text, style)
    if active or any(parts):
        _line(console, "")


def _silenced(current: Status) -> Iterator[tuple[str, str]]:
    for silence in current.silences:
        yield f"SILENCED {_silence(silence, current.read_at)}", "cyan"
    for incident in current.incidents:
        if incident.silenced:
            yield f"  {_title(incident)} ({incident.cause.name})", "dim"


def _untold(current: Status) -> Iterator[tuple[str, str]]:
    if current.unexplained:
        yield "wrong, and no alert says so (yet):", ""
    for problem in current.unexplained:
        yield f"  !! {problem}", "bold red"


def show_levels(current: Status, console: Console) -> None:
    """Print how far the hosts are managed."""
    for wanted, names in by_level(current.levels):
        _line(console, f"  {wanted:<8} {', '.join(names)}")


def show_goals(current: Status, console: Console) -> None:
    """Print the goals of services, what is missed or nearly so first."""
    if current.goals:
        _line(console, "goals of 30 days, the least left first:")
    for goal in current.goals[:MOST_NAMES]:
        style = "" if goal.is_safe else "yellow" if goal.is_kept else "bold red"
        _line(console, f"  {goal.line()}", style, indent=4)
    if more := len(current.goals[MOST_NAMES:]):
        _line(console, f"  and {more} with more left (--json names them)")


def by_level(levels: Iterable[tuple[str, Level]]) -> Iterator[tuple[Level, list[str]]]:
    """Yield each level that a host is at, the highest first, with the hosts' names."""
    pairs = tuple(levels)
    for wanted in reversed(ORDER):
        if names := [name for name, level in pairs if level is wanted]:
            yield wanted, names


def _show_incident(console: Console, incident: Incident, current: Status, estate: Estate) -> None:
    cause = incident.cause
    style = STYLES.get(cause.severity, "")
    _line(console, f"{cause.severity.upper():<8} {_title(incident)}", style)
    what = (f"{cause.name}:", incident.municipality, incident.subject, cause.runbook)
    _labelled(console, "alert", " ".join(what))
    _labelled(console, "since", since(incident.since, current.read_at))
    if cause.taken_by:
        _labelled(console, "taken", _taken(cause, current.read_at), "green")
    if incident.cut_off:
        _labelled(console, "cuts off", _names(incident.cut_off, estate))
    for concerned in incident.services:
        _labelled(console, "service", _service(concerned), "" if concerned.answers else style)
    for alert in incident.alerts[1:]:
        _labelled(console, "also", _also(alert, current.read_at))
    for tenant, contact in incident.contacts:
        _labelled(console, "call", f"{contact_line(contact)} ({tenant.name})")
    _labelled(console, "do", f"bastide runbook {cause.name} {incident.subject}", "bold")


def _counted(incidents: list[Incident]) -> str:
    counts = Counter(incident.cause.severity for incident in incidents)
    parts = ", ".join(f"{number} {name}{'s'[: number != 1]}" for name, number in counts.items())
    return f"{len(incidents)} incident{'s'[: len(incidents) != 1]}: {parts}"


def _title(incident: Incident) -> str:
    summary = incident.cause.summary
    return summary if incident.subject in summary else f"{incident.subject}: {summary}"


def _also(alert: Alert, now: datetime) -> str:
    silenced = " (silenced)" if alert.silenced_by else ""
    begun = f", since {since(alert.started, now)}" if alert.started else ""
    what = alert.summary if alert.summary != alert.name else subject_of(alert)
    return f"{alert.severity}: {what} ({alert.name}){begun}{silenced}"


def _service(concerned: Concerned) -> str:
    service = concerned.entry.service
    state = "answers" if concerned.answers else "does not answer"
    return f"{service.name} (class {service.continuity_class.value}) {state}: {service.url}"


def _names(names: tuple[str, ...], estate: Estate) -> str:
    if len(names) <= MOST_NAMES:
        return f"{len(names)}: {', '.join(names)}"
    kinds = {entry.name: entry.device.kind.value.replace("_", " ") for entry in devices(estate)}
    counts = Counter(kinds.get(name, "host") for name in names)
    parts = (f"{number} {kind}" for kind, number in counts.most_common())
    return f"{len(names)}: {', '.join(parts)} (--json names them)"


def _silence(listed: ListedSilence, now: datetime) -> str:
    silence = listed.silence
    until = moment(silence.end, now)
    return f"{silence.kind} of {listed.scope} until {until} by {silence.by}: {silence.why}"


def _taken(alert: Alert, now: datetime) -> str:
    until = moment(datetime.fromisoformat(alert.taken_until), now)
    return f"{alert.taken_by} is on it until {until}"


def since(started: datetime, now: datetime) -> str:
    """Return since when something is so, and how long that is."""
    lasted = max(now - started, timedelta(0))
    if lasted < HOUR:
        length = f"{lasted // MINUTE} min"
    elif lasted < DAY:
        length = f"{lasted // HOUR} h {lasted % HOUR // MINUTE} min"
    else:
        length = f"{lasted // DAY} d {lasted % DAY // HOUR} h"
    return f"{moment(started, now)} ({length})"


def moment(when: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """Return a time on the clock of whoever reads it, with the day when it is another one."""
    here, today = when.astimezone(zone), now.astimezone(zone).date()
    return f"{here:%H:%M %Z}" if here.date() == today else f"{here:%Y-%m-%d %H:%M %Z}"


def _labelled(console: Console, label: str, text: str, style: str = "") -> None:
    _line(console, f"   {label:<{LABEL_WIDTH}}{text}", style, indent=3 + LABEL_WIDTH)


def _line(console: Console, text: str, style: str = "", *, indent: int = 2) -> None:
    """Print a line, folded between words on a terminal; an address is never broken."""
    lines = textwrap.wrap(
        escaped_line(text),
        width=max(console.width, indent + 20),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines or [""]:
        console.print(Text(line, style), soft_wrap=True)
