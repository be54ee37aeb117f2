"""What a recorded switch of the lab shows, read as the poller reads it."""

import asyncio
from pathlib import Path

from monitors.snmp.boot_time import BootTimes
from monitors.snmp.device_cache import DeviceCache
from monitors.snmp.device_poll import DevicePoll, PollProgress
from monitors.snmp.discover.observed import PROFILES, ObservedDevice, observe
from monitors.snmp.profile_files import shipped_profiles
from monitors.snmp.recording.reader import read
from monitors.snmp.recording.recorded_session import RecordedSession

SWITCH = Path(__file__).parent / "cases" / "velgora-switch.snmprec"


def recorded(path: Path = SWITCH) -> ObservedDevice:
    """Poll a recording for what discovery reads."""
    progress = PollProgress()
    session = RecordedSession(read(path).entries)
    collector = DevicePoll(session, DeviceCache(path.stem, BootTimes()), progress)
    asyncio.run(collector.run(shipped_profiles(), PROFILES, ()))
    done = {(o.profile, o.table) for o in progress.results if not o.failure}
    return observe(progress.families, done)
