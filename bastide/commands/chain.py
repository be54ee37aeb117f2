"""`bastide up`, `bastide down`: the whole chain for an estate."""

import time

import click
from rich.console import Console

from bastide.chain import summary
from bastide.chain.progress import Progress
from bastide.chain.run import Work
from bastide.chain.stages import run_all
from bastide.commands.infra import engine_option
from bastide.errors import CommandError, Exit
from bastide.opened import open_estate
from bastide.options import estate_option, json_option, print_json
from infra.lab import preflight
from infra.lab.problems import LabError
from infra.lab.teardown import teardown
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
    opened = open_estate(estate_name)
    if opened.estate.provider is ProviderName.LAB:
        problems = preflight.check(opened.estate, opened.state)
        if problems:
            raise CommandError("\n".join(str(p) for p in problems), Exit.COULD_NOT_CHECK)
    started = time.monotonic()
    work = Work(opened, Progress(), engine)
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


@click.command()
@estate_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep-state", is_flag=True, help="Keep keys, bundles and reports.")
def down(estate_name: str | None, yes: bool, keep_state: bool) -> int:
    """Take a lab away: machines, mounts, namespaces, bridges, tables, processes, nothing else."""
    opened = open_estate(estate_name)
    if opened.estate.provider is not ProviderName.LAB:
        raise CommandError(
            f"estate {opened.estate.estate} is not a lab (provider {opened.estate.provider}); "
            "use `bastide infra destroy`",
            Exit.WRONG_USE,
        )
    if not yes:
        click.confirm(f"Take the lab {opened.estate.estate} away?", abort=True)
    progress = Progress()
    with progress.stage(f"Take away {opened.estate.estate}"):
        try:
            for line in teardown(opened.estate.estate, opened.state, keep_state=keep_state):
                progress.step(opened.estate.estate, line)
        except LabError as error:
            raise CommandError(str(error), Exit.FINDINGS) from None
    return Exit.WELL
