"""A core switch dies with 200 devices behind it: one page, no more, and all of it ends.

Through the real Prometheus and Alertmanager with the shipped rules and configuration, every
duration divided by 20 (tests/end_to_end/shortened_prometheus.py): a minute takes three seconds.
"""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.model.channels import Channel, Webhook
from inventory.model.notify import Notify
from monitors.exporter.http_sd import JOBS
from monitors.prometheus.prometheus_config import DISCOVERED_JOBS, STATIC_JOBS
from tests.end_to_end.campus import BEHIND, CORE, Campus, estate
from tests.end_to_end.shortened_prometheus import Running, running
from tests.waiting import wait_until

TIMES = 20
MINUTE = 60 / TIMES
# A dead agent is asked again before it is given up: some seconds in the field.
PATIENCE = 12 / TIMES
# A switch answers before its ports forward, and what is behind it is asked some time later.
FORWARDS = 1.5 * MINUTE
ENDS_SECONDS = 60.0
PAGE = {"alertname": "DeviceDown", "severity": "page", "municipality": "velgora", "device": CORE}


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[Campus]:
    campus = Campus(estate(tmp_path), PATIENCE)
    with campus.serving():
        yield campus


@pytest.fixture
def there(campus: Campus, tmp_path: Path) -> Iterator[Running]:
    desk = Channel(id="desk", webhook=Webhook(url=campus.webhook))
    with running(tmp_path, campus.address, Notify(channels=(desk,)), TIMES) as there:
        yield there


def ask(there: Running, expression: str) -> list[dict[str, Any]]:
    query = urllib.parse.urlencode({"query": expression})
    url = f"http://{there.prometheus}/api/v1/query?{query}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        alerts: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return alerts


def value(there: Running, expression: str) -> float:
    """The value of an expression of one sample; 0 when there is none."""
    alerts = ask(there, expression)
    return float(alerts[0]["value"][1]) if alerts else 0.0


def must_become(true: Callable[[], bool], what: str) -> None:
    assert wait_until(true, ENDS_SECONDS, every=0.1), f"never: {what}"


def shadowed(there: Running) -> float:
    return value(there, "count(device:shadowed:bool == 1)")


def firing(there: Running, ever: str = "") -> set[str]:
    """What fires now, or has ever fired, the Watchdog aside."""
    alerts = ask(there, f'ALERTS{{alertstate="firing", alertname!="Watchdog"}}{ever}')
    return {f"{s['metric']['alertname']} {s['metric'].get('device', '')}" for s in alerts}


def test_a_core_switch_that_dies_is_one_page_and_two_hundred_shadows(
    campus: Campus, there: Running
) -> None:
    everything = len(campus.lost)
    assert everything == BEHIND + 1 == 201
    jobs = "count(count by (job) (up == 1))"
    listing = [job for job in DISCOVERED_JOBS if JOBS[job.target_list](campus.estate)]
    assert {job.job for job in listing} >= {"node", "icmp", "snmp", "blackbox"}
    must_become(lambda: value(there, jobs) == len(STATIC_JOBS) + len(listing), "all targets answer")
    must_become(lambda: value(there, "sum(bastide_snmp_success)") >= everything, "all devices")
    there.judge()
    must_become(lambda: value(there, "sum(device:reachable:bool)") >= everything, "they are judged")

    campus.silent = campus.lost
    must_become(lambda: shadowed(there) == BEHIND, "200 devices are shadowed")
    must_become(lambda: bool(campus.messages), "a page")
    time.sleep(2 * MINUTE)
    assert shadowed(there) == BEHIND
    assert firing(there) == {f"DeviceDown {CORE}"}
    (page,) = campus.messages
    (alert,) = page["alerts"]
    assert page["status"] == alert["status"] == "firing"
    assert alert["labels"].items() >= PAGE.items()
    assert f"not alerted: {BEHIND}." in alert["annotations"]["description"]

    campus.silent = campus.lost - {CORE}
    time.sleep(FORWARDS)
    campus.silent = frozenset()
    must_become(lambda: len(campus.messages) == 2, "the end of the page")
    time.sleep(3 * MINUTE)
    _, end = campus.messages
    (ended,) = end["alerts"]
    assert end["status"] == ended["status"] == "resolved"
    assert ended["labels"] == alert["labels"]
    assert value(there, "sum(device:shadowed:bool)") == 0
    assert firing(there) == set()
    assert firing(there, ever="[1h]") == {f"DeviceDown {CORE}"}
    assert len(campus.messages) == 2
