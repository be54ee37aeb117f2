"""`bastide audit show`: the newest kept results of every host."""

import click

from bastide.actions import audit_output
from bastide.actions.newest_audits import newest_of_every_host
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option, label_option


@click.command()
@estate_option
@json_option
@label_option("Of the runs with this label.  [default: of all runs]")
def show(estate_name: str | None, as_json: bool, label: str | None) -> int:
    """Show every host's newest kept results; asks no host."""
    newest = newest_of_every_host(estate_context(estate_name), label)
    return audit_output.show_newest(newest, as_json)
