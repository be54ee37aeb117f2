"""`bastide host impact`: what the next level would change, and whom it would cut off."""

from datetime import UTC, datetime
from itertools import chain

import click

from bastide.actions import acceptance, impact_page
from bastide.actions.check_mode import changes_at
from bastide.actions.looking import read_host
from bastide.support.completion import complete_hosts
from bastide.support.errors import Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from bastide.support.progress import Progress
from inventory.enums import Level
from inventory.levels import reaches
from monitors.inspection.impact import impact as impact_of

SHORTEST_NAME = 2


@click.command()
@click.argument("host", shell_complete=complete_hosts)
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    default=Level.BASELINE.value,
    show_default=True,
    help="The level that it would be raised to.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "html", "json"]),
    default="text",
    show_default=True,
    help="A page for a terminal, a colleague, or a program.",
)
@click.option(
    "--accept",
    "by",
    metavar="NAME",
    help="Print what lets Bastide raise the level, with what it cuts off now and who accepts that.",
)
@click.option(
    "--write", "to_file", is_flag=True, help="With --accept: write it into the inventory."
)
@estate_option
@json_option
def impact(
    host: str,
    level: str,
    form: str,
    by: str | None,
    to_file: bool,
    estate_name: str | None,
    as_json: bool,
) -> int:
    """Say what a level would change at HOST (exit 1: cuts somebody off).

    First of all whose login, which port with who is connected now, which forwarded network, which
    address that routers announce; then files with their diffs, packages, services, accounts. The
    host is read, and Ansible is asked in check mode: nothing changes.

    With --accept the host is only read, and what is found to be cut off is printed for its entry in
    the inventory; --write puts it there. What is found later stops every playbook.
    """
    context, wanted = estate_context(estate_name), Level(level)
    _refuse_odd_options(wanted, by, to_file=to_file)
    progress = Progress()
    with progress.stage(f"read {host}"):
        entry, look = read_host(context, host)
    if by is not None:
        result = impact_of(entry, look.inspection, wanted)
        accepted = acceptance.accept(context, entry, look.inspection, result, by)
        return _accept(context, accepted, to_file=to_file, as_json=as_json)
    changes = None
    if reaches(wanted, Level.BASELINE):
        with progress.stage("ask Ansible's check mode"):
            changes = changes_at(context, entry, wanted, progress)
    result = impact_of(entry, look.inspection, wanted)
    if as_json or form == "json":
        values = {"changes": changes.model_dump(mode="json") if changes else None}
        print_json({**result.model_dump(mode="json"), **values})
    else:
        at = datetime.fromtimestamp(look.at, UTC)
        page = impact_page.html if form == "html" else impact_page.text
        click.echo(page(result, changes, at))
    if result.cuts:
        return Exit.FINDINGS
    return Exit.COULD_NOT_CHECK if changes and changes.refused else Exit.WELL


def _refuse_odd_options(wanted: Level, by: str | None, *, to_file: bool) -> None:
    if to_file and by is None:
        raise click.UsageError("--write is for --accept NAME")
    if by is not None and not reaches(wanted, Level.BASELINE):
        raise click.UsageError(f"--accept: {wanted} changes nothing; expected baseline or full")
    if by is not None and len(by.strip()) < SHORTEST_NAME:
        raise click.UsageError("--accept: expected the name of who accepts it")


def _accept(
    context: EstateContext, accepted: acceptance.Accepted, *, to_file: bool, as_json: bool
) -> int:
    if to_file:
        acceptance.write(context, accepted)
    if as_json:
        print_json({**accepted.impact.model_dump(mode="json"), "file": str(accepted.file)})
    elif not to_file:
        click.echo(f"# {accepted.file}, at {accepted.entry.host.id}")
        for line in chain.from_iterable(accepted.keys.values()):
            click.echo(f"    {line}")
    if to_file:
        cuts = len(accepted.impact.cuts)
        said = f"wrote manage: {accepted.impact.level} and accepts: with {cuts} cuts"
        click.echo(f"{said} at {accepted.entry.name} into {accepted.file}", err=as_json)
    return Exit.WELL
