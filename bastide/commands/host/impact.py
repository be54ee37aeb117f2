"""`bastide host impact`: whom and what the next level would cut off."""

import click
from rich.console import Console

from bastide.actions import impact_page
from bastide.actions.looking import read_host
from bastide.support.completion import complete_hosts
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.enums import Level
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
    """Say what a level would cut off at HOST (exit 1: something).

    Whose login, which port with who is connected now, which forwarded network. The host is logged
    in to once and only read.
    """
    context = estate_context(estate_name)
    with Console(stderr=True).status(f"reading {host}"):
        entry, look = read_host(context, host)
    result = impact_of(entry, look.inspection, Level(level))
    if as_json or form == "json":
        print_json(result.model_dump(mode="json"))
    else:
        click.echo(impact_page.html(result) if form == "html" else impact_page.text(result))
    return Exit.FINDINGS if result.cuts else Exit.WELL
