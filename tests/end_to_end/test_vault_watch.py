"""On the lab with `operations_watch`: the vault sends a test by itself, and tells that ops is dead.

The lab as shipped notifies nobody, so a copy of its estate is put in force, and taken back.
"""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bastide.support.estate import EstateContext
from infra.lab import machine
from infra.lab.layout import lab_of
from inventory.paths import SHIPPED_ESTATES
from tests.alertmanager_server import Desk
from tests.command import bastide, bastide_json
from tests.waiting import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.long]

# The outer machine, as hosts of the lab reach it: its end of the uplink.
HERE, PLACES = "10.77.254.1", ("central-ops", "central-vault")
NOTIFY = """
notify:
  channels: [{{id: desk, webhook: {{url: "http://{here}:{port}/"}}}}]
  operations_watch: {{vault: central-vault, to: [desk]}}
"""
TOLD_SECONDS, ENDS_SECONDS = 300.0, 300.0


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    desk = Desk(host="0.0.0.0")  # noqa: S104 - the lab's hosts come by its uplink
    with desk.open():
        yield desk


@pytest.fixture(scope="module")
def watched(
    lab: EstateContext, desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The lab whose vault watches the operations host and tells the desk."""
    copy = tmp_path_factory.mktemp("watched") / "lab"
    shutil.copytree(SHIPPED_ESTATES / "lab", copy)
    file = copy / "estate.yml"
    file.write_text(file.read_text() + NOTIFY.format(here=HERE, port=desk.port))
    try:
        configured(copy)
        yield str(copy)
    finally:
        configured("lab")


def configured(estate: Path | str) -> None:
    limit = ("--limit", ",".join(PLACES))
    done = bastide("playbook", "run", "configure", *limit, "--estate", str(estate))
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def test_the_vault_sends_a_test_by_its_own_channels(watched: str, desk: Desk) -> None:
    told = bastide_json("notify", "test", "--watch", "--estate", watched)
    assert [(each["channel"], each["problem"]) for each in told] == [("desk", "")]
    assert wait_until(lambda: "NotificationTest" in desk.names(), 10)


def test_a_dead_operations_host_is_told_within_five_minutes_and_its_return(
    lab: EstateContext, watched: str, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.stop(lab_of(lab.estate.estate, lab.state), "central-ops")
    began = time.monotonic()
    try:
        told = wait_until(lambda: "OperationsSilent" in desk.names(), TOLD_SECONDS, every=1)
        assert told, desk.names()
        with capsys.disabled():
            print(f"\nOperationsSilent: {time.monotonic() - began:.0f} s", end="")  # noqa: T201
        again = ("notify", "test", "--watch", "--estate", watched)
        assert bastide(*again).returncode == 0
    finally:
        machine.start(lab_of(lab.estate.estate, lab.state), "central-ops")
    ended = wait_until(lambda: "OperationsSilent" in desk.names("resolved"), ENDS_SECONDS, every=1)
    assert ended, desk.names("resolved")
