"""Recordings served until a signal ends it."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitors.snmp import oid
from monitors.snmp.client import WireBinding
from monitors.snmp.recording.reader import RecordingError
from monitors.snmp.replay.agent import Access
from monitors.snmp.replay.objects import moving
from monitors.snmp.replay.server import Endpoint, recorded_agents, serve_until_stopped
from monitors.snmp.wire import values
from monitors.snmp.wire.pdu import wire_bindings

CASES = Path(__file__).parents[1] / "recording" / "cases"
FILES = [CASES / "everything.walk", CASES / "bad.snmprec"]
ACCESS = Access("replayed")
UP = oid.encode("1.3.6.1.2.1.1.3.0")
OCTETS = oid.encode("1.3.6.1.2.1.31.1.1.1.6.1")
ERRORS = oid.encode("1.3.6.1.2.1.2.2.1.14.1")


def test_a_file_that_is_no_recording_stops_all() -> None:
    with pytest.raises(RecordingError, match="test_server"):
        recorded_agents([*FILES, Path(__file__)], ACCESS, Endpoint("127.0.0.1", 0))


def test_files_have_ports_one_after_the_other_and_their_remarks() -> None:
    agents, recordings = recorded_agents(FILES, ACCESS, Endpoint("127.0.0.1", 1161))
    assert [endpoint.port for endpoint, _ in agents] == [1161, 1162]
    assert recordings[1].skipped == 17


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(number: signal.Signals) -> None:
    served: list[Sequence[Endpoint]] = []

    def ready(endpoints: Sequence[Endpoint]) -> None:
        served.append(endpoints)
        os.kill(os.getpid(), number)

    agents, _ = recorded_agents(FILES, ACCESS, Endpoint("127.0.0.1", 0))
    asyncio.run(serve_until_stopped(agents, ready))
    assert len(served[0]) == 2
    assert all(endpoint.port for endpoint in served[0])


def test_counters_go_on_as_fast_as_they_did_and_wrap() -> None:
    entries = [
        WireBinding(UP, values.TIME_TICKS, (10_000).to_bytes(2, "big")),
        WireBinding(OCTETS, values.COUNTER64, (2**64 - 1).to_bytes(9, "big")),
        WireBinding(ERRORS, values.COUNTER32, b"\0"),
    ]
    now = [0.0]
    objects = moving(entries, lambda: now[0])

    def read(where: bytes) -> int:
        instance = objects.at(where)
        assert instance is not None
        (binding,) = wire_bindings(instance.encoded, 0, len(instance.encoded))
        return int.from_bytes(binding.content, "big")

    assert (read(UP), read(OCTETS), read(ERRORS)) == (10_000, 2**64 - 1, 0)
    now[0] = 50.0
    assert (read(UP), read(ERRORS)) == (15_000, 0)
    # In the hundred seconds of its uptime it counted as far as it goes, so half of that again.
    assert abs(read(OCTETS) - 2**63) < 2**40
