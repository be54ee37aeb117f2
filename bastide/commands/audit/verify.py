"""`bastide audit verify`: what an auditor checks without trusting us."""

from dataclasses import asdict
from pathlib import Path

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import own_of
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from monitors.audit.evidence.recompute import Recomputed, recompute
from monitors.audit.evidence.signing import is_fingerprint
from monitors.audit.evidence.stamped import Stamped, stamp_of
from monitors.audit.evidence.verify import BrokenError, Verified
from monitors.audit.evidence.verify import verify as verify_file
from monitors.audit.evidence.witness import Testimony, compare
from monitors.audit.reports.recompute import RecomputedReports, recompute_reports
from monitors.text import escaped_line

LISTED = 20


def _checked_fingerprint(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Return a fingerprint as it is; wrong use when it is no whole one."""
    if text is None or is_fingerprint(text):
        return text
    raise click.BadParameter("expected 64 hexadecimal digits, as `bastide audit key` shows them")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@estate_option
@json_option
@click.option(
    "--fingerprint",
    "expected",
    callback=_checked_fingerprint,
    help="The signing key that you were given beforehand (`bastide audit key` shows it).",
)
@click.option(
    "--witness",
    "log",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="LOG",
    help="The witness's log: names a chain that was cut back, told in two ways or dated back.",
)
@click.option(
    "--time-stamp-authority",
    "authority",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="PEM",
    help="The certificates of who stamped the run's time (RFC 3161).",
)
@click.option(
    "--recompute",
    "judge_again",
    is_flag=True,
    help="Judge every bundle and write every report once more.",
)
def verify(
    file: Path,
    estate_name: str | None,
    as_json: bool,
    expected: str | None,
    log: Path | None,
    authority: Path | None,
    judge_again: bool,
) -> int:
    """Check an evidence FILE offline (exit 1 names the broken record).

    It needs no estate; --recompute judges an estate's own controls where the estate is given.
    """
    try:
        verified = verify_file(file, expected)
        stamped = stamp_of(verified, authority)
        testimony = compare(verified.chain, log.read_bytes()) if log else None
        recomputed = recompute(verified, own_of(estate_name).checks) if judge_again else None
        reports = recompute_reports(verified) if judge_again else None
    except BrokenError as error:
        broken = escaped_line(str(error))
        if as_json:
            print_json({"file": str(file), "holds": False, "first_broken": broken})
            return Exit.FINDINGS
        raise CommandError(
            f"{file}: BROKEN\n    first broken record: {broken}\n    do: ask for the file again, "
            "from the machine that made it; believe nothing that this one says",
            Exit.FINDINGS,
        ) from None
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", Exit.COULD_NOT_CHECK) from None
    if as_json:
        print_json(
            {
                "file": str(file),
                "holds": True,
                **_facts(verified, stamped, testimony, recomputed, reports),
            }
        )
    else:
        _show(file, verified, stamped, testimony, recomputed, reports)
    if stamped.problem or (testimony and testimony.problems):
        return Exit.FINDINGS
    return exit_of_recomputed(recomputed, reports)


def exit_of_recomputed(again: Recomputed | None, reports: RecomputedReports | None = None) -> Exit:
    """Return findings when a result or report differs.

    Could-not-check when only other checks or another program say so, or nothing tells what a
    report rests on.
    """
    differing = [
        (again.differing, again.same_checks) if again else ((), True),
        (reports.differing, reports.same_program) if reports else ((), True),
    ]
    if any(names and same for names, same in differing):
        return Exit.FINDINGS
    if any(names for names, _ in differing) or (reports and reports.unwritten):
        return Exit.COULD_NOT_CHECK
    return Exit.WELL


def _facts(
    verified: Verified,
    stamped: Stamped,
    testimony: Testimony | None,
    again: Recomputed | None,
    reports: RecomputedReports | None,
) -> dict[str, object]:
    facts: dict[str, object] = {
        "fingerprint": verified.fingerprint,
        "fingerprint_compared": verified.compared,
        "records": verified.records,
        "runs": verified.runs,
        "run": verified.link.record.model_dump(mode="json"),
        "time_stamp": asdict(stamped),
    }
    if testimony:
        facts["witness"] = asdict(testimony)
    if again:
        facts["recomputed"] = {
            "judged": again.judged,
            "differing": again.differing,
            "unasked": again.unasked,
            "same_checks": again.same_checks,
        }
    if reports:
        facts["reports"] = asdict(reports)
    return facts


def _show(
    file: Path,
    verified: Verified,
    stamped: Stamped,
    testimony: Testimony | None,
    again: Recomputed | None,
    reports: RecomputedReports | None,
) -> None:
    record = verified.link.record
    click.echo(f"{file}: every record holds")
    rows = [
        ("run", f"{record.label} of estate {record.estate}, {record.started:%F %T} UTC"),
        ("records", f"{verified.records}, under run {record.number} of a chain of {verified.runs}"),
        ("signed by", verified.fingerprint + (", as you expected" if verified.compared else "")),
    ]
    if not verified.compared:
        rows.append(("", "compare it with the fingerprint that you were given beforehand"))
    rows += [("time stamp", words) for words in (stamped.problem or stamped.words,) if words]
    rows += _witness_rows(testimony, verified.runs) if testimony else []
    rows += _recomputed_rows(again) if again else []
    rows += _report_rows(reports) if reports else []
    for name, text in rows:  # a forger's own words must not look like ours
        click.echo(f"  {name:<11} {escaped_line(text)}")


def _witness_rows(testimony: Testimony, runs: int) -> list[tuple[str, str]]:
    rows = [("witness", f"saw {testimony.seen} of the {runs} runs of the chain")]
    rows += [("", problem) for problem in testimony.problems]
    if testimony.unseen_before:
        before = f"{testimony.unseen_before} runs before it began to watch this chain"
        rows.append(("", f"it did not see {before}: their times are the machine's own word"))
    if testimony.later:
        newest = f"run {testimony.newest}, which it saw at {testimony.newest_received:%F %T} UTC"
        rows.append(("", f"later runs that it saw: {testimony.later}; the newest is {newest}"))
    return rows


def _recomputed_rows(again: Recomputed) -> list[tuple[str, str]]:
    outcome = f"{len(again.differing)} differ" if again.differing else "all the same"
    rows = [("recomputed", f"{again.judged} results judged again: {outcome}")]
    rows += [("", text) for text in again.differing[:LISTED]]
    if len(again.differing) > LISTED:
        rows.append(("", f"and {len(again.differing) - LISTED} more"))
    if not again.same_checks:
        rows.append(
            ("", "by other checks than the run: judge with the Bastide that made it, and --estate")
        )
    if again.unasked:
        rows.append(("", f"could not be asked, so not judged: {', '.join(again.unasked)}"))
    return rows


def _report_rows(reports: RecomputedReports) -> list[tuple[str, str]]:
    outcome = f"{len(reports.differing)} differ" if reports.differing else "all the same"
    rows = [("reports", f"{reports.written} files written again: {outcome}")]
    rows += [("", name) for name in reports.differing]
    if reports.differing and not reports.same_program:
        rows.append(("", "by another program or printer: use the Bastide that made them"))
    rows += [
        ("", f"{name}: nothing in the file tells what it rests on") for name in reports.unwritten
    ]
    rows += [("", f"not proved by this file: {text}") for text in reports.unproved]
    return rows
