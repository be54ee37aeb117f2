"""What a recorded switch of the lab shows, read as the poller reads it."""

import asyncio
from pathlib import Path

from monitors.snmp.boot_time import BootTimes
from monitors.snmp.device_cache import DeviceMemory
from monitors.snmp.device_poll import Collector, Gathering
from monitors.snmp.discover.observed import PROFILES, Seen, seen
from monitors.snmp.profile import shipped_profiles
from monitors.snmp.recording.reader import read
from monitors.snmp.recording.recorded_session import RecordedSession

SWITCH = Path(__file__).parent / "cases" / "velgora-switch.snmprec"


def recorded(path: Path = SWITCH) -> Seen:
    """Poll a recording for what discovery reads."""
    gathering = Gathering()
    session = RecordedSession(read(path).entries)
    collector = Collector(session, DeviceMemory(path.stem, BootTimes()), gathering)
    asyncio.run(collector.collect(shipped_profiles(), PROFILES, ()))
    done = {(o.profile, o.table) for o in gathering.outcomes if not o.failure}
    return seen(gathering.families, done)
