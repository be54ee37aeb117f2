"""Announced work that readers of a report should know of: nobody was notified while it went on."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from inventory.entries import owners
from inventory.frozen import Frozen
from inventory.maintenance_windows import Opening, openings
from inventory.model.estate import Estate
from inventory.model.maintenance_windows import MaintenanceWindow
from inventory.model.waivers import ESTATE_SCOPE
from monitors.audit.reports.model import WindowLine

REPORTED_DAYS = 30


class ReportWindow(Frozen):
    """A maintenance window and the tenant that it is about; None when it is the whole estate."""

    tenant: str | None
    window: MaintenanceWindow


def report_windows(estate: Estate) -> tuple[ReportWindow, ...]:
    """Return the estate's windows with their tenants."""
    by_name = owners(estate)
    return tuple(
        ReportWindow(tenant=by_name.get(window.scope), window=window) for window in estate.windows
    )


def window_lines(
    windows: Iterable[ReportWindow], tenant: str, now: datetime
) -> tuple[WindowLine, ...]:
    """Return the windows of a tenant that were open in the last REPORTED_DAYS, the newest first."""
    since = now - timedelta(days=REPORTED_DAYS)
    just_after = now + timedelta(microseconds=1)
    lines = (
        _line(entry.window, opened, since, now)
        for entry in windows
        if tenant == entry.tenant or entry.window.scope == ESTATE_SCOPE
        if (opened := tuple(openings(entry.window, since, just_after)))
    )
    return tuple(sorted(lines, key=lambda line: (line.last_end, line.scope), reverse=True))


def _line(
    window: MaintenanceWindow, opened: tuple[Opening, ...], since: datetime, now: datetime
) -> WindowLine:
    reported = (min(o.end, now) - max(o.start, since) for o in opened)
    return WindowLine(
        scope=window.scope,
        why=window.why,
        who=window.who,
        openings=len(opened),
        seconds=sum(length.total_seconds() for length in reported),
        last_start=opened[-1].start,
        last_end=opened[-1].end,
        open=opened[-1].end > now,
    )
