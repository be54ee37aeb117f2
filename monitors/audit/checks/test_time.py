"""The clock: one service keeps it, and it agrees with the servers that it follows."""
# ruff: noqa: S101

from monitors.audit.collect.backends import Host
from monitors.audit.facts.system import TIME_SERVICES, active_units
from monitors.audit.model.controls import Limits


def test_time_01_one_clock(host: Host, limits: Limits) -> None:
    """Exactly one time service runs, and chrony agrees with the servers that it follows."""
    tracking = host.run("chronyc -n -c tracking").stdout.strip().split(",")
    running = active_units(host, *TIME_SERVICES)
    assert len(running) == 1, f"time services running: {', '.join(running) or 'none'}, expected 1"
    if running == ("chrony",):
        assert tracking[-1] == "Normal", f"chrony says: {tracking[-1] or 'nothing'}"
        offset = abs(float(tracking[4]))
        assert offset < limits["seconds"], f"the clock is {offset:.3f} s off"
