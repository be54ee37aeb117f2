"""An audit's results as lines and tables, and the exit status that they mean."""

from collections.abc import Iterable, Sequence

import click

from bastide.support.errors import Exit
from bastide.support.output import print_json, print_table, row
from monitors.audit.model.results import AuditRun, HostAudit, Outcome
from monitors.audit.model.score import score


def describe(host: HostAudit) -> str:
    """Return one host's results in a line."""
    if host.problem:
        return host.problem
    total = score(host.results)
    counts = ", ".join(f"{total.counts[outcome]} {outcome}" for outcome in Outcome)
    proved = "nothing applies" if total.proved is None else f"score {total.proved:.0%}"
    return f"{proved}: {counts}"


def counts_of(hosts: Iterable[HostAudit]) -> dict[str, int]:
    """Return how many results of each outcome the hosts have together."""
    total = score(result for host in hosts for result in host.results)
    return {outcome.value: total.counts[outcome] for outcome in Outcome}


def exit_of(hosts: Sequence[HostAudit]) -> Exit:
    """Return could-not-check when a host could not be asked, findings when a control fails.

    A failure under a waiver in force is no finding.
    """
    if any(host.problem for host in hosts):
        return Exit.COULD_NOT_CHECK
    return Exit.WELL if all(host.good for host in hosts) else Exit.FINDINGS


def show_run(run: AuditRun, as_json: bool) -> int:
    """Print a run for people or programs; return the exit status that it means."""
    if as_json:
        print_json(
            {
                "counts": counts_of(run.hosts),
                "coverage": coverage_of(run),
                "run": run.model_dump(mode="json"),
            }
        )
        return exit_of(run.hosts)
    print_table(
        ("host", "level", "outcome"),
        (
            row(host.host, host.level or "", describe(host), bad=bool(host.problem))
            for host in run.hosts
        ),
        title=f"{run.estate}: {run.label}, {run.started:%F %R} UTC",
    )
    for host in run.hosts:
        show_failures(host)
    click.echo(describe_coverage(run))
    return exit_of(run.hosts)


def coverage_of(run: AuditRun) -> dict[str, object]:
    """Return how many hosts could be audited of how many, and which are only watched."""
    watched = [host.host for host in run.watched]
    return {"audited": run.asked, "hosts": run.declared, "watched": watched}


def describe_coverage(run: AuditRun) -> str:
    """Return in a line how many hosts were audited, and why the others were not."""
    silent = [host.host for host in run.hosts if host.problem]
    parts = [f"{run.asked} of {run.declared} hosts audited"]
    if silent:
        parts.append(f"could not be asked: {', '.join(silent)}")
    if run.watched:
        names = ", ".join(host.host for host in run.watched)
        parts.append(f"at level watch, not logged in to: {names}")
    return "; ".join(parts)


def show_newest(newest: Sequence[tuple[AuditRun, HostAudit]], as_json: bool) -> int:
    """Print each host's results with the run they are of; return the exit status they mean."""
    hosts = [host for _, host in newest]
    if as_json:
        values = [
            {"label": run.label, "started": run.started, **host.model_dump(mode="json")}
            for run, host in newest
        ]
        print_json({"counts": counts_of(hosts), "hosts": values})
        return exit_of(hosts)
    print_table(
        ("host", "audited (UTC)", "run", "outcome"),
        (
            row(
                host.host,
                f"{run.started:%F %R}",
                run.label,
                describe(host),
                bad=bool(host.problem),
            )
            for run, host in newest
        ),
    )
    for host in hosts:
        show_failures(host)
    return exit_of(hosts)


def show_failures(host: HostAudit) -> None:
    """Print what does not pass on a host that could be asked, a line each."""
    for result in host.results:
        unknown = result.outcome is Outcome.ERROR and not host.problem
        if result.outcome is Outcome.FAIL or unknown:
            outcome = "waived" if result.is_waived else result.outcome
            reason = result.reason.splitlines()[0] if result.reason else ""
            click.echo(f"  {host.host:<18} {result.control:<8} {outcome}: {reason}")
