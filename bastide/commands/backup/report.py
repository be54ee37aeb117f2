"""`bastide backup report`: what each service promises, and what drills have proved of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from bastide.actions import audit, proof_output
from bastide.actions.newest_audits import newest_run
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json
from inventory.files import write_whole
from monitors.audit.archive.runs import AuditError
from monitors.audit.archive.stamps import stamp
from monitors.audit.evidence.package import write_package
from monitors.audit.host_files import newest_content
from monitors.audit.reports.pdf import PdfError, to_pdf
from monitors.continuity.plan_states import read_plan_states
from monitors.continuity.proofs import ServiceProof, proofs

EVIDENCE = "evidence"
FORMATS = ("html", "pdf", "json", EVIDENCE)
Found = tuple[ServiceProof, ...]


@click.command()
@estate_option
@json_option
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    help="Write a file too; evidence: the report, all drills that it rests on and the newest "
    "audit of all hosts, signed as that is. May be repeated.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write.  [default: the state's reports/]",
)
def report(
    estate_name: str | None, as_json: bool, formats: tuple[str, ...], folder: Path | None
) -> int:
    """Say what each service promises, and what is proved (exit 1: not all).

    Of each plan the newest drill: RPO and RTO measured, depth, date and file; and how many were
    clean in a row, with the share of restores that may fail all the same (95 % confidence): nearly
    3 in N after N clean ones. `bastide audit verify` checks the evidence offline.
    """
    context, now = estate_context(estate_name), datetime.now(UTC)
    states = read_plan_states(context.state, context.estate, newest_content)
    found = proofs(context.estate, context.state, states, now)
    if as_json:
        print_json(proof_output.values(context, found, now))
    else:
        proof_output.show(found)
    for file in _write(context, found, frozenset(formats), folder, now):
        click.echo(str(file), err=as_json)
    return Exit.WELL if all(p.proved or not p.plans for p in found) else Exit.FINDINGS


def _write(
    context: EstateContext,
    found: Found,
    formats: frozenset[str],
    folder: Path | None,
    now: datetime,
) -> Iterator[Path]:
    into = folder or context.state / "reports"
    try:
        pages = dict(_pages(context, found, formats, now))
        for name, content in pages.items() if formats - {EVIDENCE} else ():
            path = into / f"{stamp(now)}-{context.estate.estate}-{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content, mode=0o600)
            yield path
        if EVIDENCE in formats:
            yield _evidence(context, found, pages, into / f"{stamp(now)}-continuity")
    except (PdfError, AuditError, *audit.NOT_SEALED) as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None


def _pages(
    context: EstateContext, found: Found, formats: frozenset[str], now: datetime
) -> Iterator[tuple[str, bytes]]:
    """Yield the report's files that were asked for; with evidence the page and JSON at least."""
    html = proof_output.html(context, found, now)
    if formats & {"html", EVIDENCE}:
        yield "continuity.html", html.encode()
    if formats & {"json", EVIDENCE}:
        values = proof_output.values(context, found, now)
        yield "continuity.json", json.dumps(values, indent=1, ensure_ascii=False).encode()
    if "pdf" in formats:
        yield "continuity.pdf", to_pdf(html)


def _evidence(context: EstateContext, found: Found, pages: dict[str, bytes], folder: Path) -> Path:
    """Write the signed file: the newest audit's records, the report, every drill that it names."""
    run = newest_run(context, whole=True)
    drills = {
        f"drills/{evidence.file.name}": evidence.file.read_bytes()
        for proof in found
        for plan in proof.plans
        for evidence in plan.evidence
    }
    return write_package(run, context.state, {**pages, **drills}, folder)
