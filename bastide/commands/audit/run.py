"""`bastide audit run`: audit the hosts now."""

from pathlib import Path

import click

from bastide.actions import audit, audit_output, host_check
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import (
    estate_option,
    host_option,
    json_option,
    key_option,
    label_option,
)
from bastide.support.progress import Progress
from monitors.audit.model.declared import UndeclaredHostError
from monitors.audit.model.results import HostAudit
from monitors.audit.run import ResultsNotKeptError, WatchedHostError


@click.command()
@estate_option
@json_option
@host_option("Only this host; may be given again.", multiple=True)
@label_option("A name to find the run by.", default="audit")
@key_option
def run(
    estate_name: str | None, as_json: bool, hosts: tuple[str, ...], label: str, key: Path | None
) -> int:
    """Audit the hosts now (exit 1 when a control fails).

    One SSH exchange each. At level audit nothing is installed on a host and nothing is left there;
    hosts at level watch are not logged in to, and are named. The run is kept, sealed in the chain
    of this machine's runs, and recorded in the history.
    """
    context = estate_context(estate_name)
    progress = Progress()

    def show_host(host: HostAudit) -> None:
        if not as_json:
            progress.step(host.host, audit_output.describe(host), good=not host.problem)

    try:
        with host_check.remembering(context, progress, key) as fetch:
            result = audit.run(context, hosts or None, label, show_host, fetch)
    except (UndeclaredHostError, WatchedHostError) as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    except ResultsNotKeptError as error:
        audit_output.show_run(error.run, as_json)
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    for problem in result.problems:
        click.echo(f"  {problem}", err=True)
    return audit_output.show_run(result.run, as_json)
