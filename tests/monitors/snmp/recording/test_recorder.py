"""Agents recorded: well-behaved ones, and those that lie, stumble, or have no end."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from monitors.snmp import oid
from monitors.snmp.client import (
    BadAnswerError,
    NoAnswerError,
    RefusedError,
    SnmpError,
    TooBigError,
    WireBinding,
)
from monitors.snmp.recording.reader import read
from monitors.snmp.recording.recorded_session import RecordedSession
from monitors.snmp.recording.recorder import MOST_SIBLINGS, Recorder

CASE = read(Path(__file__).parent / "cases" / "everything.walk").entries
TABLE = "1.3.6.1.2.1.2.2.1"


class Odd(RecordedSession):
    """A recorded agent that does something else where ``twist`` says so."""

    def __init__(
        self, entries: Iterable[WireBinding], twist: Callable[[str, int], list[WireBinding] | None]
    ) -> None:
        super().__init__(entries)
        self._twist, self.asked = twist, 0

    async def wire_bindings(self, oid_: bytes, repetitions: int) -> list[WireBinding]:
        self.asked += 1
        twisted = self._twist(oid.decode(oid_), repetitions)
        return await super().wire_bindings(oid_, repetitions) if twisted is None else twisted


def text(dotted: str, content: bytes = b"x") -> WireBinding:
    return WireBinding(oid.encode(dotted), 4, content)


def walked(session: RecordedSession, most: int = 10_000) -> Recorder:
    # Nine at once, so that each answer is a column.
    recorder = Recorder(session, repetitions=9, most=most)
    asyncio.run(recorder.walk())
    return recorder


def dotted(recorder: Recorder) -> list[str]:
    return [oid.decode(key) for key in recorder.entries]


ROWS = [text(f"{TABLE}.{column}.{row}") for column in (2, 3, 5) for row in range(1, 10)]


def test_a_whole_agent_is_recorded_with_lldp() -> None:
    lldp = text("1.0.8802.1.1.2.1.3.3.0")
    recorder = walked(RecordedSession([*CASE, lldp]))
    assert tuple(recorder.entries.values()) == (lldp, *CASE)
    assert recorder.remarks == []


def test_progress_is_reported_after_each_answer() -> None:
    progress: list[tuple[int, str]] = []
    recorder = Recorder(
        RecordedSession(ROWS), lambda count, at: progress.append((count, at)), repetitions=10
    )
    asyncio.run(recorder.walk())
    assert progress == [(10, f"{TABLE}.3.1"), (20, f"{TABLE}.5.2"), (27, f"{TABLE}.5.9")]


@pytest.mark.parametrize("failure", [NoAnswerError("silence"), RefusedError("wrong key")])
def test_an_agent_that_never_answers_is_an_error(failure: SnmpError) -> None:
    def refuse(*_: object) -> None:
        raise failure

    with pytest.raises(type(failure)):
        walked(Odd(ROWS, refuse))


@pytest.mark.parametrize("failure", [BadAnswerError("genErr"), NoAnswerError("silence")])
def test_a_hole_is_jumped_over_and_reported(failure: SnmpError) -> None:
    def hole(after: str, _: int) -> None:
        if after == f"{TABLE}.2.9":
            raise failure

    recorder = walked(Odd(ROWS, hole))
    assert len(recorder.entries) == len(ROWS)
    assert recorder.remarks == [f"after {TABLE}.2.9: {failure}"]


def test_an_agent_that_stumbles_over_large_answers_is_asked_for_less() -> None:
    def small(_: str, repetitions: int) -> None:
        if repetitions > 3:
            raise TooBigError("too big")

    recorder = walked(Odd(ROWS, small))
    assert len(recorder.entries) == len(ROWS)
    assert recorder.remarks == []


def test_an_agent_that_goes_silent_leaves_what_it_said() -> None:
    def dies(after: str, _: int) -> None:
        if after.startswith(f"{TABLE}.3"):
            raise NoAnswerError("no answer")

    recorder = walked(Odd(ROWS, dies))
    assert dotted(recorder) == [oid.decode(entry.oid) for entry in ROWS[:18]]
    assert recorder.remarks[-1] == "the agent answers no more: the rest is missing"


def test_oids_that_go_back_are_reported_and_jumped_over() -> None:
    def back(after: str, _: int) -> list[WireBinding] | None:
        if after.startswith(f"{TABLE}.3.4"):
            return [text(f"{TABLE}.3.2")]
        if after.startswith(f"{TABLE}.3.") and int(after.split(".")[10]) < 4:
            return [text(f"{TABLE}.3.{int(after.split('.')[10]) + 1}")]
        return [text(f"{TABLE}.3.1")] if after == f"{TABLE}.2.9" else None

    recorder = walked(Odd(ROWS, back))
    assert f"{TABLE}.3.4" in dotted(recorder)
    assert f"{TABLE}.3.5" not in dotted(recorder)
    assert f"{TABLE}.5.9" in dotted(recorder)
    assert recorder.remarks[0] == f"after {TABLE}.3.4 came {TABLE}.3.2: jumped over"


def test_a_table_without_an_end_is_left_behind() -> None:
    def endless(after: str, repetitions: int) -> list[WireBinding] | None:
        parts = after.split(".")
        if after == f"{TABLE}.2.9":
            parts = [*TABLE.split("."), "3", "0"]
        elif not after.startswith(f"{TABLE}.3.") or parts[-1] == str(2**31 - 1):
            return None
        row = int(parts[10])
        return [text(f"{TABLE}.3.{row + at}") for at in range(1, repetitions + 1)]

    recorder = walked(Odd(ROWS, endless), most=10 * MOST_SIBLINGS)
    assert recorder.remarks == [f"{TABLE}.3: a table without an end: jumped over"]
    assert dotted(recorder)[-1] == f"{TABLE}.5.9"


def test_an_agent_without_an_end_is_bounded() -> None:
    def endless(after: str, repetitions: int) -> list[WireBinding]:
        parts = [*map(int, after.split(".")), 0, 0, 0][:7]
        return [
            text(".".join(map(str, [*parts[:5], parts[5] + at, 1]))) for at in range(1, repetitions)
        ]

    recorder = walked(Odd([], endless), most=500)
    assert 500 <= len(recorder.entries) < 600
    assert recorder.remarks[-1] == "more than 500 values: the rest was left out"


def test_values_of_no_type_are_left_out_and_reported() -> None:
    odd = WireBinding(oid.encode("1.3.6.1.2.1.1.9.0"), 0x99, b"?")
    broken = WireBinding(oid.encode("1.3.6.1.2.1.1.8.0"), 0x40, b"\1\2\3")
    recorder = walked(RecordedSession([text("1.3.6.1.2.1.1.1.0"), odd, broken]))
    assert dotted(recorder) == ["1.3.6.1.2.1.1.1.0"]
    assert len(recorder.remarks) == 2
