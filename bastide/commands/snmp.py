"""`bastide snmp`: ask the estate's devices."""

import click
from rich.console import Console
from rich.table import Table

from bastide.errors import CommandError, Exit
from bastide.opened import open_estate
from bastide.options import estate_option, json_option, print_json
from monitors.metrics import pairs
from monitors.snmp import polling
from monitors.snmp.poller import PollResult


@click.group("snmp")
def group() -> None:
    """What devices say over SNMP."""


def as_json_values(result: PollResult) -> dict[str, object]:
    """Return a poll as plain JSON values."""
    return {
        "name": result.target.name,
        "success": result.success,
        "seconds": result.duration_seconds,
        "failure": result.failure,
        "samples": [
            {"metric": family.name, "labels": pairs(labels), "value": value}
            for family in result.families()
            for labels, value in family.samples
        ],
    }


@group.command()
@click.argument("names", nargs=-1)
@estate_option
@json_option
def poll(names: tuple[str, ...], estate_name: str | None, as_json: bool) -> int:
    """Poll devices NAMES once, all of them by default (exit 1 when one does not answer)."""
    opened = open_estate(estate_name)
    try:
        results = polling.poll(opened.estate, names or None, state=opened.state)
    except polling.UnknownTargetError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    if as_json:
        print_json([as_json_values(result) for result in results])
    else:
        table = Table("device", "answers", "ms", "values", "what is wrong")
        for result in results:
            count = sum(len(f.samples) for f in result.found)
            answers = "[green]yes[/green]" if result.success else "[bold red]no[/bold red]"
            milliseconds = f"{result.duration_seconds * 1000:.0f}"
            table.add_row(result.target.name, answers, milliseconds, str(count), result.trouble)
        Console().print(table)
    return Exit.WELL if all(result.success for result in results) else Exit.FINDINGS
