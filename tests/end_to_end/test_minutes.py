"""On the lab: from the fault to the alert, printed; each row is told within its time and ends.

All faults begin at once, each on a host of its own.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bastide.actions import prometheus, status
from bastide.support.estate import EstateContext
from infra.lab.layout import lab_of
from infra.lab.units import running
from monitors.web_api import ApiError
from tests.lab_ssh import on
from tests.waiting import wait_until

pytestmark = pytest.mark.lab


@dataclass(frozen=True)
class Fault:
    """What is broken on a host, how it is mended, and within which time which alert tells of it."""

    alert: str
    host: str
    within_seconds: float
    breaks: str
    mends: str


FOLDER = "/srv/full"
BACKUP_TIMER = "bastide-backup-permits.timer"
FAULTS = (
    Fault(
        *("CriticalControlFailing", "velgora-app", 180.0),
        breaks="useradd --non-unique --uid 0 --no-create-home second",
        mends="sed -i '/^second:/d' /etc/passwd /etc/shadow /etc/group /etc/gshadow",
    ),
    Fault(
        *("ResolverDown", "velgora-edge", 120.0),
        breaks="systemctl stop unbound",
        mends="systemctl start unbound",
    ),
    Fault(
        *("ClockNotSynchronised", "kastrava-app", 600.0),
        breaks="chronyc offline",
        mends="chronyc online",
    ),
    # Of its own packets only: what the edge forwards, and the way to it, go on.
    Fault(
        *("UplinkLost", "kastrava-edge", 120.0),
        breaks="ip route add prohibit 10.77.255.1",
        mends="ip route delete prohibit 10.77.255.1",
    ),
    # Of the file system that `disk` mounts there.
    Fault(
        *("FileSystemFull", "velgora-files", 120.0),
        breaks=f"cd {FOLDER}; fallocate -l $(($(df -B1 --output=avail . | tail -1) - 8000000)) x",
        mends=f"rm -f {FOLDER}/x",
    ),
)
SLOW_FAULTS = (
    # Disabled and not stopped: nothing starts it once the host is started anew.
    Fault(
        *("BackupNotScheduled", "aynzuhur-server", 900.0),
        breaks=f"systemctl disable {BACKUP_TIMER}",
        mends=f"systemctl enable {BACKUP_TIMER}",
    ),
)
MENDED_SECONDS = 240.0
# What a host says of its timers is written every few minutes.
TIMER_MENDED_SECONDS = 420.0


def firing(lab: EstateContext) -> set[tuple[str, str]]:
    """Return the alerts that people would be told of, with their hosts."""
    try:
        alerts = prometheus.alerts(status.apis(lab)[1])
    except ApiError:
        return set()
    return {(alert.name, alert.labels.get("host", "")) for alert in alerts}


def output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def disk(lab: EstateContext, tmp_path: Path) -> Iterator[None]:
    """A file system of its own on one of the hosts: a container may mount none with a device."""
    image = tmp_path / "disk"
    image.touch()
    os.truncate(image, 1_100_000_000)
    output("mkfs.ext4", "-q", "-m", "0", image)
    device = output("losetup", "--find", "--show", image)
    number = Path(device).stat().st_rdev
    node = f"/dev/disk-of-test b {os.major(number)} {os.minor(number)}"
    machine = running(lab_of(lab.estate.estate, lab.state), "velgora-files")
    (init,) = Path(f"/proc/{machine}/task/{machine}/children").read_text().split()
    inside = ("nsenter", f"--mount=/proc/{init}/ns/mnt", "sh", "-ec")
    try:
        output(*inside, f"mkdir -p {FOLDER}; mknod {node}; mount /dev/disk-of-test {FOLDER}")
        yield
    finally:
        output(*inside, f"umount {FOLDER} || true; rm -f /dev/disk-of-test; rmdir {FOLDER}")
        output("losetup", "--detach", device)


@pytest.fixture
def begun(lab: EstateContext, disk: None) -> Iterator[float]:
    """Break everything at once; yields when, and mends it."""
    with broken(lab, FAULTS) as began:
        yield began


@contextmanager
def broken(lab: EstateContext, faults: Sequence[Fault]) -> Iterator[float]:
    assert not keys(faults) & firing(lab)
    try:
        began = time.monotonic()
        for fault in faults:
            on(lab, fault.host, fault.breaks)
        yield began
    finally:
        for fault in faults:
            on(lab, fault.host, fault.mends)


def keys(faults: Sequence[Fault]) -> set[tuple[str, str]]:
    return {(fault.alert, fault.host) for fault in faults}


def told_late(lab: EstateContext, faults: Sequence[Fault], began: float) -> list[str]:
    """Wait for the alerts of all faults, print their seconds, return those that came too late."""
    awaited = {(fault.alert, fault.host): fault for fault in faults}
    took: dict[tuple[str, str], float] = {}

    def all_told() -> bool:
        for key in awaited.keys() & firing(lab) - took.keys():
            took[key] = time.monotonic() - began
        return len(took) == len(awaited)

    wait_until(all_told, max(fault.within_seconds for fault in faults), every=1)
    for (alert, host), seconds in sorted(took.items()):
        print(f"\n{alert} of {host}: {seconds:.0f} s", end="")  # noqa: T201
    return [
        f"{alert} of {host}: {took.get((alert, host), 'never')}, not in {fault.within_seconds:g} s"
        for (alert, host), fault in awaited.items()
        if took.get((alert, host), float("inf")) > fault.within_seconds
    ]


def test_each_fault_is_told_within_its_time(
    lab: EstateContext, begun: float, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        assert not told_late(lab, FAULTS, begun)


def test_what_was_mended_ends(lab: EstateContext) -> None:
    gone = keys(FAULTS)
    assert wait_until(lambda: not gone & firing(lab), MENDED_SECONDS, every=1), gone & firing(lab)


@pytest.mark.long
def test_a_timer_that_is_disabled_is_told_within_its_time_and_ends(
    lab: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    with broken(lab, SLOW_FAULTS) as began, capsys.disabled():
        assert not told_late(lab, SLOW_FAULTS, began)
    gone = keys(SLOW_FAULTS)
    assert wait_until(lambda: not gone & firing(lab), TIMER_MENDED_SECONDS, every=1)
