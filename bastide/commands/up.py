"""`bastide up`: the whole way from an inventory to a watched estate."""

import time

import click
from rich.console import Console

from bastide.actions.up import summary
from bastide.actions.up.results import Work
from bastide.actions.up.stages import run_all
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import engine_option, estate_option, json_option
from bastide.support.output import print_json
from bastide.support.progress import Progress
from infra.lab import preflight
from inventory.enums import ProviderName

# Logs are not terminals: what says 80 columns there would only fold paths.
NARROWEST = 100


@click.command()
@estate_option
@json_option
@engine_option
def up(estate_name: str | None, as_json: bool, engine: str) -> int:
    """Bring the whole estate up: check, provision, configure, audit, harden, back up, collect.

    Run it again at any time: it converges, and says what changed.
    """
    context = estate_context(estate_name)
    if context.estate.provider is ProviderName.LAB:
        problems = preflight.check(context.estate, context.state)
        if problems:
            raise CommandError("\n".join(str(p) for p in problems), Exit.COULD_NOT_CHECK)
    started = time.monotonic()
    work = Work(context, Progress(), engine)
    findings = run_all(work)
    seconds = time.monotonic() - started
    if as_json:
        print_json(
            {
                "changed_resources": findings.changed_resources,
                "changed_tasks": findings.changed_tasks,
                "changed": [t for _, recap in findings.recaps for t in recap.changed_tasks],
                "seconds": seconds,
                "stages": work.seconds,
                "well": bool(findings.status and findings.status.well),
            }
        )
    else:
        console = Console(highlight=False)
        console.width = max(console.width, NARROWEST)
        summary.show(work, findings, console, seconds)
    return Exit.WELL if findings.status and not findings.status.wrong else Exit.FINDINGS
