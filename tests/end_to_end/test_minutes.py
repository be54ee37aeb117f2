"""On the lab: from the fault to the alert, printed; each row is told within its time and ends.

All faults begin at once, each on a host of its own.
"""

import os
import subprocess
import time
from collections.abc import Iterator
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
        *("ResolverDown", "kastrava-edge", 120.0),
        breaks="systemctl stop unbound",
        mends="systemctl start unbound",
    ),
    Fault(
        *("ClockNotSynchronised", "kastrava-app", 600.0),
        breaks="chronyc offline",
        mends="chronyc online",
    ),
    # Disabled and not stopped: nothing starts it once the host is started anew.
    Fault(
        *("BackupNotScheduled", "aynzuhur-server", 900.0),
        breaks=f"systemctl disable {BACKUP_TIMER}",
        mends=f"systemctl enable {BACKUP_TIMER}",
    ),
    # Of the file system that `disk` mounts there.
    Fault(
        *("FileSystemFull", "velgora-files", 120.0),
        breaks=f"cd {FOLDER}; fallocate -l $(($(df -B1 --output=avail . | tail -1) - 8000000)) x",
        mends=f"rm -f {FOLDER}/x",
    ),
)
# What a host says of its timers is written every few minutes.
MENDED_SECONDS = 420.0


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
    before = firing(lab)
    assert not {(fault.alert, fault.host) for fault in FAULTS} & before
    try:
        began = time.monotonic()
        for fault in FAULTS:
            on(lab, fault.host, fault.breaks)
        yield began
    finally:
        for fault in FAULTS:
            on(lab, fault.host, fault.mends)


def test_each_fault_is_told_within_its_time(
    lab: EstateContext, begun: float, capsys: pytest.CaptureFixture[str]
) -> None:
    awaited = {(fault.alert, fault.host): fault for fault in FAULTS}
    took: dict[tuple[str, str], float] = {}
    last = max(fault.within_seconds for fault in FAULTS)

    def all_told() -> bool:
        for key in awaited.keys() & firing(lab) - took.keys():
            took[key] = time.monotonic() - begun
        return len(took) == len(awaited)

    wait_until(all_told, last, every=1)
    with capsys.disabled():
        for (alert, host), seconds in sorted(took.items()):
            print(f"\n{alert} of {host}: {seconds:.0f} s", end="")  # noqa: T201
    late = [
        f"{alert} of {host}: {took.get((alert, host), 'never')}, not in {fault.within_seconds:g} s"
        for (alert, host), fault in awaited.items()
        if took.get((alert, host), float("inf")) > fault.within_seconds
    ]
    assert not late


def test_what_was_mended_ends(lab: EstateContext) -> None:
    gone = {(fault.alert, fault.host) for fault in FAULTS}
    assert wait_until(lambda: not gone & firing(lab), MENDED_SECONDS, every=1), gone & firing(lab)
