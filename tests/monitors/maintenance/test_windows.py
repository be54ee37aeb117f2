"""Windows of the inventory in a real Alertmanager: laid ahead, once, and taken away."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.maintenance_windows import LONGEST_WINDOW, MaintenanceWindow
from inventory.paths import SHIPPED_ESTATES, shipped
from monitors.maintenance.silences import Silence, Silences, SilencesError, SilenceState
from monitors.maintenance.windows import not_laid, reconcile
from monitors.web_api import WebApi
from tests.alertmanager_server import alertmanager

LAB = load_estate(SHIPPED_ESTATES / "lab")
ROLE = shipped("playbooks") / "roles" / "monitoring"


def estate(*windows: MaintenanceWindow) -> Estate:
    return LAB.model_copy(update={"windows": windows})


def window(
    now: datetime, begins: int, ends: int, scope: str = "velgora", why: str = "New router"
) -> MaintenanceWindow:
    """A window that begins and ends so many minutes from now."""
    start, end = (f"{now + timedelta(minutes=m):%Y-%m-%d %H:%M}" for m in (begins, ends))
    return MaintenanceWindow.model_validate(
        {"scope": scope, "why": why, "who": "Ana Ilić", "timezone": "Etc/UTC"}
        | {"once": {"start": start, "end": end}}
    )


def states(silences: tuple[Silence, ...]) -> list[SilenceState]:
    return sorted(silence.state for silence in silences)


@pytest.fixture
def silences(tmp_path: Path) -> Iterator[Silences]:
    with alertmanager(tmp_path) as api:
        yield Silences(api)


def test_without_alertmanager_nothing_is_laid_and_that_is_said() -> None:
    now = datetime.now(UTC)
    with pytest.raises(SilencesError):
        reconcile(Silences(WebApi("http://127.0.0.1:1")), estate(window(now, -5, 60)), now)


def test_windows_of_the_next_day_are_laid_once(silences: Silences) -> None:
    now = datetime.now(UTC)
    announced = estate(
        window(now, -5, 60, "velgora"),
        window(now, 120, 180, "kastrava"),
        window(now, 2000, 2060, "estate"),
        window(now, -60, -30, "estate"),
    )
    laid = reconcile(silences, announced, now)
    assert states(laid) == [SilenceState.ACTIVE, SilenceState.PENDING]
    assert {(s.by, s.comment) for s in laid} == {("Ana Ilić", "Maintenance window: New router")}
    assert reconcile(silences, announced, now + timedelta(seconds=15)) == laid
    assert not_laid(announced, laid, now, now + timedelta(days=1)) == ()
    (later,) = not_laid(announced, laid, now, now + timedelta(days=7))
    assert later.end == now.replace(second=0, microsecond=0) + timedelta(minutes=2060)


def test_a_window_that_is_taken_out_ends_and_one_that_moves_is_laid_anew(
    silences: Silences,
) -> None:
    now = datetime.now(UTC)
    reconcile(silences, estate(window(now, -5, 60), window(now, 60, 90, "central")), now)
    moved = reconcile(silences, estate(window(now, -5, 30), window(now, 70, 90, "central")), now)
    current = [s for s in moved if s.state is not SilenceState.EXPIRED]
    minute = now.replace(second=0, microsecond=0)
    assert sorted(s.end - minute for s in current) == [timedelta(minutes=m) for m in (30, 90)]
    assert len(moved) == 4
    gone = reconcile(silences, estate(), now)
    assert set(states(gone)) == {SilenceState.EXPIRED}


def test_what_a_person_ended_stays_ended(silences: Silences) -> None:
    now = datetime.now(UTC)
    announced = estate(window(now, -5, 60))
    (laid,) = reconcile(silences, announced, now)
    silences.end(laid.id)
    later = datetime.now(UTC)
    assert states(reconcile(silences, announced, later)) == [SilenceState.EXPIRED]


def test_what_people_silence_is_left_alone(silences: Silences) -> None:
    now = datetime.now(UTC)
    (laid,) = reconcile(silences, estate(window(now, -5, 60)), now)
    silences.end(laid.id)
    own = Silence(laid.matchers, now, now + timedelta(hours=1), "Ana Ilić", "New router")
    silences.add(own)
    assert SilenceState.ACTIVE in states(reconcile(silences, estate(), datetime.now(UTC)))


def test_two_windows_at_a_time_are_two_silences(silences: Silences) -> None:
    now = datetime.now(UTC)
    both = estate(window(now, -5, 60), window(now, -5, 60, why="New switch"))
    assert states(reconcile(silences, both, now)) == [SilenceState.ACTIVE] * 2
    assert states(reconcile(silences, estate(both.windows[0]), now)) == [
        SilenceState.ACTIVE,
        SilenceState.EXPIRED,
    ]


def test_what_was_ended_is_remembered_for_longer_than_any_window_lasts() -> None:
    arguments = (ROLE / "templates" / "alertmanager.default.j2").read_text(encoding="utf-8")
    (hours,) = re.findall(r"--data\.retention=(\d+)h ", arguments)
    assert timedelta(hours=int(hours)) > LONGEST_WINDOW
