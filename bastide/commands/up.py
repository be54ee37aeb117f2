"""`bastide up`: from an inventory to an estate that is watched."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bastide.actions import policies
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context, refuse_unacknowledged
from bastide.support.options import engine_option, estate_option, json_option
from bastide.support.output import output_console, print_json
from bastide.support.progress import Progress
from infra.lab import preflight
from inventory.enums import ProviderName

if TYPE_CHECKING:
    from bastide.actions.up.results import StageResults, UpRun


@click.command()
@estate_option
@json_option
@engine_option
def up(estate_name: str | None, as_json: bool, engine: str) -> int:
    """Provision, configure, audit, harden, back up and collect.

    Run it again at any time: it converges, and says what changed. Exit 1 when a target of
    Prometheus is not up or an alert fires, as with `bastide status`, and when an existing server
    would lose a login, port or forwarding that nobody accepted: then nothing on any is changed.
    """
    context = estate_context(estate_name)
    refuse_unacknowledged(context)
    if context.estate.provider is ProviderName.LAB:
        problems = preflight.check(context.estate, context.state)
        if problems:
            raise CommandError("\n".join(str(p) for p in problems), Exit.COULD_NOT_CHECK)
    # All that an estate needs takes seconds to import: not before it is known to be in order.
    from bastide.actions.up import summary
    from bastide.actions.up.results import UpRun
    from bastide.actions.up.stages import run_all

    started = time.monotonic()
    run = UpRun(context, Progress(), engine)
    results = run_all(run)
    seconds = time.monotonic() - started
    if as_json:
        print_json(as_json_values(run, results, seconds))
    else:
        summary.show(run, results, output_console(), seconds)
    return exit_of(results)


def as_json_values(run: "UpRun", results: "StageResults", seconds: float) -> dict[str, object]:
    """Return what a run did and what it left as plain JSON values; durations in seconds."""
    status = results.status
    return {
        "changed_resources": results.changed_resources,
        "changed_tasks": results.changed_tasks,
        "policies": [policies.as_json(finding) for finding in results.policies],
        "changed": [task for recap in results.recaps for task in recap.changed_tasks],
        "run": run.run,
        "seconds": seconds,
        "stages": run.seconds,
        "playbooks": [asdict(time) for recap in results.recaps for time in recap.playbooks],
        "well": bool(status and status.well),
        "wrong": list(status.wrong) if status else [],
        "alerts": sorted({alert.name for alert in status.alerts}) if status else [],
    }


def exit_of(results: "StageResults") -> Exit:
    """Return findings when a target is not up, an alert fires, or nothing could be read."""
    return Exit.WELL if results.status and results.status.well else Exit.FINDINGS
