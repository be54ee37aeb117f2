"""On the lab: from the fault to the alert, printed; each row is told within its time and ends.

All faults begin at once, each on a host of its own.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bastide.actions import prometheus, status
from bastide.support.estate import EstateContext
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
    # A file system of its own, in memory, that is none of those that are full by design.
    Fault(
        *("FileSystemFull", "velgora-files", 120.0),
        breaks=(
            "mkdir -p /run/full /srv/full; mount -t tmpfs -o size=1100m none /run/full;"
            " cd /run/full; mkdir lower upper work;"
            " mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none /srv/full;"
            " fallocate -l 1090M /srv/full/file"
        ),
        mends="umount /srv/full; umount /run/full; rmdir /srv/full /run/full",
    ),
)
MENDED_SECONDS = 240.0


def firing(lab: EstateContext) -> set[tuple[str, str]]:
    """Return the alerts that people would be told of, with their hosts."""
    try:
        alerts = prometheus.alerts(status.apis(lab)[1])
    except ApiError:
        return set()
    return {(alert.name, alert.labels.get("host", "")) for alert in alerts}


@pytest.fixture
def begun(lab: EstateContext) -> Iterator[float]:
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
