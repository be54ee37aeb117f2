"""`bastide infra outputs`: what was provisioned."""

import click

from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json


@click.command()
@estate_option
@json_option
def outputs(estate_name: str | None, as_json: bool) -> int:
    """Show what was provisioned: addresses and SSH host keys."""
    recorded = estate_context(estate_name).outputs
    if as_json:
        print_json(recorded.model_dump(mode="json"))
    else:
        for name, host in recorded.hosts.items():
            click.echo(f"{name:<20} {host.address:<16} {host.host_key}")
    return Exit.WELL
