"""Pages for paper and screen that need nothing else, in the looks of the audit's reports."""

from datetime import datetime
from functools import cache

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined

from bastide.support.durations import long_or_short
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
    if octets is None:
        return "unknown"
    for unit, of in (("GiB", 2**30), ("MiB", 2**20)):
        if octets >= of:
            return f"{octets / of:,.1f} {unit}"
    return f"{octets / 2**10:,.0f} KiB"


def _hours(hours: float) -> str:
    return f"{hours:g} h"
