"""`bastide audit`: what is proved of every host's hardening."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bastide.commands.controls import controls
from bastide.commands.evidence import key, verify
from bastide.errors import CommandError, Exit
from bastide.opened import Opened, open_estate
from bastide.options import Command, estate_option, json_option, print_json
from monitors.evidence.chain import ChainError
from monitors.evidence.inputs import InputsError
from monitors.reports import compliance
from monitors.security import audit as audits
from monitors.security import replay as replays
from monitors.security.bundle import BundleError
from monitors.security.declared import UndeclaredHostError
from monitors.security.results import AuditError, AuditRun, HostAudit, Outcome, load_latest
from monitors.security.score import score

BASELINE = "before"
LATEST = "after"


def dated(name: str, text: str) -> Callable[[Command], Command]:
    """Add an option that takes a day."""
    return click.option(name, type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help=text)


@click.group("audit")
def group() -> None:
    """What is proved: audit hosts over one exchange each, show, replay, report, verify."""


for command in (controls, verify, key):
    group.add_command(command)


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
    """Return could-not-check when any host could not be asked, findings when any control fails."""
    if any(host.problem for host in run.hosts):
        return Exit.COULD_NOT_CHECK
    counts = counts_of(run)
    return Exit.FINDINGS if counts["fail"] or counts["error"] else Exit.WELL


def _show(run: AuditRun, as_json: bool) -> int:
    if as_json:
        print_json({"counts": counts_of(run), "run": run.model_dump(mode="json")})
        return exit_of(run)
    table = Table("host", "outcome", title=f"{run.estate}: {run.label}, {run.started:%F %R} UTC")
    for host in run.hosts:
        table.add_row(host.host, summary_of(host), style="bold red" if host.problem else None)
    Console().print(table)
    for host in run.hosts:
        _show_bad(host)
    return exit_of(run)


def _show_bad(host: HostAudit) -> None:
    for result in host.results:
        unknown = result.outcome is Outcome.ERROR and not host.problem
        if result.outcome is Outcome.FAIL or unknown:
            outcome = "waived" if result.is_waived else result.outcome
            reason = result.reason.splitlines()[0] if result.reason else ""
            click.echo(f"  {host.host:<18} {result.control:<8} {outcome}: {reason}")


@group.command()
@estate_option
@json_option
@click.option("--host", "hosts", multiple=True, help="Only this host; may be given again.")
@click.option("--label", default="audit", show_default=True, help="A word to find the run by.")
def run(estate_name: str | None, as_json: bool, hosts: tuple[str, ...], label: str) -> int:
    """Audit the hosts now, in one SSH exchange each (exit 1 when a control fails)."""
    opened = open_estate(estate_name)
    try:
        done = audits.run_audit(opened.estate, opened.state, hosts or None, label)
    except UndeclaredHostError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    except audits.ResultsNotKeptError as error:
        _show(error.run, as_json)
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    except AuditError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    return _show(done, as_json)


@group.command()
@estate_option
@json_option
@click.option("--label", help="The newest run with this label.  [default: the newest run]")
def show(estate_name: str | None, as_json: bool, label: str | None) -> int:
    """Show the newest kept audit without touching a host."""
    return _show(_latest(open_estate(estate_name), label), as_json)


@group.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@estate_option
@json_option
@dated("--as-of", "Judge by the controls, waivers and inventory of that day.")
@dated("--controls", "Only the control set is that of the day.")
@dated("--waivers", "Only the waivers are those of the day.")
def replay(
    bundle: Path,
    estate_name: str | None,
    as_json: bool,
    as_of: datetime | None,
    controls: datetime | None,
    waivers: datetime | None,
) -> int:
    """Judge a kept BUNDLE again, by today's rules or a day's; touches no host."""
    opened = open_estate(estate_name)
    try:
        host = replays.replay(bundle, _basis(opened, as_of, controls, waivers))
    except (BundleError, UndeclaredHostError) as error:
        raise CommandError(f"{bundle}: {error}", Exit.WRONG_USE) from None
    except (InputsError, ChainError) as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if as_json:
        print_json(host.model_dump(mode="json"))
    else:
        click.echo(f"{host.host}: {summary_of(host)}")
        _show_bad(host)
    return Exit.WELL if host.good else Exit.FINDINGS


def _basis(
    opened: Opened,
    as_of: datetime | None,
    controls: datetime | None,
    waivers: datetime | None,
) -> replays.Basis:
    """Return what to judge by: today's, with those parts replaced that a day was given for."""
    if as_of:
        basis = replays.basis_on(opened.state, as_of.date())
    else:
        basis = replays.basis_today(opened.estate)
    if controls:
        then = replays.basis_on(opened.state, controls.date())
        basis = replace(basis, controls=then.controls)
    if waivers:
        then = replays.basis_on(opened.state, waivers.date())
        basis = replace(basis, waivers=then.waivers)
    return basis


@group.command()
@estate_option
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write.  [default: the state's reports/]",
)
def report(estate_name: str | None, folder: Path | None) -> int:
    """Write the compliance report, before and after hardening, as HTML and JSON."""
    opened = open_estate(estate_name)
    after = _latest(opened, None)
    before = load_latest(opened.state, BASELINE)
    written = compliance.write(
        opened.estate, opened.state, before, after, folder or opened.state / "reports"
    )
    click.echo(f"{written.html}\n{written.json}")
    return Exit.WELL


def _latest(opened: Opened, label: str | None) -> AuditRun:
    found = load_latest(opened.state, label)
    if found is None:
        wanted = f"with the label {label!r} " if label else ""
        raise CommandError(
            f"{opened.state / 'audits'}: no audit {wanted}yet; run `bastide audit run`",
            Exit.COULD_NOT_CHECK,
        )
    return found
