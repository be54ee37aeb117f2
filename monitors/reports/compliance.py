"""Writes the compliance report: one self-contained HTML page, and the same data as JSON."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from inventory.model import Estate
from monitors.reports.build import build
from monitors.reports.messages import Messages, load_messages
from monitors.reports.model import Report
from monitors.security.controls import ControlTable, load_controls
from monitors.security.results import AuditRun, stamp

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where a report was written."""

    html: Path
    json: Path


def write(
    estate: Estate,
    state: Path,
    before: AuditRun | None,
    after: AuditRun,
    folder: Path | None = None,
    table: ControlTable | None = None,
) -> ReportFiles:
    """Write the report on `after`, compared with `before`; equal inputs give equal files.

    `folder` defaults to `<state>/reports`. The files are named by the time of `after`.
    Raises OSError when they cannot be written.
    """
    report = build(estate, before, after, table or load_controls())
    into = folder or state / "reports"
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{stamp(after.started)}-compliance"
    files = ReportFiles(html=into / f"{name}.html", json=into / f"{name}.json")
    files.json.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
    files.html.write_text(render_html(report, load_messages()), encoding="utf-8")
    return files


def render_html(report: Report, messages: Messages) -> str:
    """Return the page; everything that came from a host or a person is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = _percent
    return environment.get_template("compliance.html.j2").render(report=report, t=messages)


def _percent(share: float | None) -> str:
    """Return a share in whole percent, rounded down: 99.9 % is not all."""
    return "\N{EN DASH}" if share is None else f"{int(share * 100 + 1e-9)} %"
