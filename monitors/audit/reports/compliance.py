"""Writes compliance reports: every format is a face of one `Report`.

A run's files lie in one folder named by its stamp, and each is named by the stamp too:
`<stamp>-fleet.html`, `-frameworks.html`, `-<municipality>.html`, `-<municipality>-in-short.html`
(one page, for the mayor) and the same as `.pdf`; `-compliance.json`, `.csv` and `.junit.xml`;
`-<municipality>-assessment-plan.json`, `-<municipality>-assessment-results.json` and
`-<municipality>-poam.json`. Equal inputs give equal files.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from inventory.model.estate import Estate
from monitors.audit.evidence.chain import ChainError, load_chain, position_of
from monitors.audit.history.model import History
from monitors.audit.model.controls import ControlTable
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import AuditRun
from monitors.audit.reports import csv, html, junit, pdf
from monitors.audit.reports.build import build, seal_of
from monitors.audit.reports.files import ReportFile, write_set
from monitors.audit.reports.messages import Messages, load_messages
from monitors.audit.reports.model import Report, Seal
from monitors.audit.reports.oscal import assessment_plan, assessment_results, plan_of_action
from monitors.audit.reports.oscal.parts import System


class Format(StrEnum):
    """A face of a report."""

    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    JUNIT = "junit"
    OSCAL = "oscal"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where a report was written: its first page, its data, and all files."""

    html: Path
    json: Path
    written: tuple[Path, ...]


class UnknownMunicipalityError(Exception):
    """A report on a municipality that has no host in the run."""


def write(
    estate: Estate,
    state: Path,
    before: AuditRun | None,
    after: AuditRun,
    folder: Path | None = None,
    table: ControlTable | None = None,
    history: History | None = None,
    rejudged: AuditRun | None = None,
) -> ReportFiles:
    """Write the pages and the data of the report on `after`, compared with `before`.

    `folder` defaults to `<state>/reports`; `rejudged` as in `build`. Raises OSError when they
    cannot be written.
    """
    report = build(
        estate,
        before,
        after,
        table or controls_of(estate.own),
        history,
        rejudged,
        seal_in(state, after),
    )
    formats = (Format.HTML, Format.JSON)
    written = write_report(report, folder or state / "reports", formats)
    into = (folder or state / "reports") / report.stamp
    return ReportFiles(
        html=into / f"{report.stamp}-{html.FLEET}.html",
        json=into / f"{report.stamp}-compliance.json",
        written=written,
    )


def seal_in(state: Path, run: AuditRun) -> Seal | None:
    """Return what seals a run in a state folder; None when nothing does, or its chain is broken."""
    try:
        chain = load_chain(state)
    except (ChainError, OSError):
        return None
    position = position_of(chain, run.started, run.label)
    return None if position is None else seal_of(chain[position])


def write_report(
    report: Report,
    folder: Path,
    formats: Collection[Format],
    only: frozenset[str] = frozenset(),
    language: str = "en",
) -> tuple[Path, ...]:
    """Write a report in some formats, of all or of `only` some municipalities; return where.

    Either all files are in place afterwards or none is changed. Raises UnknownMunicipalityError,
    CatalogueError (no such language), PdfError (a library is missing) or OSError.
    """
    return write_set(folder / report.stamp, render(report, formats, only, language))


@dataclass(frozen=True, slots=True)
class View:
    """What one set of files shows: all of a report, or one municipality's part of it."""

    report: Report
    messages: Messages
    name: str
    whole: bool

    def file(self, ending: str, content: bytes) -> ReportFile:
        """Return a file named by the run's stamp."""
        return ReportFile(f"{self.report.stamp}-{ending}", content)

    def pages(self, *, linked: bool) -> Iterator[html.Page]:
        """Yield the pages; those of one municipality alone lead nowhere else."""
        return html.render(
            self.report, self.messages, whole=self.whole, linked=linked and self.whole
        )


def render(
    report: Report, formats: Collection[Format], only: Collection[str] = (), language: str = "en"
) -> Iterator[ReportFile]:
    """Yield a report's files one by one, in the order of Format; equal reports give equal bytes."""
    messages = load_messages(language)
    views = (
        [
            View(part, messages, part.municipalities[0].file, whole=False)
            for part in _parts(report, only)
        ]
        if only
        else [View(report, messages, "compliance", whole=True)]
    )
    for emit in (EMITTERS[wanted] for wanted in Format if wanted in formats):
        for view in views:
            yield from emit(view)


def _parts(report: Report, only: Collection[str]) -> Iterator[Report]:
    """Yield the report narrowed to each of some municipalities: nothing of the others is in it."""
    reported = {municipality.id: municipality for municipality in report.municipalities}
    if unknown := sorted(set(only) - set(reported)):
        raise UnknownMunicipalityError(
            f"{', '.join(unknown)}: no host of it is in the audit of {report.stamp}; "
            f"there are: {', '.join(reported)}"
        )
    for municipality in (each for name, each in reported.items() if name in only):
        yield report.model_copy(
            update={
                "before": municipality.before,
                "after": municipality.after,
                "changes": None,
                "trend": municipality.trend,
                "municipalities": (municipality,),
                "common": (),
                "oldest": (),
                "repairs": (),
                "waivers": municipality.waivers,
                "frameworks": (),
            }
        )


def _html(view: View) -> Iterator[ReportFile]:
    for page in view.pages(linked=True):
        yield view.file(f"{page.name}.html", page.html.encode())


def _pdf(view: View) -> Iterator[ReportFile]:
    pages = list(view.pages(linked=False))
    for page, content in zip(pages, pdf.to_pdfs([page.html for page in pages]), strict=True):
        yield view.file(f"{page.name}.pdf", content)


def _csv(view: View) -> Iterator[ReportFile]:
    yield view.file(f"{view.name}.csv", csv.to_csv(view.report))


def _junit(view: View) -> Iterator[ReportFile]:
    yield view.file(f"{view.name}.junit.xml", junit.to_junit(view.report))


def _json(view: View) -> Iterator[ReportFile]:
    yield view.file(f"{view.name}.json", view.report.model_dump_json().encode() + b"\n")


def _oscal(view: View) -> Iterator[ReportFile]:
    controls = {control.id: control for control in view.report.controls}
    for municipality in view.report.municipalities:
        system = System(view.report, municipality, controls)
        for ending, document in (
            ("assessment-plan", assessment_plan(system)),
            ("assessment-results", assessment_results(system)),
            ("poam", plan_of_action(system)),
        ):
            if document is not None:
                text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
                yield ReportFile(system.file(ending), text.encode() + b"\n")


EMITTERS: Mapping[Format, Callable[[View], Iterator[ReportFile]]] = {
    Format.HTML: _html,
    Format.PDF: _pdf,
    Format.CSV: _csv,
    Format.JUNIT: _junit,
    Format.OSCAL: _oscal,
    Format.JSON: _json,
}
