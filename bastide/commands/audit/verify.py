"""`bastide audit verify`: what an auditor checks without trusting us."""

from pathlib import Path

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import own_of
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from monitors.audit.evidence.recompute import Recomputed, recompute
from monitors.audit.evidence.verify import BrokenError, Verified
from monitors.audit.evidence.verify import verify as verify_file

LISTED = 20


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@estate_option
@json_option
@click.option(
    "--fingerprint",
    "expected",
    help="The signing key that you were given beforehand (`bastide audit key` shows it).",
)
@click.option("--recompute", "judge_again", is_flag=True, help="Judge every bundle once more.")
def verify(
    file: Path,
    estate_name: str | None,
    as_json: bool,
    expected: str | None,
    judge_again: bool,
) -> int:
    """Check an evidence FILE offline (exit 1 names the broken record).

    It needs no estate; --recompute judges an estate's own controls where the estate is given.
    """
    try:
        verified = verify_file(file, expected)
        recomputed = recompute(verified, own_of(estate_name).checks) if judge_again else None
    except BrokenError as error:
        if as_json:
            print_json({"file": str(file), "holds": False, "first_broken": str(error)})
            return Exit.FINDINGS
        raise CommandError(
            f"{file}: BROKEN\n    first broken record: {error}\n    do: ask for the file again, "
            "from the machine that made it; believe nothing that this one says",
            Exit.FINDINGS,
        ) from None
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", Exit.COULD_NOT_CHECK) from None
    if as_json:
        print_json({"file": str(file), "holds": True, **_facts(verified, recomputed)})
    else:
        _show(file, verified, recomputed, trusted=expected is not None)
    return exit_of_recomputed(recomputed) if recomputed else Exit.WELL


def exit_of_recomputed(again: Recomputed) -> Exit:
    """Return findings when results differ, could-not-check when only other checks say so."""
    if not again.differing:
        return Exit.WELL
    return Exit.FINDINGS if again.same_checks else Exit.COULD_NOT_CHECK


def _facts(verified: Verified, again: Recomputed | None) -> dict[str, object]:
    facts: dict[str, object] = {
        "fingerprint": verified.fingerprint,
        "records": verified.records,
        "runs": verified.runs,
        "run": verified.link.record.model_dump(mode="json"),
    }
    if again:
        facts["recomputed"] = {
            "judged": again.judged,
            "differing": again.differing,
            "unasked": again.unasked,
            "same_checks": again.same_checks,
        }
    return facts


def _show(file: Path, verified: Verified, again: Recomputed | None, *, trusted: bool) -> None:
    record = verified.link.record
    click.echo(f"{file}: every record holds")
    rows = [
        ("run", f"{record.label} of estate {record.estate}, {record.started:%F %T} UTC"),
        ("records", f"{verified.records}, under run {record.number} of a chain of {verified.runs}"),
        ("signed by", verified.fingerprint + (", as you expected" if trusted else "")),
    ]
    if not trusted:
        rows.append(("", "compare it with the fingerprint that you were given beforehand"))
    for name, text in rows + (_recomputed_rows(again) if again else []):
        click.echo(f"  {name:<11} {text}")


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
