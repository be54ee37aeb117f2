"""On the lab: a silenced host stops, nobody is notified, its service is not counted; then it is."""

import pytest

from bastide.actions import prometheus, status
from bastide.support.estate import EstateContext
from infra.lab import machine
from infra.lab.layout import lab_of
from tests.command import bastide, bastide_json
from tests.waiting import wait_until

pytestmark = pytest.mark.lab

HOST, SERVICE = "kastrava-app", "kastrava-permits"
PATIENCE_SECONDS = 120


def host_down(context: EstateContext, *, silenced: bool) -> list[prometheus.Alert]:
    alerts = prometheus.alerts(status.apis(context)[1], silenced=silenced)
    return [alert for alert in alerts if alert.name == "HostDown"]


def counted(context: EstateContext) -> bool:
    selector = f'service:counted:bool{{service="{SERVICE}"}}'
    return bool(prometheus.query(status.apis(context)[0], selector))


def test_a_silence_keeps_a_host_from_being_told_and_its_end_brings_the_alert(
    lab: EstateContext,
) -> None:
    here = ("--estate", "lab")
    (laid,) = bastide_json("silence", HOST, "--for", "15m", "--why", "a test of silences", *here)
    assert wait_until(lambda: not counted(lab), PATIENCE_SECONDS, every=1)
    machine.stop(lab_of(lab.estate.estate, lab.state), HOST)
    try:
        assert wait_until(lambda: bool(host_down(lab, silenced=True)), PATIENCE_SECONDS, every=1)
        assert host_down(lab, silenced=False) == []
        assert "a test of silences" in bastide("status", *here).stdout
        assert bastide("silence", "end", laid["id"], *here).returncode == 0
        assert wait_until(lambda: bool(host_down(lab, silenced=False)), PATIENCE_SECONDS, every=1)
        (taken,) = bastide_json("ack", "HostDown", "--by", "Ana Ilić", "--for", "10m", *here)
        shown = bastide("status", *here)
        assert shown.returncode == 1
        assert "Ana Ilić is on it" in shown.stdout
        assert wait_until(lambda: counted(lab), PATIENCE_SECONDS, every=1)
        assert bastide("silence", "end", taken["id"], *here).returncode == 0
    finally:
        machine.start(lab_of(lab.estate.estate, lab.state), HOST)
    assert wait_until(lambda: not host_down(lab, silenced=True), PATIENCE_SECONDS, every=1)
