"""`bastide snmp poll`: poll devices once."""

from dataclasses import asdict

import click

from bastide.actions.snmp_targets import find
from bastide.support.completion import complete_devices
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from bastide.support.snmp_options import AccessOptions, access_options
from monitors.snmp.metric_families import render
from monitors.snmp.own_profiles import profiles_of
from monitors.snmp.poll_result import PollResult
from monitors.snmp.poller import poll_once
from monitors.snmp.targets import targets


def as_json_values(result: PollResult) -> dict[str, object]:
    """Return a poll as plain JSON values."""
    return {
        "name": result.target.name,
        "success": result.success,
        "seconds": result.duration_seconds,
        "failure": result.failure,
        "tables": [asdict(outcome) for outcome in result.results],
        "samples": [
            {"metric": family.name, "labels": dict(labels), "value": value}
            for family in result.families()
            for labels, value in family.samples
        ],
    }


@click.command()
@click.argument("names", nargs=-1, shell_complete=complete_devices)
@estate_option
@access_options
@click.option("--profile", "profiles", multiple=True, help="Only this profile; repeat it.")
@click.option("--text", is_flag=True, help="Print what Prometheus would be given.")
@json_option
def poll(
    names: tuple[str, ...],
    estate_name: str | None,
    options: AccessOptions,
    profiles: tuple[str, ...],
    text: bool,
    as_json: bool,
) -> int:
    """Poll devices NAMES once, by default all (exit 1: no answer).

    A NAME is a device of the inventory or any ADDRESS[:PORT], which is polled with the estate's
    own access unless --community or --user and the like say otherwise.
    """
    context = estate_context(estate_name)
    wanted = [find(context, name, options) for name in names or targets(context.estate)]
    catalogue = profiles_of(context.estate.own)
    results = poll_once(wanted, context.state, profiles=profiles, catalogue=catalogue)
    if as_json:
        print_json([as_json_values(result) for result in results])
    elif text:
        for result in results:
            click.echo(f"# {result.target.name}\n{render(result.families())}", nl=False)
    else:
        _show(results)
    return Exit.WELL if all(result.success for result in results) else Exit.FINDINGS


def _show(results: tuple[PollResult, ...]) -> None:
    print_table(
        ("device", "answers", "ms", "values", "profiles", "what is wrong"),
        (
            row(
                result.target.name,
                "yes" if result.success else "no",
                f"{result.duration_seconds * 1000:.0f}",
                str(sum(len(family.samples) for family in result.device_families)),
                " ".join(dict.fromkeys(outcome.profile for outcome in result.results)),
                result.problem,
                bad=not result.success,
            )
            for result in results
        ),
    )
