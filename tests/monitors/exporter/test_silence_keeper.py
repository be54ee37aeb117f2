"""What is in maintenance, as Prometheus reads it, with and without an Alertmanager."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory.entries import services
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.maintenance_windows import MaintenanceWindow
from inventory.paths import SHIPPED_ESTATES
from monitors.exporter.silence_keeper import SilenceKeeper
from monitors.maintenance.scopes import EVERY_ALERT
from monitors.maintenance.silences import (
    ACKNOWLEDGED_COMMENT,
    Matcher,
    Silence,
    Silences,
    SilencesError,
)
from monitors.web_api import WebApi
from tests.alertmanager_server import alertmanager, fire
from tests.monitors.exposed import exposed

LAB = load_estate(SHIPPED_ESTATES / "lab")
NOWHERE = WebApi("http://127.0.0.1:1")
SUCCESS = 'bastide_collector_success{collector="maintenance"}'


def announcing(scope: str = "velgora") -> Estate:
    """The lab with a window from an hour ago to in an hour."""
    start, end = (
        f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%d %H:%M}" for hours in (-1, 1)
    )
    window = {
        **{"scope": scope, "why": "New router", "who": "Ana Ilić", "timezone": "Etc/UTC"},
        "once": {"start": start, "end": end},
    }
    return LAB.model_copy(update={"windows": (MaintenanceWindow.model_validate(window),)})


def metrics(keeper: SilenceKeeper) -> dict[str, float]:
    lines = exposed(keeper.collect()).splitlines()
    return {name: float(value) for name, value in (s.rsplit(" ", 1) for s in lines if s[0] != "#")}


def in_maintenance(keeper: SilenceKeeper) -> set[str]:
    return {
        name.split('service="')[1].split('"')[0]
        for name, value in metrics(keeper).items()
        if name.startswith("bastide_service_in_maintenance") and value
    }


def test_without_an_answer_windows_count_all_the_same_and_the_failure_is_a_metric(
    caplog: pytest.LogCaptureFixture,
) -> None:
    keeper = SilenceKeeper(announcing, NOWHERE)
    keeper.keep()
    keeper.keep()
    assert metrics(keeper)[SUCCESS] == 0
    assert in_maintenance(keeper) == {"velgora-permits"}
    assert len(caplog.records) == 1


def test_a_failure_of_ours_is_one_too(caplog: pytest.LogCaptureFixture) -> None:
    keeper = SilenceKeeper(lambda: 1 / 0, "http://127.0.0.1:1")  # type: ignore[arg-type, return-value]
    keeper.keep()
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("scope", "services"),
    [
        ("estate", {entry.name for entry in services(LAB)}),
        ("velgora-app", {"velgora-permits"}),
        ("velgora-permits", {"velgora-permits"}),
        ("velgora-files", set()),
        ("central", set()),
    ],
)
def test_a_service_is_in_maintenance_with_its_host_its_municipality_and_the_estate(
    scope: str, services: set[str]
) -> None:
    assert in_maintenance(SilenceKeeper(lambda: announcing(scope), None)) == services


@pytest.mark.parametrize("host", ["app", "files"])
def test_a_service_of_several_hosts_is_in_maintenance_with_each_of_them(host: str) -> None:
    estate = announcing(f"velgora-{host}")
    *others, town = estate.municipalities
    permits, *more = town.services
    on_two = permits.model_copy(update={"hosts": ("app", "files")})
    changed = town.model_copy(update={"services": (on_two, *more)})
    estate = estate.model_copy(update={"municipalities": (*others, changed)})
    assert "velgora-permits" in in_maintenance(SilenceKeeper(lambda: estate, None))


def test_every_service_has_a_sample_when_nothing_is_in_maintenance() -> None:
    values = metrics(SilenceKeeper(lambda: LAB, None))
    told = [value for name, value in values.items() if name.startswith("bastide_service_in_maint")]
    assert told == [0.0] * len(list(services(LAB)))


def test_when_it_ends_is_told_by_scope(tmp_path: Path) -> None:
    with alertmanager(tmp_path) as api:
        keeper = SilenceKeeper(announcing, api)
        keeper.keep()
        values = metrics(keeper)
        assert values[SUCCESS] == 1
        (name,) = (key for key in values if key.startswith("bastide_maintenance_end"))
        assert 'kind="window",municipality="velgora",scope="velgora"' in name
        left = values[name] - datetime.now(UTC).timestamp()
        assert 59 * 60 - 1 <= left <= 60 * 60
        assert len(Silences(api).list()) == 1


def test_a_silence_by_hand_is_maintenance_and_an_acknowledgement_is_not(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    matchers = (*EVERY_ALERT, Matcher("service", "velgora-permits"))
    by_hand = Silence(matchers, now, now + timedelta(hours=1), "Ana Ilić", "new version")
    exact = (Matcher("alertname", "ServiceDown"), Matcher("service", "velgora-permits"))
    taken = Silence(
        exact, now, by_hand.end, "Ana Ilić", f"{ACKNOWLEDGED_COMMENT}ServiceDown velgora-permits"
    )
    with alertmanager(tmp_path) as api:
        keeper = SilenceKeeper(lambda: LAB, api)
        Silences(api).add(taken)
        keeper.keep()
        assert in_maintenance(keeper) == set()
        silence_id = Silences(api).add(by_hand)
        keeper.keep()
        assert in_maintenance(keeper) == {"velgora-permits"}
        Silences(api).end(silence_id)
        keeper.keep()
        assert in_maintenance(keeper) == set()


def test_the_watchdogs_that_alertmanager_holds_are_told_and_nothing_else(tmp_path: Path) -> None:
    with alertmanager(tmp_path) as api:
        for name, municipality in (("Watchdog", "velgora"), ("Watchdog", "central"), ("X", "y")):
            fire(api, name, municipality=municipality)
        assert SilenceKeeper(lambda: LAB, api).watchdogs() == ["central", "velgora"]


def test_watchdogs_that_nobody_could_ask_for_are_no_answer() -> None:
    with pytest.raises(SilencesError, match="Connection refused"):
        SilenceKeeper(lambda: LAB, NOWHERE).watchdogs()
    with pytest.raises(SilencesError, match="--alertmanager"):
        SilenceKeeper(lambda: LAB, None).watchdogs()
