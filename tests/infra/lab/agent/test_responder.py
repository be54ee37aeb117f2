"""The agent on the wire: who gets no answer, and what the others get."""

import asyncio
import socket
from pathlib import Path

import pytest
from gufo.snmp import Sha1Key, SnmpAuthError, User
from gufo.snmp.aio import SnmpSession

from infra.lab.agent.config import AgentConfig, ConfigError
from infra.lab.agent.responder import MOST_VARBINDS
from tests.infra.lab.agent.running import AUTH, asking, running, user

SYS_NAME = "1.3.6.1.2.1.1.5.0"
HC_OCTETS = "1.3.6.1.2.1.31.1.1.1.6"


async def answer_to(config: AgentConfig, datagram: bytes) -> bytes | None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setblocking(False)
        await loop.sock_sendto(asker, datagram, (str(config.address), config.port))
        try:
            return await asyncio.wait_for(loop.sock_recv(asker, 65535), 0.3)
        except TimeoutError:
            return None


@pytest.mark.parametrize("version", [0, 1])
def test_v1_and_v2c_get_no_answer(tmp_path: Path, version: int) -> None:
    get_sys_name = bytes.fromhex(
        "3026020100040670 75626c6963a019020101020100020100300e300c06082b060102010105000500"
    )
    datagram = get_sys_name[:4] + bytes([version]) + get_sys_name[5:]

    async def scenario() -> None:
        async with running(tmp_path) as config:
            assert await answer_to(config, datagram) is None

    asyncio.run(scenario())


@pytest.mark.parametrize("datagram", [b"", b"\x30", b"\x30\x82\xff\xff\x02", b"GET / HTTP/1.1\r\n"])
def test_nonsense_gets_no_answer_and_does_no_harm(tmp_path: Path, datagram: bytes) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config:
            assert await answer_to(config, datagram) is None
            async with asking(config) as session:
                assert await session.get(SYS_NAME) == b"harbour-switch"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "who",
    [
        user(name="stranger"),
        user(auth="wrong-horse-auth"),
        user(priv="wrong-horse-priv"),
        User("bastide"),
        User("bastide", auth_key=Sha1Key(AUTH.encode())),
    ],
    ids=["user", "auth", "priv", "noAuthNoPriv", "authNoPriv"],
)
def test_wrong_credentials_and_requests_in_clear_are_refused(tmp_path: Path, who: User) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config:
            with pytest.raises((SnmpAuthError, TimeoutError)):
                async with asking(config, who) as session:
                    await session.get(SYS_NAME)

    asyncio.run(scenario())


def test_a_port_that_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config:
            with pytest.raises(ConfigError, match=f"port {config.port}: Address already in use"):
                async with running(tmp_path, port=config.port):
                    pass

    asyncio.run(scenario())


def test_objects_that_do_not_exist_are_left_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config, asking(config) as session:
            values = await session.get_many([SYS_NAME, "1.3.6.1.2.1.1.99.0"])
            assert values == {SYS_NAME: b"harbour-switch"}

    asyncio.run(scenario())


@pytest.mark.parametrize("repetitions", [1, 7, 48, 60])
def test_a_walk_sees_each_port_once_in_order(tmp_path: Path, repetitions: int) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as config, asking(config) as session:
            oids = [oid async for oid, _ in session.getbulk(HC_OCTETS, repetitions)]
            assert oids == [f"{HC_OCTETS}.{port}" for port in range(1, 49)]

    asyncio.run(scenario())


def test_a_walk_of_everything_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(tmp_path, ports=4) as config, asking(config) as session:
            oids = [oid async for oid, _ in session.getbulk("1.3.6.1", MOST_VARBINDS)]
            assert len(oids) == len(set(oids)) == 11 + 2 + 4 * (18 + 19)

    asyncio.run(scenario())


def test_the_engine_id_survives_a_restart_and_the_boots_grow(tmp_path: Path) -> None:
    async def engine_id() -> bytes:
        async with running(tmp_path) as config, asking(config) as session:
            assert await session.get("1.3.6.1.6.3.10.2.1.2.0") == 7
            return session.get_engine_id()

    assert asyncio.run(engine_id()) == asyncio.run(engine_id())


def test_the_state_file_acts_at_once(tmp_path: Path) -> None:
    state = tmp_path / "state.json"

    async def scenario() -> None:
        async with (
            running(tmp_path, kind="ups", state_file=str(state)) as config,
            SnmpSession(str(config.address), config.port, user=user(), timeout=1.0) as session,
        ):
            assert await session.get("1.3.6.1.2.1.33.1.4.1.0") == 3
            state.write_text('{"on_battery": true}', encoding="utf-8")
            assert await session.get("1.3.6.1.2.1.33.1.4.1.0") == 5

    asyncio.run(scenario())
