"""Devices that answer anything at all: metrics come out, or an SnmpError, and Prometheus text."""

import contextlib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.snmp.client import SnmpError, WireBinding
from monitors.snmp.metric_families import render
from monitors.snmp.recording.reader import Recording, read
from monitors.snmp.recording.recorded_session import poll_recording
from monitors.snmp.replay.simulated_switches import entries
from tests.monitors.snmp.fuzz.messages import OIDS, VALUES

CASE = Path(__file__).parents[1] / "recording" / "cases" / "everything.walk"
DEVICE = (*entries(ports=2), *read(CASE).entries)
# Values of any type with content of any other, as devices with faulty agents send them.
ODD = st.one_of(
    VALUES,
    st.tuples(st.sampled_from((2, 4, 5, 6, 0x40, 0x41, 0x43, 0x44, 0x46)), st.binary(max_size=12)),
    st.sampled_from([(4, text) for text in (b"--", b"N/A", b"nan", b"1e999", b'a\n"\\', b"\xc3(")]),
)
CHANGES = st.lists(st.tuples(st.sampled_from(DEVICE), ODD), min_size=1, max_size=40)
ADDED = st.lists(st.builds(lambda where, what: WireBinding(where, *what), OIDS, ODD), max_size=10)
ROWS = st.lists(
    st.builds(
        lambda entry, more: WireBinding(entry.oid + more, entry.tag, entry.content),
        st.sampled_from(DEVICE),
        st.sampled_from((b"\0", b"\1", b"\x7f", b"\x81\0")),
    ),
    max_size=10,
)


@settings(max_examples=150)
@given(CHANGES, ADDED, ROWS)
def test_whatever_a_device_says_becomes_text_for_prometheus(
    changes: list[tuple[WireBinding, tuple[int, bytes]]],
    added: list[WireBinding],
    rows: list[WireBinding],
) -> None:
    changed = tuple(WireBinding(entry.oid, *what) for entry, what in changes)
    device = Recording("odd", "snmprec", (*DEVICE, *changed, *added, *rows))
    with contextlib.suppress(SnmpError):
        _, families = poll_recording(device)
        render(families)
