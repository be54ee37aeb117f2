"""`bastide audit`: what is proved of every host's hardening."""

import click

from bastide import audit_pages, auditing
from bastide.chain.progress import Progress
from bastide.commands.controls import controls
from bastide.commands.evidence import key, verify
from bastide.commands.history import history
from bastide.commands.replay import replay
from bastide.commands.report import report
from bastide.errors import CommandError, Exit
from bastide.opened import open_estate
from bastide.options import estate_option, json_option
from monitors.audit.model.declared import UndeclaredHostError
from monitors.audit.model.results import AuditError, HostAudit
from monitors.audit.run import ResultsNotKeptError


@click.group("audit")
def group() -> None:
    """What is proved: audit hosts over one exchange each, show, replay, report, verify."""


for command in (controls, replay, report, history, verify, key):
    group.add_command(command)


@group.command()
@estate_option
@json_option
@click.option("--host", "hosts", multiple=True, help="Only this host; may be given again.")
@click.option("--label", default="audit", show_default=True, help="A word to find the run by.")
def run(estate_name: str | None, as_json: bool, hosts: tuple[str, ...], label: str) -> int:
    """Audit the hosts now, in one SSH exchange each (exit 1 when a control fails).

    The run is kept, sealed in the chain of this machine's runs, and recorded in the history.
    """
    opened = open_estate(estate_name)
    progress = Progress()

    def tell(host: HostAudit) -> None:
        if not as_json:
            progress.step(host.host, audit_pages.summary_of(host), good=not host.problem)

    try:
        audited = auditing.audit(opened, hosts or None, label, tell)
    except UndeclaredHostError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    except ResultsNotKeptError as error:
        audit_pages.show(error.run, as_json)
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    except AuditError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    for problem in audited.problems:
        click.echo(f"  {problem}", err=True)
    return audit_pages.show(audited.run, as_json)


@group.command()
@estate_option
@json_option
@click.option("--label", help="The newest run with this label.  [default: the newest run]")
def show(estate_name: str | None, as_json: bool, label: str | None) -> int:
    """Show the newest kept audit without touching a host."""
    return audit_pages.show(audit_pages.latest(open_estate(estate_name), label), as_json)
