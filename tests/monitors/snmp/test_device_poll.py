"""What is remembered between polls, and what makes it be read again."""

import asyncio
from collections.abc import Sequence

import pytest

from monitors.snmp.boot_time import BootTimes
from monitors.snmp.client import Binding, BulkResponse, NoAnswerError, Raw, SnmpError, WireBinding
from monitors.snmp.device_cache import (
    NAMES_SECONDS,
    SELECTION_SECONDS,
    SLOW_SECONDS,
    YOUNG_SECONDS,
    DeviceCache,
)
from monitors.snmp.device_poll import DevicePoll, PollProgress
from monitors.snmp.metric_families import render
from monitors.snmp.profile_files import shipped_profiles
from monitors.snmp.profile_selection import select_profiles
from monitors.snmp.recording.reader import parse
from monitors.snmp.recording.recorded_session import RecordedSession
from monitors.snmp.samples import merge_families

DAY = 24 * 360_000  # in the ticks of sysUpTime
SWITCH = """\
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.32473.1
1.3.6.1.2.1.1.3.0|67|{ticks}
1.3.6.1.2.1.1.5.0|4|{name}
1.3.6.1.2.1.2.2.1.2.1|4|port one
1.3.6.1.2.1.2.2.1.7.1|2|1
1.3.6.1.2.1.2.2.1.8.1|2|{state}
1.3.6.1.2.1.2.2.1.10.1|65|4294967295
1.3.6.1.2.1.31.1.1.1.1.1|4|{port}
1.3.6.1.2.1.31.1.1.1.18.1|4|{alias}
1.3.6.1.2.1.31.1.5.0|67|{changed}
{more}"""
HIGH_CAPACITY = "1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615\n"
SECOND_ROW = "1.3.6.1.2.1.2.2.1.2.2|4|port two\n1.3.6.1.2.1.2.2.1.8.2|2|2\n"
HOST = "1.3.6.1.2.1.25.1.5.0|66|3\n1.3.6.1.2.1.25.1.6.0|66|120\n"
DEFAULTS: dict[str, object] = {
    "ticks": DAY,
    "name": "sw",
    "state": 1,
    "port": "gi1",
    "alias": "hall",
    "changed": 5,
    "more": HIGH_CAPACITY,
}


class Device:
    """A device that a test changes between polls, and the time that passes."""

    def __init__(self) -> None:
        self.memory, self.now = DeviceCache("sw", BootTimes()), 0.0
        self.progress = PollProgress()

    def poll(self, pinned: tuple[str, ...] = (), **changes: object) -> dict[str, dict[str, float]]:
        """Poll once; values by metric and by the labels that tell rows apart."""
        text = SWITCH.format(**(DEFAULTS | changes))
        session = RecordedSession(parse(text.encode(), "switch").entries)
        self.progress = PollProgress()
        collector = DevicePoll(session, self.memory, self.progress, lambda: self.now)
        asyncio.run(collector.run(shipped_profiles(), pinned, ()))
        return {
            family.name: {labels.get("ifName", ""): value for labels, value in family.samples}
            for family in merge_families(self.progress.families, [])
        }

    @property
    def text(self) -> str:
        return render(merge_families(self.progress.families, []))

    @property
    def profiles(self) -> set[str]:
        return {profile.profile for profile in self.progress.profiles}


def test_states_are_read_at_every_poll() -> None:
    device = Device()
    assert device.poll(state=1)["ifOperStatus"] == {"gi1": 1}
    assert device.poll(state=2)["ifOperStatus"] == {"gi1": 2}


def test_names_are_kept_for_an_hour() -> None:
    device = Device()
    device.poll(port="gi1")
    assert device.poll(port="renamed")["ifOperStatus"] == {"gi1": 1}
    device.now += NAMES_SECONDS
    assert device.poll(port="renamed")["ifOperStatus"] == {"renamed": 1}


@pytest.mark.parametrize("pinned", [(), ("interfaces",)], ids=["selected", "pinned"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"ticks": 100}, id="a restart"),
        pytest.param({"changed": 6}, id="ifTableLastChange"),
        pytest.param({"more": HIGH_CAPACITY + SECOND_ROW}, id="a new row"),
    ],
)
def test_names_are_read_again_after_a_change(
    change: dict[str, object], pinned: tuple[str, ...]
) -> None:
    device = Device()
    device.poll(pinned)
    assert "renamed" in device.poll(pinned, port="renamed", **change)["ifOperStatus"]


def test_what_changes_slowly_is_served_for_ten_minutes() -> None:
    device = Device()
    device.poll()
    device.now += SLOW_SECONDS - 1
    device.poll(alias="attic")
    assert 'ifAlias="hall"' in device.text
    device.now += 1
    device.poll(alias="attic")
    assert 'ifAlias="attic"' in device.text


def test_32_bit_counters_are_shown_only_where_there_is_no_better_one() -> None:
    device = Device()
    assert "ifInOctets" not in device.poll()
    device = Device()
    assert device.poll(more="")["ifInOctets"] == {"gi1": 2**32 - 1}
    assert device.poll(more="")["ifInOctets"] == {"gi1": 2**32 - 1}


def test_64_bit_counters_wrap_where_floats_lose_their_units() -> None:
    assert Device().poll()["ifHCInOctets"] == {"gi1": 2**53 - 1}


def test_profiles_are_chosen_for_hours_and_again_after_a_restart() -> None:
    device = Device()
    device.poll()
    assert "host_resources" not in device.profiles
    device.poll(more=HIGH_CAPACITY + HOST)
    assert "host_resources" not in device.profiles
    device.now += SELECTION_SECONDS
    device.poll(more=HIGH_CAPACITY + HOST)
    assert "host_resources" in device.profiles
    device.poll(ticks=100)
    assert "host_resources" not in device.profiles


def test_a_device_that_has_just_started_is_looked_at_again_soon() -> None:
    device = Device()
    device.poll(ticks=1000)
    device.now += YOUNG_SECONDS
    device.poll(ticks=1100, more=HIGH_CAPACITY + HOST)
    assert "host_resources" in device.profiles


def test_a_device_that_falls_silent_is_not_asked_for_the_rest() -> None:
    class Dying(RecordedSession):
        asked = 0

        async def bulk(self, oids: Sequence[bytes], repetitions: int) -> BulkResponse:
            type(self).asked += 1
            raise NoAnswerError("gone")

        async def next_apart(self, oids: Sequence[bytes]) -> list[WireBinding | SnmpError]:
            return [NoAnswerError("gone") for _ in oids]

        async def get(self, oids: Sequence[bytes]) -> dict[bytes, Raw]:
            if self.asked:
                raise NoAnswerError("gone")
            return await super().get(oids)

    entries: tuple[WireBinding, ...] = parse(SWITCH.format(**DEFAULTS).encode(), "switch").entries
    progress, memory = PollProgress(), DeviceCache("sw", BootTimes())
    collector = DevicePoll(Dying(entries), memory, progress)
    with pytest.raises(NoAnswerError):
        asyncio.run(collector.run(shipped_profiles(), ("interfaces", "etherlike"), ()))
    left = {outcome.profile for outcome in progress.unfinished("gone")}
    assert "etherlike" in left


def test_a_selection_that_is_cut_off_goes_on_with_the_next_poll() -> None:
    class Slow(RecordedSession):
        left, asked = 1, 0

        async def next(self, oids: Sequence[bytes]) -> list[Binding]:
            self.left -= 1
            if self.left < 0:
                raise NoAnswerError("the deadline")
            self.asked += len(oids)
            return await super().next(oids)

    session = Slow(parse(SWITCH.format(**DEFAULTS).encode(), "switch").entries)
    profiles, seen = tuple(shipped_profiles().values()), dict[str, bool]()
    with pytest.raises(NoAnswerError):
        asyncio.run(select_profiles(session, profiles, seen))
    before = session.asked
    session.left = 1000
    selected = asyncio.run(select_profiles(session, profiles, seen))
    assert "interfaces" in {profile.profile for profile in selected}
    assert before > 0
    assert session.asked == len({root for profile in profiles for root in profile.present})
