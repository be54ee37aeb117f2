"""The targets that Prometheus should have are counted where it finds them."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitors.exporter.http_sd import JOBS
from monitors.exporter.scrape_targets import collect
from monitors.prometheus.prometheus_config import DISCOVERED_JOBS
from tests.monitors.audit.estates import lab
from tests.monitors.exporter.exporter_client import parsed_by_promtool
from tests.monitors.exposed import exposed


@pytest.fixture(scope="module")
def counts() -> dict[str, float]:
    text = exposed(collect(Path(), lab()))
    parsed_by_promtool(text)
    return {
        sample.labels["job"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_job_without_a_target_has_none(counts: dict[str, float]) -> None:
    assert (counts["tcp"], counts["windows"]) == (0, 0)


def test_each_host_is_pinged_and_each_device_is_polled(counts: dict[str, float]) -> None:
    estate = lab()
    assert counts["icmp"] == sum(len(group["targets"]) for group in JOBS["icmp"](estate))
    assert counts["snmp"] == len(JOBS["snmp"](estate)) > 0


def test_lists_are_named_as_prometheus_jobs_are() -> None:
    assert {job.job: job.target_list for job in DISCOVERED_JOBS} == {name: name for name in JOBS}
