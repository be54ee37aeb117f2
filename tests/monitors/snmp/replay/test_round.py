"""The whole round: a recording is served, recorded over the network, and is what it was."""

import asyncio
from pathlib import Path

import pytest

from monitors.snmp import oid
from monitors.snmp.client import Agent as Asked
from monitors.snmp.client import Community, Credentials, NoAnswerError, RefusedError, User
from monitors.snmp.recording.reader import read
from monitors.snmp.recording.recorder import Recorder
from monitors.snmp.replay.agent import Agent
from monitors.snmp.replay.objects import Recorded
from monitors.snmp.replay.server import Endpoint, serving
from monitors.snmp.session import NetworkClient
from monitors.snmp.wire.values import COUNTER64
from tests.monitors.snmp.replay.serving import ACCESS, COMMUNITY, STRONG, USER

CASE = Path(__file__).parents[1] / "recording" / "cases" / "everything.walk"
SHARED = Path(__file__).resolve().parents[4].parent / "shared" / "recordings"
REAL = sorted(SHARED.glob("*.snmprec"))
V2C = Community(COMMUNITY)


def recorded(path: Path, how: Credentials, address: str = "127.0.0.1") -> Recorder:
    """What a walk over the network brings."""
    return asyncio.run(_recorded(path, how, address))


async def _recorded(path: Path, how: Credentials, address: str) -> Recorder:
    agent, client = Agent(Recorded(read(path).entries), ACCESS), NetworkClient(0.3, 1)
    try:
        async with (
            serving([(Endpoint(address, 0), agent)]) as (endpoint,),
            client.session(Asked(endpoint.address, endpoint.port, how)) as session,
        ):
            recorder = Recorder(session)
            await recorder.walk()
            return recorder
    finally:
        client.close()


def test_a_stranger_records_nothing() -> None:
    with pytest.raises(NoAnswerError):
        recorded(CASE, Community("another"))
    with pytest.raises(RefusedError):
        recorded(CASE, User(USER.user, "SHA", "another secret", "AES", USER.priv))


@pytest.mark.parametrize("how", [V2C, USER, STRONG], ids=["v2c", "v3", "strong v3"])
def test_what_is_recorded_is_what_was_served(how: Credentials) -> None:
    recorder = recorded(CASE, how)
    assert tuple(recorder.entries.values()) == read(CASE).entries
    assert recorder.remarks == []


def test_v1_brings_all_but_64_bit_counters() -> None:
    recorder = recorded(CASE, Community(COMMUNITY, 0))
    wanted = [entry for entry in read(CASE).entries if entry.tag != COUNTER64]
    assert list(recorder.entries.values()) == wanted
    assert recorder.remarks == []


def test_ipv6_serves_as_well() -> None:
    assert oid.encode("1.3.6.1.2.1.1.1.0") in recorded(CASE, V2C, "::1").entries


@pytest.mark.skipif(not REAL, reason=f"{SHARED} is not here")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_real_device_is_recorded_again_as_it_was(path: Path) -> None:
    recorder = recorded(path, V2C)
    assert tuple(recorder.entries.values()) == read(path).entries
    assert recorder.remarks == []
