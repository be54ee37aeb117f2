"""A recorded agent in memory, polled like a living one: profiles are tried without a network."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from monitors.snmp import oid as oids_
from monitors.snmp.boot_time import BootTimes
from monitors.snmp.client import Binding, BulkResponse, Missing, Raw, SnmpError, WireBinding
from monitors.snmp.device_cache import DeviceCache
from monitors.snmp.device_poll import DevicePoll, PollProgress
from monitors.snmp.metric_families import Family
from monitors.snmp.profile import Profile
from monitors.snmp.profile_files import shipped_profiles
from monitors.snmp.recording.reader import Recording
from monitors.snmp.samples import merge_families
from monitors.snmp.wire import pdu
from monitors.snmp.wire.values import decode

# What agents put into one answer so that it crosses an Ethernet link in one piece.
LARGEST_RESPONSE = 1400
# A v2c message around the bindings: headers, community, request id, status.
_AROUND = 46


class OrderedBindings:
    """The instances of an agent in the order of their OIDs (RFC 3416, 4.2.2).

    The last of several entries with one OID counts. Raises OidError for octets that are no OID.
    """

    def __init__(self, entries: Iterable[WireBinding]) -> None:
        """Sort once; a recording does not change."""
        by_oid = {entry.oid: entry for entry in entries}
        self.entries = sorted(by_oid.values(), key=lambda entry: oids_.numbers(entry.oid))
        self._keys = [oids_.numbers(entry.oid) for entry in self.entries]
        self._places = {entry.oid: place for place, entry in enumerate(self.entries)}

    def at(self, oid: bytes) -> WireBinding | None:
        """The instance itself."""
        place = self._places.get(oid)
        return None if place is None else self.entries[place]

    def after(self, oid: bytes) -> WireBinding | None:
        """The instance after an OID, which need not exist. Raises OidError."""
        place = self._places.get(oid)
        following = bisect_right(self._keys, oids_.numbers(oid)) if place is None else place + 1
        return self.entries[following] if following < len(self.entries) else None


class RecordedSession:
    """``client.Session`` on recorded entries.

    Answers are as large as a real agent's: ``bulk`` and ``wire_bindings`` stop before
    ``largest`` octets, though they always give one binding.
    """

    def __init__(self, entries: Iterable[WireBinding], largest: int = LARGEST_RESPONSE) -> None:
        """Sort the entries. Raises OidError for octets that are no OID."""
        self._view = OrderedBindings(entries)
        self._largest = largest
        self.failed: dict[bytes, str] = {}

    async def get(self, oids: Sequence[bytes]) -> dict[bytes, Raw]:
        """Read instances; those that were not recorded are left out."""
        entries = ((oid, self._view.at(oid)) for oid in oids)
        return {oid: decode(entry.tag, entry.content) for oid, entry in entries if entry}

    async def next(self, oids: Sequence[bytes]) -> list[Binding]:
        """For each OID the instance after it; Missing.END after the last."""
        return [_binding(self._after(oid)) for oid in oids]

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
        """Rounds of ``next``, row by row, until the answer is full or all columns have ended."""
        bindings: list[bytes] = []
        octets, round_ = _AROUND, list(oids)
        for _ in range(repetitions):
            row = [self._after(oid) for oid in round_]
            for entry in row:
                binding = pdu.binding(*entry)
                if octets + len(binding) > self._largest and bindings:
                    return _response(bindings, octets)
                octets += len(binding)
                bindings.append(binding)
            if all(entry.tag == Missing.END.value for entry in row):
                break
            round_ = [entry.oid for entry in row]
        return _response(bindings, octets)

    async def bulk_all(
        self, requests: Sequence[tuple[Sequence[bytes], int]]
    ) -> list[BulkResponse | SnmpError]:
        """Several ``bulk``, one after another: there is nobody to wait for."""
        return [await self.bulk(oids, rows) for oids, rows in requests]

    async def next_apart(self, oids: Sequence[bytes]) -> list[WireBinding | SnmpError]:
        """Like ``next``, as it was on the wire."""
        return [self._after(oid) for oid in oids]

    async def wire_bindings(self, oid: bytes, repetitions: int) -> list[WireBinding]:
        """Up to ``repetitions`` instances after an OID; empty at the end."""
        entries: list[WireBinding] = []
        octets = _AROUND
        while len(entries) < repetitions and (entry := self._view.after(oid)):
            octets += len(pdu.binding(*entry))
            if octets > self._largest and entries:
                break
            entries.append(entry)
            oid = entry.oid
        return entries

    def _after(self, oid: bytes) -> WireBinding:
        return self._view.after(oid) or WireBinding(oid, Missing.END.value, b"")


def _binding(entry: WireBinding) -> Binding:
    return entry.oid, decode(entry.tag, entry.content)


def _response(bindings: Sequence[bytes], octets: int) -> BulkResponse:
    data = b"".join(bindings)
    return BulkResponse(data, 0, len(data), octets)


def poll_recording(
    recording: Recording,
    pinned: tuple[str, ...] = (),
    catalogue: Mapping[str, Profile] | None = None,
) -> tuple[PollProgress, list[Family]]:
    """Poll a recording for the ``pinned`` profiles, or for all that suit it.

    ``catalogue`` defaults to the shipped profiles.

    Raises SnmpError when it holds nothing that could be asked.
    """
    progress = PollProgress()
    cache = DeviceCache(recording.name, BootTimes())
    poll = DevicePoll(RecordedSession(recording.entries), cache, progress)
    asyncio.run(poll.run(shipped_profiles() if catalogue is None else catalogue, pinned, ()))
    return progress, merge_families(progress.families, [])
