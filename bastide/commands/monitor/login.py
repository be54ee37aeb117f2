"""`bastide monitor login`: how Prometheus and Alertmanager are opened."""

import click

from bastide.actions.status import apis
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.web_login import USER, authority_file, password_file
from monitors.web_api import ApiError


@click.command()
@estate_option
@json_option
def login(estate_name: str | None, as_json: bool) -> int:
    """Show where Prometheus and Alertmanager are, and their login.

    The password itself is not printed: it would stay in the terminal's history. It is the same for
    both, made by `bastide up`, and lies in a file of the state. Delete that file, and the next
    `bastide up` makes another.
    """
    context = estate_context(estate_name)
    try:
        prometheus, alertmanager = apis(context)
    except ApiError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    shown = {
        "prometheus": prometheus.base,
        "alertmanager": alertmanager.base,
        "user": USER,
        "passwordFile": str(password_file(context.state)),
        "authority": str(authority_file(context.state)),
    }
    if as_json:
        print_json(shown)
        return Exit.WELL
    click.echo(f"Prometheus    {shown['prometheus']}")
    click.echo(f"Alertmanager  {shown['alertmanager']}")
    click.echo(f"user          {shown['user']}")
    click.echo(f"password      cat {shown['passwordFile']}")
    click.echo(f"trust         {shown['authority']} (the authority, for a browser to import)")
    return Exit.WELL
