"""Pages for paper and screen that need nothing else, in the looks of the audit's reports."""

from datetime import datetime
from functools import cache

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined

from bastide.support.durations import long_or_short
from bastide.support.sizes import size
from monitors.audit.reports.html import TEMPLATES


def page(template: str, **values: object) -> str:
    """Return a template of bastide/templates as HTML; everything is escaped."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("bastide", "templates"), FileSystemLoader(TEMPLATES)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=_day, lasts=long_or_short, size=_size, hours=_hours)
    return environment


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "never"


def _size(octets: float | None) -> str:
    return "unknown" if octets is None else size(octets)


def _hours(hours: float) -> str:
    return f"{hours:g} h"
