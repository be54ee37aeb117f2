"""`bastide audit run`: audit the hosts now."""

import click

from bastide.actions import audit, audit_output
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.progress import Progress
from monitors.audit.archive.runs import AuditError
from monitors.audit.model.declared import UndeclaredHostError
from monitors.audit.model.results import HostAudit
from monitors.audit.run import ResultsNotKeptError


@click.command()
@estate_option
@json_option
@click.option("--host", "hosts", multiple=True, help="Only this host; may be given again.")
@click.option("--label", default="audit", show_default=True, help="A word to find the run by.")
def run(estate_name: str | None, as_json: bool, hosts: tuple[str, ...], label: str) -> int:
    """Audit the hosts now, in one SSH exchange each (exit 1 when a control fails).

    The run is kept, sealed in the chain of this machine's runs, and recorded in the history.
    """
    context = estate_context(estate_name)
    progress = Progress()

    def tell(host: HostAudit) -> None:
        if not as_json:
            progress.step(host.host, audit_output.summary_of(host), good=not host.problem)

    try:
        audited = audit.audit(context, hosts or None, label, tell)
    except UndeclaredHostError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    except ResultsNotKeptError as error:
        audit_output.show(error.run, as_json)
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    except AuditError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    for problem in audited.problems:
        click.echo(f"  {problem}", err=True)
    return audit_output.show(audited.run, as_json)
