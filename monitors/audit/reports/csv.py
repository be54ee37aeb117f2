"""CSV: one row a host and control, for spreadsheets and databases (RFC 4180, UTF-8 with a mark).

Words are those of the data, not of a language. A cell that a spreadsheet would calculate gets an
apostrophe in front (OWASP, CSV injection).
"""

import csv
import io
from collections.abc import Iterator

from monitors.audit.model.controls import FrameworkReferences
from monitors.audit.reports.model import ControlLine, HostReport, Line, MunicipalityReport, Report

# The mark tells Excel that names of towns are UTF-8.
ENCODING = "utf-8-sig"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
FRAMEWORKS = tuple(FrameworkReferences.model_fields)
HEADINGS = (
    "audited",
    "municipality",
    "host",
    "control",
    "title",
    "severity",
    "outcome_before",
    "outcome",
    "waived",
    "reason",
    "failing_since",
    "last_good",
    "waiver_expires",
    "waiver_owner",
    "waiver_approver",
    "bundle_sha256",
    "level",
    "origin",
    *FRAMEWORKS,
)


def to_csv(report: Report) -> bytes:
    """Return every result of a report as a row under HEADINGS; times are UTC (ISO 8601)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    writer.writerows(_rows(report))
    return text.getvalue().encode(ENCODING)


def _rows(report: Report) -> Iterator[list[str]]:
    controls = {control.id: control for control in report.controls}
    audited = _cell(report.after_run.started)
    for municipality in report.municipalities:
        for host in municipality.hosts:
            for line in host.lines:
                yield [audited, *_row(municipality, host, line, controls[line.control])]


def _row(
    municipality: MunicipalityReport, host: HostReport, line: Line, control: ControlLine
) -> list[str]:
    waiver = line.waiver
    values = (
        municipality.id,
        host.host,
        line.control,
        control.title,
        line.severity,
        line.before,
        line.outcome,
        "yes" if line.waived else "no",
        line.reason,
        line.since,
        line.last_good,
        waiver and waiver.expires,
        waiver and waiver.owner,
        waiver and waiver.approver,
        host.source and host.source.sha256,
        host.level,
        control.origin,
        *(" ".join(getattr(control.references, key)) for key in FRAMEWORKS),
    )
    return [_cell(value) for value in values]


def _cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
