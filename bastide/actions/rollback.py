"""Rolling a run back: on which hosts, what was put back there, and what was not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import click

from bastide.actions import ansible, host_check, runs
from bastide.actions.playbook_recap import Event, Recap
from bastide.support.completion import of_estate
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from inventory.entries import hosts
from inventory.levels import is_managed

PLAYBOOK = "rollback"
TASK = "Put back what the run changed"
REPORTED = ("things", "refusals", "stays", "problems")

complete_runs = of_estate(lambda context: (run.run for run in runs.read(context.state)))


@dataclass(frozen=True, slots=True)
class HostUndone:
    """What was put back on a host, as kind and name, and what was not.

    `refusals` were disregarded, `stays` is what nobody can put back, `problems` is what failed.
    """

    host: str
    things: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rollback:
    """What came of rolling a run back."""

    recap: Recap
    hosts: tuple[HostUndone, ...]

    @property
    def well(self) -> bool:
        """Whether everything is back on every host."""
        return self.complete and not any(host.stays for host in self.hosts)

    @property
    def complete(self) -> bool:
        """Whether everything that can be is back on every host."""
        return self.recap.ok and not any(host.problems for host in self.hosts)


def roll_back(
    context: EstateContext, run: str, names: Sequence[str], *, dry: bool, force: bool
) -> Rollback:
    """Put back what a run changed; on the hosts that it did, or on those that are named."""
    chosen = chosen_hosts(context, run, names)
    limit = ",".join(chosen)
    progress = Progress()
    host_check.run_first(context, progress, host_check.changed(context, limit))
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        ansible.show_event(progress, event)

    arguments = ["--limit", limit, "-e", f"rollback_run={run}", "-e", f"rollback_force={force}"]
    with progress.stage(f"roll back {run}"):
        play = partial(ansible.run, context, [PLAYBOOK], on_event)
        recap = play(arguments=[*arguments, *(["--check"] if dry else [])])
    return Rollback(recap, undone(events))


def chosen_hosts(context: EstateContext, run: str, names: Sequence[str]) -> list[str]:
    """Return the hosts to roll back on; CommandError for one that is not managed.

    A run that this machine has not seen is looked for on all of them.
    """
    managed = sorted(entry.name for entry in hosts(context.estate) if is_managed(entry))
    if unknown := sorted(set(names) - set(managed)):
        raise CommandError(
            f"{', '.join(unknown)}: expected a host at baseline or full, one of: "
            f"{', '.join(managed) or 'none'}",
            Exit.WRONG_USE,
        )
    changed = sorted(runs.hosts_of(context.state, run) & set(managed))
    if chosen := [*names] or changed or managed:
        return chosen
    raise CommandError("no host is at baseline or full: no run changed any", Exit.WRONG_USE)


def undone(events: Iterable[Event]) -> tuple[HostUndone, ...]:
    """Return what the last task of the playbook says of each host."""
    return tuple(
        HostUndone(event["host"], *(tuple(event[key]) for key in REPORTED))
        for event in events
        if event["event"] == "task" and event["task"] == TASK and "things" in event
    )


def show_rollback(result: Rollback, *, dry: bool) -> None:
    """Print what was put back on each host, and what was not."""
    for host in result.hosts:
        verb = "would be put back" if dry else "put back"
        click.echo(f"{host.host}: {len(host.things)} {verb}")
        lines = (
            *(f"  {thing}" for thing in host.things),
            *(f"  in spite of: {refusal}" for refusal in host.refusals),
            *(f"  STAYS: {stays}" for stays in host.stays),
            *(f"  FAILED: {problem}" for problem in host.problems),
        )
        for line in lines:
            click.echo(line)
