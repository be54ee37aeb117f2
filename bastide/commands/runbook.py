"""`bastide runbook`: what to do about an alert, filled in for where it fires."""

import click

from bastide.actions import runbook as runbooks
from bastide.support.completion import complete_hosts, complete_runbooks
from bastide.support.errors import Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json


@click.command()
@click.argument("alert", shell_complete=complete_runbooks)
@click.argument("host", required=False, shell_complete=complete_hosts)
@estate_option
@json_option
def runbook(alert: str, host: str | None, estate_name: str | None, as_json: bool) -> int:
    """Print what to do about ALERT at HOST, with addresses and contacts.

    ALERT may be a procedure as well, such as `log-in`; HOST a device or service. Without HOST it
    is filled in for the one at which the alert fires. The page is read from here: it needs no
    operations host, though what that knows of the alert is shown where it answers.
    """
    page = runbooks.read(estate_context(estate_name), alert, host)
    if as_json:
        print_json(page.as_json())
    else:
        click.echo(page.text, nl=False)
    return Exit.WELL
