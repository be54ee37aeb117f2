"""One table read by its profile: what is cached, what is read again, and what a failure leaves."""

import asyncio
from collections.abc import Sequence

import pytest

from monitors.snmp import oid
from monitors.snmp.boot_time import BootTimes
from monitors.snmp.client import (
    BadAnswerError,
    BulkResponse,
    NoAnswerError,
    RefusedError,
    SnmpError,
    WireBinding,
)
from monitors.snmp.columns import Columns
from monitors.snmp.decode import DecodeProblem
from monitors.snmp.device_cache import NAMES_SECONDS, SLOW_SECONDS, DeviceCache
from monitors.snmp.metric_families import Family
from monitors.snmp.profile import Table
from monitors.snmp.recording.recorded_session import RecordedSession
from monitors.snmp.table_reader import TableReader
from monitors.snmp.wire import ber

ENTRY = "1.3.6.1.4.1.32473.2.1"
NAME, VALUE, BETTER, STATE = (f"{ENTRY}.{column}" for column in (1, 2, 3, 4))
UNITS = "1.3.6.1.4.1.32473.3.1.1"
NUMBER = {"oid": VALUE, "metric": "a_value", "help": "A value."}
TABLE = {
    "table": "aTable",
    "index": ["row"],
    "labels": [{"label": "name", "oid": NAME}],
    "columns": [NUMBER],
}
Rows = dict[int, tuple[str, int]]
Metrics = dict[str, dict[str, float]]


def entries(rows: Rows, states: dict[int, int] | None = None) -> list[WireBinding]:
    """A table's names and values by row, and the states of some."""
    bindings = []
    for row, (name, value) in rows.items():
        bindings.append(WireBinding(oid.encode(f"{NAME}.{row}"), ber.OCTETS, name.encode()))
        bindings.append(WireBinding(oid.encode(f"{VALUE}.{row}"), ber.INTEGER, bytes((value,))))
    for row, state in (states or {}).items():
        bindings.append(WireBinding(oid.encode(f"{STATE}.{row}"), ber.INTEGER, bytes((state,))))
    return bindings


class Agent(RecordedSession):
    """Fails with ``error`` where columns below ``broken`` are read; counts what is read."""

    def __init__(
        self, recorded: list[WireBinding], broken: str = "", error: SnmpError | None = None
    ) -> None:
        super().__init__(recorded)
        self._broken = oid.encode(broken) if broken else b"\xff"
        self._error = error or BadAnswerError("odd")
        self.read: list[str] = []

    async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
        if any(each.startswith(self._broken) for each in oids):
            raise self._error
        self.read += [oid.decode(each) for each in oids]
        return await super().bulk(oids, repetitions)

    async def next_apart(self, oids: Sequence[bytes]) -> list[WireBinding | SnmpError]:
        if any(each.startswith(self._broken) for each in oids):
            raise self._error
        return await super().next_apart(oids)


class Device:
    """A device's cache, and the table that is read of it."""

    def __init__(self, **table: object) -> None:
        self.table = Table.model_validate({**TABLE, **table})
        self.cache = DeviceCache("device", BootTimes())

    def columns(self, agent: Agent) -> Columns:
        return Columns(agent, self.cache.sizes, self.cache.dead, lambda: 0.0)

    def reader(self, agent: Agent) -> TableReader:
        return TableReader("a", self.table, self.cache, self.columns(agent))

    def read(self, agent: Agent, now: float = 0.0) -> tuple[Metrics, TableReader]:
        """Values by metric and name, and the reader afterwards."""
        reader, problems = self.reader(agent), list[DecodeProblem]()
        families = asyncio.run(reader.families(now, problems))
        assert problems == []
        return by_name(families), reader


def by_name(families: Sequence[Family]) -> Metrics:
    return {f.name: {labels["name"]: value for labels, value in f.samples} for f in families}


ONE: Rows = {1: ("one", 11)}
TWO: Rows = {1: ("one", 11), 2: ("two", 22)}


def test_rows_have_their_names_and_values() -> None:
    metrics, reader = Device().read(Agent(entries(TWO)))
    assert metrics == {"a_value": {"one": 11, "two": 22}}
    assert (reader.failure, reader.no_answer) == ("", None)


def test_a_slow_table_is_served_from_the_cache_until_it_is_old() -> None:
    device = Device(poll="slow")
    device.read(Agent(entries(ONE)), now=100.0)
    agent = Agent(entries({1: ("one", 99)}))
    assert device.read(agent, now=100.0 + SLOW_SECONDS - 1)[0] == {"a_value": {"one": 11}}
    assert agent.read == []
    assert device.read(agent, now=100.0 + SLOW_SECONDS)[0] == {"a_value": {"one": 99}}


def test_a_fast_table_is_read_every_time() -> None:
    device = Device()
    device.read(Agent(entries(ONE)))
    assert device.read(Agent(entries({1: ("one", 99)})))[0] == {"a_value": {"one": 99}}


def test_a_slow_table_that_was_read_in_part_is_read_again_at_once() -> None:
    device = Device(poll="slow")
    _, reader = device.read(Agent(entries(ONE), broken=NAME))
    assert reader.failure == "odd"
    assert device.cache.tables["a", "aTable"].slow == ()
    assert device.read(Agent(entries(TWO)), now=1.0)[0] == {"a_value": {"one": 11, "two": 22}}


def test_names_outlive_a_failure_to_read_them_again() -> None:
    device = Device()
    device.read(Agent(entries(ONE)))
    metrics, reader = device.read(Agent(entries(ONE), broken=NAME), now=NAMES_SECONDS)
    assert metrics == {"a_value": {"one": 11}}
    assert reader.failure == "odd"
    renamed = Agent(entries({1: ("renamed", 11)}))
    assert device.read(renamed, now=NAMES_SECONDS)[0] == {"a_value": {"renamed": 11}}


def test_names_are_read_again_when_they_are_old_or_a_row_is_new() -> None:
    device = Device()
    device.read(Agent(entries({2: ("two", 22)})))
    kept = Agent(entries({2: ("renamed", 22)}))
    assert device.read(kept, now=NAMES_SECONDS - 1)[0] == {"a_value": {"two": 22}}
    assert not any(read.startswith(NAME) for read in kept.read)
    grown = Agent(entries({1: ("one", 11), 2: ("renamed", 22)}))
    assert device.read(grown, now=NAMES_SECONDS - 1)[0] == {"a_value": {"one": 11, "renamed": 22}}


@pytest.mark.parametrize(
    ("error", "is_silence"), [(NoAnswerError("lost"), True), (BadAnswerError("odd"), False)]
)
def test_a_failure_is_kept_apart_from_silence(error: SnmpError, is_silence: bool) -> None:
    metrics, reader = Device().read(Agent(entries(ONE), broken=VALUE, error=error))
    assert metrics == {}
    assert reader.failure == str(error)
    assert (reader.no_answer is error) == is_silence


def test_the_first_of_several_failures_is_reported() -> None:
    class Failing(Agent):
        async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
            raise BadAnswerError("first" if oids[0].startswith(oid.encode(VALUE)) else "second")

        async def next_apart(self, oids: Sequence[bytes]) -> list[WireBinding | SnmpError]:
            await self.bulk(oids, 1)
            return []

    assert Device().read(Failing(entries(ONE)))[1].failure == "first"


def test_a_refusal_is_not_of_one_table() -> None:
    with pytest.raises(RefusedError):
        Device().read(Agent(entries(ONE), broken=VALUE, error=RefusedError("no")))


def test_half_a_table_has_its_names_or_none() -> None:
    device = Device()
    assert device.reader(Agent([])).partial_families([]) == []
    device.read(Agent(entries(ONE)))
    reader = device.reader(Agent(entries(ONE)))
    asyncio.run(reader._columns.read([VALUE]))
    assert by_name(reader.partial_families([])) == {"a_value": {"one": 11}}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ({"only": {"oid": STATE, "values": [1]}}, {"two"}),
        ({"omit": {"oid": STATE, "values": [1]}}, {"one"}),
    ],
    ids=["only", "omit"],
)
def test_conditions_are_read_at_every_poll(condition: dict[str, object], names: set[str]) -> None:
    device = Device(**condition)
    device.read(Agent(entries(TWO, {1: 1, 2: 2})))
    metrics, _ = device.read(Agent(entries(TWO, {1: 2, 2: 1})))
    assert metrics["a_value"].keys() == names


def test_a_column_that_a_better_one_covers_is_read_no_more() -> None:
    better = {"oid": BETTER, "metric": "a_better_value", "help": "A better value."}
    device = Device(columns=[{**NUMBER, "unless": BETTER}, better])
    both = [*entries(ONE), WireBinding(oid.encode(f"{BETTER}.1"), ber.INTEGER, b"\x2c")]
    assert device.read(Agent(both))[0] == {"a_better_value": {"one": 44}}
    agent = Agent(both)
    assert device.read(agent)[0] == {"a_better_value": {"one": 44}}
    assert not any(read.startswith(f"{VALUE}.") for read in agent.read)


def test_rows_with_one_name_are_shown_once() -> None:
    twins: Rows = {1: ("same", 1), 2: ("same", 2)}
    device = Device(index=[{"form": "integer"}])
    reader = device.reader(Agent(entries(twins)))
    (family,) = asyncio.run(reader.families(0.0, []))
    assert [value for _, value in family.samples] == [1]


def test_an_info_series_is_of_the_rows_that_are_admitted() -> None:
    info = {"metric": "an_info", "help": "Info.", "labels": [{"label": "text", "oid": NAME}]}
    device = Device(info=info, columns=[], omit={"oid": STATE, "values": [2]})
    metrics, _ = device.read(Agent(entries(TWO, {1: 1, 2: 2})))
    assert metrics == {"an_info": {"one": 1}}


def test_what_a_device_lacks_is_not_settled_by_a_reading_that_failed() -> None:
    better = {"oid": BETTER, "metric": "a_better_value", "help": "A better value."}
    device = Device(columns=[NUMBER, better])
    device.read(Agent(entries(ONE), broken=NAME))
    both = [*entries(ONE), WireBinding(oid.encode(f"{BETTER}.1"), ber.INTEGER, b"\x2c")]
    assert device.read(Agent(both), now=1.0)[0].keys() == {"a_value", "a_better_value"}


INFO = {"metric": "an_info", "help": "Info.", "labels": [{"label": "text", "oid": NAME}]}


def test_a_table_of_info_alone_is_slow() -> None:
    device = Device(info=INFO, columns=[])
    device.read(Agent(entries(ONE)))
    agent = Agent(entries(TWO))
    assert device.read(agent, now=SLOW_SECONDS - 1)[0] == {"an_info": {"one": 1}}
    assert agent.read == []


def test_half_a_table_has_its_info() -> None:
    device = Device(info=INFO)
    device.read(Agent(entries(ONE)))
    assert by_name(device.reader(Agent([])).partial_families([])) == {"an_info": {"one": 1}}


def test_the_order_of_the_rows_is_kept_for_the_next_reading() -> None:
    device = Device()
    device.read(Agent(entries(TWO)))
    assert device.cache.tables["a", "aTable"].order == (b"\x01", b"\x02")


def test_a_table_of_info_alone_is_read_again_when_it_is_as_old_as_slow_tables_get() -> None:
    device = Device(info=INFO, columns=[])
    device.read(Agent(entries(ONE)))
    assert device.read(Agent(entries(TWO)), now=SLOW_SECONDS)[0] == {
        "an_info": {"one": 1, "two": 1}
    }


def test_what_a_value_is_reckoned_from_is_read_with_it_at_every_poll() -> None:
    device = Device(columns=[{**NUMBER, "less": STATE}])
    device.read(Agent(entries(ONE, {1: 1})))
    assert device.read(Agent(entries(ONE, {1: 5})))[0] == {"a_value": {"one": 6}}


def test_a_condition_at_parts_of_the_index_is_read_with_the_names_only() -> None:
    device = Device(only={"oid": STATE, "values": [1], "by": ["row"]})
    device.read(Agent(entries(ONE, {1: 1})))
    agent = Agent(entries(ONE, {1: 1}))
    assert device.read(agent)[0] == {"a_value": {"one": 11}}
    assert not any(read.startswith(STATE) for read in agent.read)


def test_info_is_a_gauge() -> None:
    families = asyncio.run(Device(info=INFO).reader(Agent(entries(ONE))).families(0.0, []))
    assert {family.name: family.type for family in families}["an_info"] == "gauge"
