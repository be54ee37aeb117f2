"""How an audit is told at the terminal."""

import click
from rich.console import Console
from rich.table import Table

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.output import print_json
from monitors.audit.archive.runs import AuditError, load_latest
from monitors.audit.model.results import AuditRun, HostAudit, Outcome
from monitors.audit.model.score import score


def summary_of(host: HostAudit) -> str:
    """Return one host's outcome in a line."""
    if host.problem:
        return host.problem
    found = score(host.results)
    counts = ", ".join(f"{found.counts[outcome]} {outcome}" for outcome in Outcome)
    proved = "nothing applies" if found.proved is None else f"score {found.proved:.0%}"
    return f"{proved}: {counts}"


def counts_of(run: AuditRun) -> dict[str, int]:
    """Return how many results of each outcome a run has, over all hosts."""
    found = score(result for host in run.hosts for result in host.results)
    return {outcome.value: found.counts[outcome] for outcome in Outcome}


def exit_of(run: AuditRun) -> Exit:
    """Return could-not-check when a host could not be asked, findings when a control fails.

    A failure under a waiver in force is no finding.
    """
    if any(host.problem for host in run.hosts):
        return Exit.COULD_NOT_CHECK
    return Exit.WELL if all(host.good for host in run.hosts) else Exit.FINDINGS


def show(run: AuditRun, as_json: bool) -> int:
    """Print a run for people or programs; return the exit status that it means."""
    if as_json:
        print_json({"counts": counts_of(run), "run": run.model_dump(mode="json")})
        return exit_of(run)
    table = Table("host", "outcome", title=f"{run.estate}: {run.label}, {run.started:%F %R} UTC")
    for host in run.hosts:
        table.add_row(host.host, summary_of(host), style="bold red" if host.problem else None)
    Console().print(table)
    for host in run.hosts:
        show_bad(host)
    return exit_of(run)


def show_bad(host: HostAudit) -> None:
    """Print what does not pass on a host that could be asked, a line each."""
    for result in host.results:
        unknown = result.outcome is Outcome.ERROR and not host.problem
        if result.outcome is Outcome.FAIL or unknown:
            outcome = "waived" if result.is_waived else result.outcome
            reason = result.reason.splitlines()[0] if result.reason else ""
            click.echo(f"  {host.host:<18} {result.control:<8} {outcome}: {reason}")


def latest(context: EstateContext, label: str | None = None, *, whole: bool = False) -> AuditRun:
    """Return the newest run (with a label, of all hosts); CommandError when there is none."""
    try:
        run = load_latest(context.state, label, whole=whole)
    except AuditError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if run is not None:
        return run
    wanted = f"with the label {label!r} " if label else ""
    raise CommandError(
        f"{context.state / 'audits'}: no audit {wanted}{'of all hosts ' if whole else ''}yet; run "
        "`bastide audit run`",
        Exit.COULD_NOT_CHECK,
    )
