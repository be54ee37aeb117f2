"""What a playbook did, read from the events that playbooks/callback_plugins writes."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = dict[str, Any]
OnEvent = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that failed on a host."""

    host: str
    task: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class HostRecap:
    """How many tasks of a playbook ended how on one host, as Ansible counts them."""

    ok: int
    changed: int
    failed: int
    unreachable: int

    @property
    def finished(self) -> bool:
        """Whether no task failed and the host could always be reached."""
        return not self.failed and not self.unreachable

    def __str__(self) -> str:
        """Return `failed` or `unreachable` first, then what changed."""
        bad = ((self.failed, "failed"), (self.unreachable, "unreachable"))
        parts = [f"{number} {name}" for number, name in bad if number]
        parts.append(f"{self.changed} changed" if self.changed else "nothing to change")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class PlaybookTime:
    """How long a playbook took, in seconds, and how many tasks it ran, over all hosts."""

    name: str
    seconds: float
    tasks: int


@dataclass(frozen=True, slots=True)
class Recap:
    """What a playbook did: counts by host, failures, seconds, the log to read, and the run's id."""

    hosts: dict[str, HostRecap] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    returncode: int = 0
    seconds: float = 0.0
    log: Path = Path()
    changed_tasks: tuple[str, ...] = ()
    run: str = ""
    playbooks: tuple[PlaybookTime, ...] = ()

    @property
    def changed(self) -> dict[str, int]:
        """How many tasks changed something, by host."""
        return {name: host.changed for name, host in self.hosts.items()}

    @property
    def ok(self) -> bool:
        """Whether every host finished every task.

        The status alone does not say so: Ansible's is that of the last play, which a host that
        failed in an earlier one may have no part in.
        """
        return self.returncode == 0 and all(host.finished for host in self.hosts.values())


def read_recap(events: Iterable[Event], on_event: OnEvent) -> Recap:
    """Return what the events add up to; each is handed to `on_event` as it comes."""
    hosts: dict[str, HostRecap] = {}
    failures: list[Failure] = []
    changed_tasks: list[str] = []
    times: list[PlaybookTime] = []
    begun = 0.0
    for event in events:
        on_event(event)
        if event["event"] == "playbook":
            begun = event["at"]
            times.append(PlaybookTime(event["name"], 0.0, 0))
        elif times:
            ran = event["event"] == "task"
            last = times[-1]
            times[-1] = PlaybookTime(last.name, event["at"] - begun, last.tasks + ran)
        if event["event"] == "recap":
            hosts = {name: _host_recap(counts) for name, counts in event["hosts"].items()}
        elif event.get("changed"):
            changed_tasks.append(f"{event['host']}: {event['task']}")
        if event.get("outcome") in ("failed", "unreachable"):
            failures.append(Failure(event["host"], event["task"], event["path"], event["message"]))
    return Recap(hosts, tuple(failures), changed_tasks=tuple(changed_tasks), playbooks=tuple(times))


def recap_of_stopped(events: Iterable[Event]) -> Recap:
    """Return what a playbook had changed when it was stopped; Ansible counts at its end only."""
    changed = Counter(event["host"] for event in events if event.get("changed"))
    hosts = {name: HostRecap(number, number, 0, 0) for name, number in changed.items()}
    return Recap(hosts, returncode=1)


def _host_recap(counts: Mapping[str, int]) -> HostRecap:
    return HostRecap(counts["ok"], counts["changed"], counts["failures"], counts["unreachable"])
