"""The HTML pages: one for the fleet, one for the frameworks, two a municipality.

Each page needs nothing else: no script, nothing from anywhere. Everything is escaped.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from monitors.audit.reports.findings import findings, mended
from monitors.audit.reports.messages import Messages
from monitors.audit.reports.model import ControlLine, MunicipalityReport, Report
from monitors.audit.reports.summary import summarize
from monitors.audit.reports.table_labels import labelled
from monitors.audit.reports.trend import draw

TEMPLATES = Path(__file__).with_name("templates")
FLEET, FRAMEWORKS = "fleet", "frameworks"
IN_SHORT = "in-short"
MINUTE, HOUR, DAY = 60, 3600, 86400


class Page(NamedTuple):
    """A rendered page, by the last part of its file's name."""

    name: str
    html: str


class Requirement(NamedTuple):
    """A control in one municipality: its row, and the hosts by the word of their outcome."""

    control: ControlLine
    hosts: dict[str, list[str]]


def render(
    report: Report, messages: Messages, *, whole: bool = True, linked: bool = True
) -> Iterator[Page]:
    """Yield the pages of a report: of fleet and frameworks if `whole`, two of every municipality.

    The second is one page on paper, for whoever answers for the municipality.

    Unless `linked`, as on paper, pages do not lead to each other.
    """
    environment = _environment(messages)
    controls = {control.id: control for control in report.controls}
    shared = {"report": report, "controls": controls, "linked": linked}
    for name in (FLEET, FRAMEWORKS) if whole else ():
        template = environment.get_template(f"{name}.html.j2")
        yield Page(name, labelled(template.render(shared)))
    full, short = (environment.get_template(f"{n}.html.j2") for n in ("municipality", "in_short"))
    for municipality in report.municipalities:
        values = shared | {"municipality": municipality, "s": summarize(report, municipality)}
        details = {
            "requirements": requirements(report, municipality),
            "findings": findings(municipality, controls),
            "mended": mended(municipality),
        }
        yield Page(municipality.file, labelled(full.render(values, **details)))
        yield Page(f"{municipality.file}-{IN_SHORT}", labelled(short.render(values)))


def requirements(report: Report, municipality: MunicipalityReport) -> tuple[Requirement, ...]:
    """Return the controls that were audited in a municipality, in the table's order."""
    hosts: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for host in municipality.hosts:
        for line in host.lines:
            hosts[line.control][line.word].append(host.host)
    return tuple(
        Requirement(control, dict(hosts[control.id]))
        for control in report.controls
        if control.id in hosts
    )


@cache
def _environment(messages: Messages) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = Figures(messages)
    filters: dict[str, Any] = {
        "percent": figures.percent,
        "lasts": figures.lasts,
        "names": figures.names,
        "signed": signed,
        "code": code,
        "date": lambda at: at.strftime("%Y-%m-%d"),
        "time": lambda at: at.strftime("%H:%M"),
    }
    environment.filters.update(filters)
    environment.globals.update(t=messages, draw=draw, points=figures.points, since=_since)
    return environment


class Figures:
    """Figures in a language's words."""

    def __init__(self, messages: Messages) -> None:
        self._t = messages

    def percent(self, share: float | None) -> str:
        """Return a share in whole percent, rounded down: 99.9% is not all."""
        if share is None:
            return self._t("no_value")
        return self._t("percent", number=math.floor(share * 100 + 1e-9))

    def lasts(self, seconds: float | None) -> str:
        """Return a duration in whole days, hours when it is less than two days, or minutes."""
        if seconds is None:
            return self._t("no_value")
        if seconds < MINUTE:
            return self._t("moment")
        unit, length = (
            ("days", DAY) if seconds >= 2 * DAY
            else ("hours", HOUR) if seconds >= 2 * HOUR
            else ("minutes", MINUTE)
        )  # fmt: skip
        return self._t(unit, count=math.floor(seconds / length))

    def points(self, before: float, after: float) -> int:
        """Return by how many whole percentage points the shown percentages differ."""
        return math.floor(after * 100 + 1e-9) - math.floor(before * 100 + 1e-9)

    def names(self, all_names: list[str] | tuple[str, ...], most: int = 12) -> str:
        """Return names in a row; of a long list the first, and how many more there are."""
        first = self._t("comma").join(all_names[:most])
        if len(all_names) <= most:
            return first
        return f"{first} {self._t('and_more', count=len(all_names) - most)}"


def signed(share: float) -> str:
    """Return a change of a share in percentage points, with its sign."""
    return f"{share * 100:+.1f}".replace("-", "\N{MINUS SIGN}")


def code(text: str) -> Markup:
    """Return a text in which what stands between backticks is marked as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup('<code dir="ltr">{}</code>').format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _since(moment: datetime, earlier: datetime) -> float:
    return (moment - earlier).total_seconds()
