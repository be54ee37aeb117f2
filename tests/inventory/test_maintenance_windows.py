"""When windows are open; what a file must not say is in cases/inventory/maintenance_*.yml."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inventory.load import estate_files, load_estate
from inventory.maintenance_windows import Opening, openings
from inventory.model.maintenance_windows import MaintenanceWindow
from inventory.source import Source, read_source
from tests.inventory.test_load import edited_lab


def parsed(file: Path) -> Any:
    """The data of a file, read as the estate's are: a date is text."""
    source = read_source(file)
    assert isinstance(source, Source)
    return source.data


CASES = parsed(Path(__file__).parent / "cases" / "maintenance_windows.yml")


def window(**fields: Any) -> MaintenanceWindow:
    common = {"scope": "velgora", "why": "New router", "who": "Ana Ilić"}
    return MaintenanceWindow.model_validate(common | fields)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_openings_are_real_time_by_the_windows_own_clock(case: dict[str, Any]) -> None:
    declared = window(**case["window"])
    expected = [Opening(moment(start), moment(end)) for start, end in case["openings"]]
    assert list(openings(declared, moment(case["since"]), moment(case["until"]))) == expected


def test_a_window_is_open_from_its_start_to_before_its_end() -> None:
    hour = window(timezone="Etc/UTC", once={"start": "2027-01-16 22:00", "end": "2027-01-16 23:00"})

    def is_open(now: datetime) -> bool:
        return any(openings(hour, now, now + timedelta(microseconds=1)))

    assert not is_open(moment("2027-01-16T21:59:59"))
    assert is_open(moment("2027-01-16T22:00"))
    assert is_open(moment("2027-01-16T22:59:59"))
    assert not is_open(moment("2027-01-16T23:00"))


@pytest.mark.parametrize(
    "scope",
    ["estate", "central", "velgora", "velgora-app", "velgora-switch", "velgora-permits"],
)
def test_all_that_alerts_are_about_is_a_scope(scope: str, tmp_path: Path) -> None:
    text = f"""
maintenance:
  - scope: {scope}
    why: New router
    who: Ana Ilić
    timezone: Europe/Belgrade
    once: {{start: 2027-01-16 22:00, end: 2027-01-17 02:00}}
"""
    folder = edited_lab(tmp_path, {"file": "maintenance.yml", "find": "ALL", "write": text})
    (declared,) = load_estate(folder).windows
    assert declared.scope == scope
    assert folder / "maintenance.yml" in estate_files(folder)
