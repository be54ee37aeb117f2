"""The clock: one service keeps it, and it agrees with the servers that it follows."""
# ruff: noqa: S101

import re
from itertools import pairwise

from monitors.audit.collect.backends import Host
from monitors.audit.facts.services import SERVICES, services
from monitors.audit.facts.system import (
    PLAIN,
    TIME_SERVICES,
    active_units,
    ask,
    config_lines,
)
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

# The sources by the names that the configuration has, how many are asked at all, and when
# systemd-timesyncd was last answered.
SOURCES = (
    "chronyc -N -c sources; echo '# activity'; chronyc -c activity; echo '# times'; date +%s; "
    "stat -c %Y /run/systemd/timesync/synchronized 2>/dev/null"
)
SETTINGS, CHRONY_DEFAULTS = "/etc/chrony/chrony.conf", "/etc/default/chrony"
OWN_CLOCK = ("7F7F0101", "127.127.1.1")


def test_time_01_one_clock(host: Host, declared: Declared, limits: Limits) -> None:
    """Exactly one time service runs, is answered, and agrees with the servers that it follows."""
    ask(host, SERVICES, PLAIN)
    tracking = host.run("chronyc -n -c tracking").stdout.strip().split(",")
    sources, _, rest = host.run(SOURCES).stdout.partition("# activity\n")
    activity, _, times = rest.partition("# times\n")
    running = active_units(host, *TIME_SERVICES)
    found, given = services(host), config_lines(host, CHRONY_DEFAULTS)
    assert len(running) == 1, f"time services running: {', '.join(running) or 'none'}, expected 1"
    now, *answered = [float(at) for at in times.split()]
    if running == ("chrony",):
        assert tracking[-1] == "Normal", f"chrony says: {tracking[-1] or 'nothing'}"
        offset = abs(float(tracking[4]))
        assert offset < limits["seconds"], f"the clock is {offset:.3f} s off"
        if not set(tracking[:2]) & set(OWN_CLOCK):
            hours = (now - float(tracking[3])) / 3600
            assert hours <= limits["hours"], f"chrony was last answered {hours:.0f} h ago"
        _judge_sources(sources, activity, tracking, declared)
        main = found["chrony.service"].main if "chrony.service" in found else None
        words = [main.command] if main else []
        other = [line for line in (*words, *given) if _is_configured_elsewhere(line)]
        assert not other, f"chrony has settings from elsewhere: {'; '.join(other)}"
    if running == ("systemd-timesyncd",):
        assert answered, "systemd-timesyncd has had no answer since the host started"
        hours = (now - answered[0]) / 3600
        assert hours <= limits["hours"], f"systemd-timesyncd was last answered {hours:.0f} h ago"


def _is_configured_elsewhere(line: str) -> bool:
    """Whether a command line, or what the next start is given, names other settings."""
    words = line.replace('"', " ").replace("'", " ").split()
    named = [after for word, after in pairwise([*words, ""]) if word == "-f"]
    joined = [word[2:] for word in words if re.match(r"-f.", word)]
    # What stands without an option is a line of settings (chronyd(8)).
    return any(path != SETTINGS for path in (*named, *joined))


def _judge_sources(sources: str, activity: str, tracking: list[str], declared: Declared) -> None:
    rows = [line.split(",") for line in sources.splitlines()]
    names = [row[2] for row in rows]
    online = activity.strip().split(",")[0]
    if not rows and not declared.time_sources and set(tracking[:2]) & set(OWN_CLOCK):
        return  # nobody declares a server: the estate agrees on this host's time
    assert rows, "chrony asks no server"
    assert online.isdecimal(), f"chrony does not tell how many servers it asks: {online}"
    assert int(online) > 0, "chrony has all of its servers offline"
    assert any(row[1] == "*" for row in rows), f"chrony follows none of {', '.join(names)}"
    answered = any(row[1] == "*" and int(row[5], 8) for row in rows)
    assert answered, "the server that chrony follows does not answer"
    others = sorted(set(names) - set(declared.time_sources))
    assert not (declared.time_sources and others), f"follows undeclared {', '.join(others)}"
