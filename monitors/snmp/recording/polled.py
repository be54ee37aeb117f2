"""A recording asked as the collector would ask the device: no network, the same metrics."""

import asyncio

from monitors.metrics import Family
from monitors.snmp.boot_time import BootTimes
from monitors.snmp.device_cache import DeviceMemory
from monitors.snmp.device_poll import Collector, Gathering
from monitors.snmp.profile import shipped_profiles
from monitors.snmp.recording.reader import Recording
from monitors.snmp.recording.recorded_session import RecordedSession
from monitors.snmp.samples import merged


def polled(recording: Recording, pinned: tuple[str, ...] = ()) -> tuple[Gathering, list[Family]]:
    """Poll a recording for the ``pinned`` profiles, or for all that suit it.

    Raises SnmpError when it holds nothing that could be asked.
    """
    gathering = Gathering()
    memory = DeviceMemory(recording.name, BootTimes())
    collector = Collector(RecordedSession(recording.entries), memory, gathering)
    asyncio.run(collector.collect(shipped_profiles(), pinned, ()))
    return gathering, merged(gathering.families, [])
