"""`bastide audit report`: what auditors and mayors read, and the evidence under it."""

from pathlib import Path

import click

from bastide.actions import audit
from bastide.actions.newest_audits import newest_run
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.options import check_label, estate_option, label_option
from monitors.audit.archive.runs import AuditError, load_latest, load_previous
from monitors.audit.archive.stamps import stamp
from monitors.audit.evidence.package import write_package
from monitors.audit.history.database import StoreError
from monitors.audit.history.model import History
from monitors.audit.model.results import AuditRun
from monitors.audit.reports import compliance
from monitors.audit.reports.compliance import Format, UnknownMunicipalityError
from monitors.audit.reports.messages import CatalogueError
from monitors.audit.reports.pdf import PdfError

PREVIOUS = "previous"
EVIDENCE = "evidence"
FORMATS = (*(one.value for one in Format), EVIDENCE)
DEFAULT = (Format.HTML.value, Format.JSON.value)


@click.command()
@estate_option
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice((*FORMATS, "all")),
    default=DEFAULT,
    show_default=True,
    help="May be given again; evidence: all records, signed, with the other formats given.",
)
@click.option("--municipality", "only", multiple=True, help="Only this one; nothing of others.")
@label_option("Of the newest run of all hosts with this label.  [default: of any]")
@click.option(
    "--compare",
    default=audit.BEFORE_HARDENING,
    show_default=True,
    callback=check_label,
    metavar="WORD",
    help="With the newest run of this label; `previous`: with the run before.",
)
@click.option("--language", default="en", show_default=True, help="Of the texts, as BCP 47 tag.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write.  [default: the state's reports/]",
)
def report(
    estate_name: str | None,
    formats: tuple[str, ...],
    only: tuple[str, ...],
    label: str | None,
    compare: str,
    language: str,
    folder: Path | None,
) -> int:
    """Write the compliance report, for people and programs."""
    context = estate_context(estate_name)
    wanted = set(FORMATS) if "all" in formats else set(formats)
    if EVIDENCE in wanted and only:
        raise CommandError(
            "evidence is of a whole run: leave out --municipality, or ask for other formats",
            Exit.WRONG_USE,
        )
    after = newest_run(context, label, whole=True)
    into = folder or context.state / "reports"
    try:
        before = _earlier(context, compare, after)
        source = audit.report_source(context, before, after, _history(context))
        pages = wanted - {EVIDENCE}
        written = _write(source, pages, only, language, into)
        if EVIDENCE in wanted:
            members = {file.name: file.read_bytes() for file in written}
            basis = source.basis(context.state, pages, language) if pages else None
            beside = into / stamp(after.started)
            package = write_package(after, context.state, members, beside, basis)
            written = (*written, package)
    except (UnknownMunicipalityError, CatalogueError) as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    except (PdfError, AuditError, *audit.NOT_SEALED) as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    click.echo("\n".join(str(file) for file in written))
    return Exit.WELL


def _earlier(context: EstateContext, compare: str, after: AuditRun) -> AuditRun | None:
    if compare == PREVIOUS:
        return load_previous(context.state, after)
    return load_latest(context.state, compare)


def _write(
    source: audit.ReportSource,
    formats: set[str],
    only: tuple[str, ...],
    language: str,
    into: Path,
) -> tuple[Path, ...]:
    return compliance.write_report(
        source.report,
        into,
        {Format(name) for name in formats},
        frozenset(only),
        language,
    )


def _history(context: EstateContext) -> History | None:
    """Return the history; a report without it is still a report, and says so at the terminal."""
    try:
        return audit.history(context)
    except StoreError as error:
        click.echo(f"  without history: {error}", err=True)
        return None
