"""`bastide snmp poll`: poll devices once."""

from dataclasses import asdict

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bastide.actions.snmp_targets import find
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from bastide.support.snmp_options import AccessOptions, access_options
from monitors.metrics import pairs, render
from monitors.snmp import polling
from monitors.snmp.poller import PollResult
from monitors.snmp.targets import targets


def as_json_values(result: PollResult) -> dict[str, object]:
    """Return a poll as plain JSON values."""
    return {
        "name": result.target.name,
        "success": result.success,
        "seconds": result.duration_seconds,
        "failure": result.failure,
        "tables": [asdict(outcome) for outcome in result.outcomes],
        "samples": [
            {"metric": family.name, "labels": pairs(labels), "value": value}
            for family in result.families()
            for labels, value in family.samples
        ],
    }


@click.command()
@click.argument("names", nargs=-1)
@estate_option
@access_options
@click.option("--profile", "profiles", multiple=True, help="Ask for this profile only; repeat it.")
@click.option("--text", is_flag=True, help="Print what Prometheus would be given.")
@json_option
def poll(
    names: tuple[str, ...],
    estate_name: str | None,
    given: AccessOptions,
    profiles: tuple[str, ...],
    text: bool,
    as_json: bool,
) -> int:
    """Poll devices NAMES once, all of them by default (exit 1 when one does not answer).

    A NAME is a device of the inventory or any ADDRESS[:PORT], which is asked with the estate's
    own access unless --community or --user and the like say otherwise.
    """
    context = estate_context(estate_name)
    wanted = [find(context, name, given) for name in names or targets(context.estate)]
    results = polling.poll(wanted, context.state, profiles=profiles)
    if as_json:
        print_json([as_json_values(result) for result in results])
    elif text:
        for result in results:
            click.echo(f"# {result.target.name}\n{render(result.families())}", nl=False)
    else:
        _show(results)
    return Exit.WELL if all(result.success for result in results) else Exit.FINDINGS


def _show(results: tuple[PollResult, ...]) -> None:
    table = Table("device", "answers", "ms", "values", "profiles", "what is wrong")
    for result in results:
        count = sum(len(family.samples) for family in result.found)
        answers = "[green]yes[/green]" if result.success else "[bold red]no[/bold red]"
        profiles = " ".join(dict.fromkeys(outcome.profile for outcome in result.outcomes))
        table.add_row(
            escape(result.target.name),
            answers,
            f"{result.duration_seconds * 1000:.0f}",
            str(count),
            escape(profiles),
            escape(result.trouble),
        )
    Console().print(table)
