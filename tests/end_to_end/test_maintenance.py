"""A core switch that dies in its maintenance window, and does not come back with the window's end.

Through the real Prometheus and Alertmanager with the shipped rules and configuration, every
duration divided by 20 (tests/end_to_end/shortened_prometheus.py); the window's end is a minute of
the clock, as people write it.
"""

import time
from datetime import UTC, datetime, timedelta

from inventory.model.estate import Estate
from inventory.model.maintenance_windows import MaintenanceWindow
from monitors.exporter.silence_keeper import SilenceKeeper
from monitors.maintenance.silences import Silences
from monitors.web_api import WebApi
from tests.end_to_end.campus import CORE, SMALL, Campus
from tests.end_to_end.shortened_prometheus import Running
from tests.end_to_end.watched_campus import (
    MINUTE,
    TIMES,
    campus,
    firing,
    must_become,
    there,
    value,
)

__all__ = ["campus", "there"]
SIZE = SMALL

SHORTEST_SECONDS = 35


def next_end() -> datetime:
    """The first full minute that leaves time enough for an alert to fire and to be kept quiet."""
    end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return end + timedelta(minutes=(end - datetime.now(UTC)).total_seconds() < SHORTEST_SECONDS)


def with_window(estate: Estate, end: datetime) -> Estate:
    window = {
        **{"scope": CORE, "why": "New firmware", "who": "Ana Ilić", "timezone": "Etc/UTC"},
        "once": {
            "start": f"{end - timedelta(minutes=10):%Y-%m-%d %H:%M}",
            "end": f"{end:%Y-%m-%d %H:%M}",
        },
    }
    return estate.model_copy(update={"windows": (MaintenanceWindow.model_validate(window),)})


def test_what_outlasts_its_window_fires_in_it_and_is_notified_once_when_it_ends(
    campus: Campus, there: Running
) -> None:
    everything = len(campus.lost)
    must_become(lambda: value(there, "sum(bastide_snmp_success)") >= everything, "all devices")
    there.judge()
    must_become(lambda: value(there, "sum(device:reachable:bool)") >= everything, "they are judged")

    end = next_end()
    announced = with_window(campus.estate, end)
    api = WebApi(f"http://{there.alertmanager}")
    SilenceKeeper(lambda: announced, api).keep()
    campus.silent = campus.lost
    must_become(lambda: firing(there) == {f"DeviceDown {CORE}"}, "it fires in the window")
    fired = datetime.now(UTC)
    must_become(lambda: any(a.silenced_by for a in Silences(api).alerts()), "it is silenced")
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds() - 1))
    assert campus.messages == []
    assert firing(there) == {f"DeviceDown {CORE}"}
    assert end - fired > timedelta(minutes=3) / TIMES

    must_become(lambda: bool(campus.messages), "a page when the window ends")
    assert datetime.now(UTC) >= end
    time.sleep(2 * MINUTE)
    (page,) = campus.messages
    (alert,) = page["alerts"]
    assert (alert["labels"]["alertname"], alert["labels"]["device"]) == ("DeviceDown", CORE)
    assert datetime.fromisoformat(alert["startsAt"]) < end


def test_what_ends_within_its_window_is_never_told(campus: Campus, there: Running) -> None:
    everything = len(campus.lost)
    must_become(lambda: value(there, "sum(bastide_snmp_success)") >= everything, "all devices")
    there.judge()
    must_become(lambda: value(there, "sum(device:reachable:bool)") >= everything, "they are judged")
    end = next_end()
    announced = with_window(campus.estate, end)
    SilenceKeeper(lambda: announced, WebApi(f"http://{there.alertmanager}")).keep()
    campus.silent = campus.lost
    must_become(lambda: firing(there) == {f"DeviceDown {CORE}"}, "it fires in the window")
    campus.silent = frozenset()
    must_become(lambda: firing(there) == set(), "it ends in the window")
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 3 * MINUTE)
    assert campus.messages == []
