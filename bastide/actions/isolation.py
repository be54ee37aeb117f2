"""Isolating a host: what was collected, whether it is cut off, and how that is undone."""

from collections.abc import Iterable
from dataclasses import dataclass

from bastide.actions import ansible
from bastide.actions.playbook_recap import Event, Recap
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from infra import credentials
from inventory.entries import hosts
from inventory.levels import is_managed

PLAYBOOK = "isolate"
REPORT = "isolation_done"


@dataclass(frozen=True, slots=True)
class Isolation:
    """What came of isolating a host; `evidence` is a folder, empty where there is none."""

    recap: Recap
    is_cut_off: bool = False
    evidence: str = ""
    missing: tuple[str, ...] = ()
    responders: tuple[str, ...] = ()


def isolate(
    context: EstateContext, name: str, *, cuts_site: bool = False, dry: bool = False
) -> Isolation:
    """Collect evidence on a host, then cut it off from all but the responders.

    CommandError for a host that may not be changed.
    """
    managed = sorted(entry.name for entry in hosts(context.estate) if is_managed(entry))
    if name not in managed:
        raise CommandError(
            f"{name}: expected a host at baseline or full, one of: {', '.join(managed) or 'none'}"
            "\n    do: cut off what Bastide does not change at its switch port",
            Exit.WRONG_USE,
        )
    credentials.ensure(context.estate, context.state)
    progress, events = Progress(), list[Event]()

    def on_event(event: Event) -> None:
        events.append(event)
        ansible.show_event(progress, event)

    arguments = ["--limit", name, *(["--check"] if dry else [])]
    if cuts_site:
        arguments += ["-e", "isolation_cuts_site=true"]
    with progress.stage(f"isolate {name}"):
        recap = ansible.run(
            # A host that is broken into waits for no other run.
            *(context, [PLAYBOOK], on_event),
            arguments=arguments,
            alone=False,
        )
    return isolation(recap, events)


def isolation(recap: Recap, events: Iterable[Event]) -> Isolation:
    """Return what the playbook reports last; without a report nothing was done."""
    reports = [event[REPORT] for event in events if REPORT in event]
    if not reports:
        return Isolation(recap)
    report = reports[-1]
    return Isolation(
        recap,
        bool(report["cut_off"]),
        report["evidence"],
        tuple(report["missing"]),
        tuple(report["responders"]),
    )
