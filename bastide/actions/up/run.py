"""One run of `bastide up`, from its checks to what is printed of it."""

import time
from collections.abc import Mapping
from dataclasses import asdict

from bastide.actions import policies
from bastide.actions.up import summary
from bastide.actions.up.results import StageResults, UpRun
from bastide.actions.up.stages import run_all
from bastide.support.errors import Exit
from bastide.support.estate import EstateContext
from bastide.support.output import output_console, print_json
from bastide.support.progress import Progress


def run(
    context: EstateContext, *, engine: str, as_json: bool, municipality: str | None = None
) -> Exit:
    """Bring the estate up, or one municipality with what central knows of it, and show it."""
    started = time.monotonic()
    up = UpRun(context, Progress(), engine, municipality=municipality)
    results = run_all(up)
    seconds = time.monotonic() - started
    if as_json:
        print_json(as_json_values(up, results, seconds))
    else:
        summary.show(up, results, output_console(), seconds)
    return exit_of(results)


def as_json_values(run: UpRun, results: StageResults, seconds: float) -> Mapping[str, object]:
    """Return what a run did and what it left as plain JSON values; durations in seconds."""
    status = results.status
    return {
        "changed_resources": results.changed_resources,
        "changed_tasks": results.changed_tasks,
        "policies": [policies.as_json(finding) for finding in results.policies],
        "changed": [task for recap in results.recaps for task in recap.changed_tasks],
        "run": run.run,
        "municipality": run.municipality,
        "seconds": seconds,
        "stages": run.seconds,
        "playbooks": [asdict(time) for recap in results.recaps for time in recap.playbooks],
        "well": bool(status and status.well),
        "wrong": list(status.wrong) if status else [],
        "alerts": sorted({alert.name for alert in status.alerts}) if status else [],
    }


def exit_of(results: StageResults) -> Exit:
    """Return findings when a target is not up, an alert fires, or nothing could be read."""
    return Exit.WELL if results.status and results.status.well else Exit.FINDINGS
