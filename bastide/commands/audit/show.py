"""`bastide audit show`: the newest kept audit."""

import click

from bastide.actions import audit_output
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option


@click.command()
@estate_option
@json_option
@click.option("--label", help="The newest run with this label.  [default: the newest run]")
def show(estate_name: str | None, as_json: bool, label: str | None) -> int:
    """Show the newest kept audit without touching a host."""
    return audit_output.show(audit_output.latest(estate_context(estate_name), label), as_json)
