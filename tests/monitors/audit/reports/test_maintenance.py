"""Maintenance windows in reports: whose they are, how often and how long they were open."""

from datetime import timedelta

import pytest

from inventory.model.maintenance_windows import MaintenanceWindow
from monitors.audit.reports.maintenance import REPORTED_DAYS, report_windows, window_lines
from monitors.audit.reports.model import WindowLine
from tests.monitors.audit.reports.sample_reports import NOW, window, with_windows

HOUR = timedelta(hours=1)


def lines(tenant: str, *windows: MaintenanceWindow) -> tuple[WindowLine, ...]:
    return window_lines(report_windows(with_windows(*windows)), tenant, NOW)


@pytest.mark.parametrize(
    ("scope", "concerned"),
    [
        ("estate", {"central", "velgora", "kastrava"}),
        ("velgora", {"velgora"}),
        ("velgora-app", {"velgora"}),
        ("central-ops", {"central"}),
        ("somebody-gone", set()),
    ],
)
def test_a_window_is_in_the_reports_of_those_that_it_is_about(
    scope: str, concerned: set[str]
) -> None:
    open_now = window(scope, NOW - HOUR, 2)
    assert {t for t in ("central", "velgora", "kastrava") if lines(t, open_now)} == concerned


@pytest.mark.parametrize(
    ("hours_ago", "length", "openings", "hours", "is_open"),
    [
        (-1, 2, 0, 0, False),  # it comes later
        (1, 3, 1, 1, True),  # of an open one only what is over counts
        (2, 1, 1, 1, False),
        (24 * REPORTED_DAYS + 1, 2, 1, 1, False),  # of one that began before, only the rest
        (24 * REPORTED_DAYS + 2, 1, 0, 0, False),
    ],
)
def test_only_what_is_over_and_not_long_ago_counts(
    hours_ago: int, length: int, openings: int, hours: int, is_open: bool
) -> None:
    start = (NOW - hours_ago * HOUR).replace(second=0, microsecond=0)
    found = lines("velgora", window("velgora", start, length))
    assert len(found) == openings
    for line in found:
        assert round(line.seconds / 3600) == hours
        assert line.open is is_open


def test_a_repeated_window_is_one_line_with_its_number() -> None:
    weekly = {"days": ["monday"], "start": "22:00", "end": "02:00"}
    window_of_mondays = {
        "scope": "velgora",
        "why": "updates",
        "who": "Ana",
        "timezone": "UTC",
        "weekly": {**weekly, "first": "2026-01-01", "last": "2026-12-31"},
    }
    found = MaintenanceWindow.model_validate(window_of_mondays)
    (line,) = lines("velgora", found)
    assert (line.openings, line.seconds) == (5, 5 * 4 * 3600.0)
    assert line.last_end < NOW


def test_the_newest_comes_first() -> None:
    old, new = (
        window(name, NOW - ago, 1) for name, ago in (("estate", 30 * HOUR), ("velgora", 3 * HOUR))
    )
    assert [line.scope for line in lines("velgora", old, new)] == ["velgora", "estate"]
