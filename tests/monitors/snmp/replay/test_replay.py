"""Recordings and simulated switches asked by net-snmp, which knows nothing of us."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from monitors.snmp.client import WireBinding
from monitors.snmp.recording.reader import parse, read
from monitors.snmp.replay.agent import Agent
from monitors.snmp.replay.objects import Recorded
from monitors.snmp.replay.server import BindError, Endpoint, serving
from monitors.snmp.replay.simulated_switches import fleet, switch
from monitors.snmp.wire.values import UNSIGNED32
from tests.monitors.snmp.replay.serving import (
    ACCESS,
    COMMUNITY,
    USER,
    V2C,
    V3,
    V3_STRONG,
    asked,
    needs_net_snmp,
)

pytestmark = needs_net_snmp
SHARED = Path(__file__).resolve().parents[4].parent / "shared" / "recordings"
REAL = sorted(SHARED.glob("*.snmprec"))
CASE = Path(__file__).parents[1] / "recording" / "cases" / "everything.walk"
QUICK = ["-r0", "-t0.5"]
DESCRIPTION = ".1.3.6.1.2.1.1.1.0"


# snmpwalk shows UInteger32 (obsolete) without its type.
ENTRIES = tuple(entry for entry in read(CASE).entries if entry.tag != UNSIGNED32)


def recorded(entries: Iterable[WireBinding]) -> Agent:
    return Agent(Recorded(entries), ACCESS)


@pytest.fixture(scope="module")
def agent() -> Agent:
    return recorded(ENTRIES)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (["snmpget", "-v2c", "-c", "another", *QUICK], b"No Response"),
        (["snmpget", "-v1", "-c", "another", *QUICK], b"No Response"),
        (["snmpget", *V3, "-A", "wrong secret", *QUICK], b"Authentication failure"),
        (["snmpget", *V3, "-X", "wrong secret", *QUICK], b"Decryption error"),
        (["snmpget", *V3, "-u", "nobody", *QUICK], b"Unknown user name"),
        (["snmpget", *V3, "-l", "authNoPriv", *QUICK], b"Unsupported security level"),
        (["snmpget", *V3, "-l", "noAuthNoPriv", *QUICK], b"Unsupported security level"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else " ".join(value),
)
def test_strangers_get_nothing(agent: Agent, question: list[str], answer: bytes) -> None:
    done = asked(agent, *question, "{}", DESCRIPTION)
    assert answer in done.stderr
    assert done.stdout == b""


def test_nothing_is_ever_set(agent: Agent) -> None:
    done = asked(agent, "snmpset", *V2C, "{}", ".1.3.6.1.2.1.1.5.0", "s", "mine")
    assert b"notWritable" in done.stderr


def test_v1_says_no_such_name_and_shows_no_64_bits(agent: Agent) -> None:
    v1 = ["-v1", "-c", COMMUNITY, "-On"]
    counter = ".1.3.6.1.2.1.31.1.1.1.6.1"
    assert b"noSuchName" in asked(agent, "snmpget", *v1, "{}", DESCRIPTION, counter).stderr
    after = asked(agent, "snmpgetnext", *v1, "{}", ".1.3.6.1.2.1.31").stdout
    assert after.startswith(b".1.3.6.1.2.1.33.1.2.5.0 = ")


def test_what_is_missing_says_so_in_v2c(agent: Agent) -> None:
    printed = asked(agent, "snmpget", *V2C, "-On", "{}", ".1.3.6.1.2.1.9.9.0").stdout
    assert printed == b".1.3.6.1.2.1.9.9.0 = No Such Instance currently exists at this OID\n"


@pytest.mark.parametrize("how", [V2C, V3, V3_STRONG], ids=["v2c", "v3", "strong v3"])
@pytest.mark.parametrize("program", ["snmpwalk", "snmpbulkwalk"])
def test_a_walk_of_the_replay_is_the_recording(agent: Agent, program: str, how: list[str]) -> None:
    walked = asked(agent, program, *how, "-On", "{}", ".1").stdout
    assert parse(walked, "walk").entries == ENTRIES


@pytest.mark.skipif(not REAL, reason=f"{SHARED} is not here")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_real_device_is_walked_as_it_was_recorded(path: Path) -> None:
    device = read(path)
    assert device.oddities() == []
    walked = asked(recorded(device.entries), "snmpbulkwalk", *V3, "-On", "-Cr40", "{}", ".1").stdout
    assert parse(walked, path.stem).entries == device.entries


def test_a_switch_has_a_name_of_its_own_and_48_ports() -> None:
    printed = asked(switch("switch-0042", ACCESS), "snmpbulkwalk", *V2C, "-On", "{}", ".1").stdout
    walked = parse(printed, "switch")
    assert b'.1.3.6.1.2.1.1.5.0 = STRING: "switch-0042"\n' in printed
    assert len(walked.entries) == 8 + 48 * (22 + 19)


def test_a_fleet_answers_from_ports_or_from_addresses() -> None:
    async def served() -> None:
        by_port = fleet(3, ACCESS, address="127.0.0.1", first_port=20_700)
        async with serving(by_port) as endpoints:
            assert [endpoint.port for endpoint in endpoints] == [20_700, 20_701, 20_702]
        async with serving(fleet(3, ACCESS, first_port=20_700)) as endpoints:
            assert [endpoint.address for endpoint in endpoints] == [
                "127.20.0.1",
                "127.20.0.2",
                "127.20.0.3",
            ]

    asyncio.run(served())


def test_a_place_that_is_taken_says_so() -> None:
    async def twice() -> None:
        agent = switch("one", ACCESS)
        async with (
            serving([(Endpoint("127.0.0.1", 0), agent)]) as (endpoint,),
            serving([(endpoint, agent)]),
        ):
            pass

    with pytest.raises(BindError, match="cannot be listened on: Address already in use"):
        asyncio.run(twice())


def test_keys_are_never_shown() -> None:
    assert USER.auth not in repr(ACCESS)
    assert COMMUNITY not in repr(ACCESS)
