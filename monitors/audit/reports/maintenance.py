"""Announced work that readers of a report should know of: nobody was notified while it went on."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from inventory.entries import devices, hosts, services, tenants
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
    owners = dict(_owners(estate))
    return tuple(
        ReportWindow(tenant=owners.get(window.scope), window=window) for window in estate.windows
    )


def _owners(estate: Estate) -> Iterator[tuple[str, str]]:
    yield from ((tenant.id, tenant.id) for tenant in tenants(estate))
    yield from ((entry.name, entry.tenant.id) for entry in hosts(estate))
    yield from ((entry.name, entry.tenant.id) for entry in devices(estate))
    yield from ((entry.name, entry.tenant.id) for entry in services(estate))


def window_lines(
    windows: Iterable[ReportWindow], tenant: str, now: datetime
) -> tuple[WindowLine, ...]:
    """Return the windows of a tenant that were open in the last REPORTED_DAYS, the newest first."""
    lines = (
        _line(entry.window, opened, now)
        for entry in windows
        if tenant == entry.tenant or entry.window.scope == ESTATE_SCOPE
        if (opened := _opened(entry.window, now))
    )
    return tuple(sorted(lines, key=lambda line: (line.last_end, line.scope), reverse=True))


def _opened(window: MaintenanceWindow, now: datetime) -> tuple[Opening, ...]:
    since = now - timedelta(days=REPORTED_DAYS)
    return tuple(openings(window, since, now + timedelta(microseconds=1)))


def _line(window: MaintenanceWindow, opened: tuple[Opening, ...], now: datetime) -> WindowLine:
    since = now - timedelta(days=REPORTED_DAYS)
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
