"""Updating hosts wave by wave: the order, when each may be restarted, and what was done."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bastide.actions import ansible, host_check
from bastide.actions.playbook_recap import Event, Recap
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.output import Row, row
from bastide.support.progress import Progress
from inventory.entries import InventoryHost, hosts
from inventory.levels import is_managed, level
from inventory.model.estate import Estate
from inventory.restart_window import next_opening, time_left
from inventory.settings import restart_window
from inventory.waves import Wave, waves

PLAYBOOK = "patch"
REPORT = "patching_done"
NEVER = "never: no maintenance window"


@dataclass(frozen=True, slots=True)
class UpdatePlan:
    """The waves, when each host may be restarted, and the hosts left alone with their level."""

    waves: tuple[Wave, ...]
    restarts: dict[str, str]
    left_alone: dict[str, str]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that are updated, in this order."""
        return tuple(name for wave in self.waves for batch in wave.batches for name in batch)

    def rows(self) -> Iterable[Row]:
        """Yield a row a host; those with the same step are updated at once."""
        steps = ((wave.name, batch) for wave in self.waves for batch in wave.batches)
        for number, (wave, batch) in enumerate(steps, start=1):
            for name in batch:
                yield row(str(number), wave, name, self.restarts[name])

    def as_json(self) -> dict[str, Any]:
        """Return the plan as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class HostPatched:
    """What was done at a host; `restart_waits` says why a restart that is due was not done."""

    host: str
    packages: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    restart_due: tuple[str, ...] = ()
    restarted: bool = False
    restart_waits: str = ""
    problem: str = ""

    def as_row(self, *, dry: bool = False) -> Row:
        """Return a row for people; `dry`: it was only tried out."""
        done = "would be restarted" if dry else "restarted"
        restart = done if self.restarted else "-"
        if self.restart_waits:
            restart = f"due ({', '.join(self.restart_due)}); {self.restart_waits}"
        held = ", ".join(self.held) or "-"
        return row(
            self.host, str(len(self.packages)), held, restart, self.problem, bad=bool(self.problem)
        )


@dataclass(frozen=True, slots=True)
class Patching:
    """What came of updating hosts; `left` are those that it did not come to."""

    recap: Recap
    hosts: tuple[HostPatched, ...]
    left: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether every host is updated and as well as before."""
        return self.recap.ok and not self.left


def plan(estate: Estate, names: Sequence[str], now: datetime, *, at_once: int = 1) -> UpdatePlan:
    """Return in which order hosts are updated: those that are named, or all that may be changed.

    CommandError for a name that is no host which may be changed.
    """
    entries = {entry.name: entry for entry in hosts(estate)}
    managed = {name for name, entry in entries.items() if is_managed(entry)}
    if unknown := sorted(set(names) - managed):
        raise CommandError(
            f"{', '.join(unknown)}: expected a host at baseline or full, one of: "
            f"{', '.join(sorted(managed)) or 'none'}",
            Exit.WRONG_USE,
        )
    planned = waves(estate, frozenset(names) or None, at_once=at_once)
    return UpdatePlan(
        planned,
        {name: _restarts(entries[name], now) for name in managed},
        {name: level(entry) for name, entry in entries.items() if name not in managed},
    )


def _restarts(entry: InventoryHost, now: datetime) -> str:
    """Return in words when a host may be restarted."""
    window = restart_window(entry)
    if window is None:
        return NEVER
    if left := time_left(window, now):
        return f"now, for {int(left.total_seconds() // 60)} min"
    return f"from {next_opening(window, now):%a %Y-%m-%d %H:%M} {window.timezone}"


def patch(
    context: EstateContext, planned: UpdatePlan, *, at_once: int, dry: bool = False
) -> Patching:
    """Update the hosts of a plan; it stops by itself at the first that is not as well as before."""
    if not planned.hosts:
        raise CommandError("no host is at baseline or full: none is updated", Exit.WRONG_USE)
    limit, progress = ",".join(planned.hosts), Progress()
    host_check.run_first(context, progress, host_check.changed(context, limit))
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        ansible.show_event(progress, event)

    arguments = ["--limit", limit, "-e", f"patch_at_once={at_once}"]
    with progress.stage("update hosts"):
        recap = ansible.run(
            context, [PLAYBOOK], on_event, arguments=[*arguments, *(["--check"] if dry else [])]
        )
    done = patched(events)
    reached = {host.host for host in done}
    return Patching(recap, done, tuple(name for name in planned.hosts if name not in reached))


def patched(events: Iterable[Event]) -> tuple[HostPatched, ...]:
    """Return what the playbook reports of each host."""
    return tuple(_patched(event["host"], event[REPORT]) for event in events if REPORT in event)


def _patched(host: str, report: dict[str, Any]) -> HostPatched:
    return HostPatched(
        host,
        tuple(report["packages"]),
        tuple(report["held"]),
        tuple(report["restart_due"]),
        bool(report["restarted"]),
        report["restart_waits"],
        report["problem"],
    )
