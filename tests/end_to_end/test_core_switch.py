"""A core switch dies with 200 devices behind it: one page, no more, and all of it ends.

Through the real Prometheus and Alertmanager with the shipped rules and configuration, every
duration divided by 20 (tests/end_to_end/shortened_prometheus.py): a minute takes three seconds.
"""

import time

from monitors.exporter.http_sd import JOBS
from monitors.prometheus.prometheus_config import DISCOVERED_JOBS, STATIC_JOBS
from tests.end_to_end.campus import CORE, LARGE, Campus
from tests.end_to_end.shortened_prometheus import Running
from tests.end_to_end.watched_campus import MINUTE, campus, firing, must_become, there, value

__all__ = ["campus", "there"]
SIZE = LARGE
# A switch answers before its ports forward, and what is behind it is asked some time later.
FORWARDS = 1.5 * MINUTE
PAGE = {"alertname": "DeviceDown", "severity": "page", "municipality": "velgora", "device": CORE}


def shadowed(there: Running) -> float:
    return value(there, "count(device:shadowed:bool == 1)")


def test_a_core_switch_that_dies_is_one_page_and_two_hundred_shadows(
    campus: Campus, there: Running
) -> None:
    everything = len(campus.lost)
    assert everything == LARGE.behind + 1 == 201
    jobs = "count(count by (job) (up == 1))"
    listing = [job for job in DISCOVERED_JOBS if JOBS[job.target_list](campus.estate)]
    assert {job.job for job in listing} >= {"node", "icmp", "snmp", "blackbox"}
    must_become(lambda: value(there, jobs) == len(STATIC_JOBS) + len(listing), "all targets answer")
    must_become(lambda: value(there, "sum(bastide_snmp_success)") >= everything, "all devices")
    there.judge()
    must_become(lambda: value(there, "sum(device:reachable:bool)") >= everything, "they are judged")

    campus.silent = campus.lost
    must_become(lambda: shadowed(there) == LARGE.behind, "200 devices are shadowed")
    must_become(lambda: bool(campus.messages), "a page")
    time.sleep(2 * MINUTE)
    assert shadowed(there) == LARGE.behind
    assert firing(there) == {f"DeviceDown {CORE}"}
    (page,) = campus.messages
    (alert,) = page["alerts"]
    assert page["status"] == alert["status"] == "firing"
    assert alert["labels"].items() >= PAGE.items()
    assert f"not alerted: {LARGE.behind}." in alert["annotations"]["description"]

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
