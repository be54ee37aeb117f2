"""What somebody takes away of what was provisioned is found, told, and brought back by `up`."""

from collections.abc import Iterator

import pytest

from bastide.actions import prometheus, status
from bastide.support.estate import EstateContext
from infra.lab import device
from infra.lab.layout import lab_of
from tests.command import bastide, bastide_json
from tests.waiting import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.long]

DEVICE = "velgora-ups"
# A scrape, an evaluation, and what a busy machine needs for them; the alert itself waits 5 minutes.
PENDING_SECONDS = 180.0


@pytest.fixture
def stopped_device(lab: EstateContext) -> Iterator[None]:
    device.stop(lab_of(lab.estate.estate, lab.state), DEVICE)
    try:
        yield
    finally:
        done = bastide("infra", "up", "--estate", "lab")
        assert done.returncode == 0, done.stderr


def alerts(lab: EstateContext, matcher: str = 'alertname="InfraDrift"') -> list[dict[str, str]]:
    expression = f"ALERTS{{{matcher}}}"
    return [labels for labels, _ in prometheus.query(status.apis(lab)[0], expression)]


def test_what_is_as_provisioned_is_no_difference(lab: EstateContext) -> None:
    done = bastide("infra", "drift", "--estate", "lab", "--send")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not alerts(lab)


@pytest.mark.usefixtures("stopped_device")
def test_a_device_that_was_stopped_is_named_and_its_municipality_is_told(
    lab: EstateContext,
) -> None:
    done = bastide("infra", "drift", "--estate", "lab", "--send")
    assert (done.returncode, DEVICE in done.stdout) == (1, True), done.stdout + done.stderr

    assert wait_until(lambda: bool(alerts(lab)), PENDING_SECONDS, every=1)
    assert {labels["municipality"] for labels in alerts(lab)} == {"velgora"}


def test_brought_back_it_is_no_difference_any_more(lab: EstateContext) -> None:
    assert bastide_json("infra", "drift", "--estate", "lab", "--send")["drifted"] == []
    assert wait_until(lambda: not alerts(lab), PENDING_SECONDS, every=1)
    # The device itself answers again: nothing of this is left to other tests.
    of_device = f'device="{DEVICE}"'
    assert wait_until(lambda: not alerts(lab, of_device), PENDING_SECONDS, every=1)
