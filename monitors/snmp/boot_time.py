"""When a device started, although its tick counters wrap after 497 days."""

from collections.abc import Mapping

from monitors.snmp.client import Raw

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
HR_SYSTEM_UPTIME = "1.3.6.1.2.1.25.1.1.0"
SNMP_ENGINE_TIME = "1.3.6.1.6.3.10.2.1.3.0"
OIDS = (SNMP_ENGINE_TIME, HR_SYSTEM_UPTIME, SYS_UP_TIME)

TICKS_PER_SECOND = 100
WRAP_SECONDS = 2**32 / TICKS_PER_SECOND
# The two clocks are read one after the other and the engine's has whole seconds.
SLACK_SECONDS = 5.0
# Longer than any scrape delay, shorter than any reboot.
STEADY_SECONDS = 30.0


def uptime_seconds(answers: Mapping[str, Raw]) -> float | None:
    """Seconds since the device started, from whatever of the three clocks it has.

    hrSystemUptime is the machine's, sysUpTime the agent's; both wrap (RFC 2578, TimeTicks).
    snmpEngineTime does not (RFC 3411), and nothing runs shorter than the agent in it, so it
    tells how often they have wrapped.
    """
    engine = _number(answers, SNMP_ENGINE_TIME)
    ticks = _number(answers, HR_SYSTEM_UPTIME)
    if ticks is None:
        ticks = _number(answers, SYS_UP_TIME)
    if ticks is None:
        return engine
    uptime = ticks / TICKS_PER_SECOND
    while engine is not None and uptime < engine - SLACK_SECONDS:
        uptime += WRAP_SECONDS
    return uptime


def _number(answers: Mapping[str, Raw], oid: str) -> float | None:
    value = answers.get(oid)
    return float(value) if isinstance(value, int | float) else None


class BootTimes:
    """Keeps each device's boot time steady, so that ``changes()`` counts only reboots.

    A boot time computed anew at each poll jitters with the network and drifts with the
    device's clock; one that stays within half a minute of the last estimate is the same boot.
    """

    def __init__(self) -> None:
        """Start with no device known."""
        self._known: dict[str, tuple[float, float]] = {}

    def steady(self, device: str, estimate: float) -> float:
        """The boot time to report for an estimate; Unix time, whole seconds."""
        reported, last = self._known.get(device, (float(round(estimate)), estimate))
        if abs(estimate - last) > STEADY_SECONDS:
            reported = float(round(estimate))
        self._known[device] = (reported, estimate)
        return reported
