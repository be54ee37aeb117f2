"""A host that stops is an alert with a name, a place and a runbook; it ends when it is back."""

import time

import pytest

from bastide.actions import prometheus, status
from bastide.support.estate import EstateContext
from infra.lab import machine
from infra.lab.layout import lab_of
from tests.command import bastide
from tests.lab_findings import unwell
from tests.waiting import wait_until

pytestmark = pytest.mark.lab

HOST = "kastrava-app"
ARRIVES_SECONDS = 75
RESOLVES_SECONDS = 120


def host_down(context: EstateContext) -> tuple[prometheus.Alert, ...]:
    alerts = prometheus.alerts(status.apis(context)[1])
    return tuple(alert for alert in alerts if alert.name == "HostDown")


def test_host_down_arrives_with_its_runbook_and_resolves(
    lab: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.stop(lab_of(lab.estate.estate, lab.state), HOST)
    began = time.monotonic()
    try:
        assert wait_until(lambda: bool(host_down(lab)), ARRIVES_SECONDS, every=1), (
            "HostDown never arrived"
        )
        with capsys.disabled():
            print(f"\nHostDown of {HOST}: {time.monotonic() - began:.0f} s", end="")  # noqa: T201
        (alert,) = host_down(lab)
        assert alert.labels["municipality"] == "kastrava"
        assert alert.labels["host"] == HOST
        assert alert.annotations["runbook_url"].endswith("HostDown.html")
        done = bastide("status", "--estate", "lab")
        assert done.returncode == 1
        assert HOST in done.stdout
    finally:
        machine.start(lab_of(lab.estate.estate, lab.state), HOST)
    assert wait_until(lambda: not host_down(lab), RESOLVES_SECONDS, every=1), (
        "HostDown never resolved"
    )
    well = wait_until(
        lambda: bastide("status", "--estate", "lab").returncode == 0, RESOLVES_SECONDS, every=1
    )
    assert well, unwell(lab)
