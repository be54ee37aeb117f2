"""`bastide host impact`: what the next level would change, and whom it would cut off."""

from datetime import UTC, datetime

import click

from bastide.actions import impact_page
from bastide.actions.check_mode import changes_at
from bastide.actions.looking import read_host
from bastide.support.completion import complete_hosts
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from bastide.support.progress import Progress
from inventory.enums import Level
from inventory.levels import reaches
from monitors.inspection.impact import impact as impact_of


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
@estate_option
@json_option
def impact(host: str, level: str, form: str, estate_name: str | None, as_json: bool) -> int:
    """Say what a level would change at HOST (exit 1: cuts somebody off).

    First of all whose login, which port with who is connected now, which forwarded network; then
    files with their diffs, packages, services, accounts. The host is read, and Ansible is asked in
    check mode: nothing changes.
    """
    context, wanted = estate_context(estate_name), Level(level)
    progress = Progress()
    with progress.stage(f"read {host}"):
        entry, look = read_host(context, host)
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
