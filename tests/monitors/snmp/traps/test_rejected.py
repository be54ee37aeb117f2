"""What is not accepted: counted by reason, never trusted, never answered."""

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from monitors.snmp.client import User
from monitors.snmp.traps.trap import Reason
from monitors.snmp.wire import pdu
from monitors.snmp.wire.usm_message import Moment
from tests.monitors.snmp.traps import receiving as r

GARBAGE = [
    b"",
    b"\x30",
    b"\x30\x84\xff\xff\xff\xff",
    b"\x30\x03\x02\x01\x01",
    b"\x30\x80\x02\x01\x03\x00\x00",
    b"\x30\x82\x03\xe8" + b"\x30\x80" * 500,
    b"GET / HTTP/1.1\r\n\r\n",
    r.signed()[:-1],
    r.plain()[:20],
]
WRONG_AUTH = User("bastide", "SHA", "another-secret-auth", "AES", r.PRIV)
WRONG_PRIV = User("bastide", "SHA", r.AUTH, "AES", "another-secret-priv")
WRONG_NAME = User("root", "SHA", r.AUTH, "AES", r.PRIV)
WRONG_HASH = User("bastide", "SHA256", r.AUTH, "AES", r.PRIV)


async def rejected(
    state: Path, data: bytes, source: str, reason: Reason, known: int = 0
) -> r.Receiving:
    """Send a datagram that is rejected for a reason; ``known`` traps were accepted before."""
    async with r.receiving(state) as x:
        r.send(data, source, x.port)
        await x.until(reason, 1)
        assert x.accepted() == known
        return x


async def test_an_unknown_sender_is_counted_and_dropped_whatever_it_knows(tmp_path: Path) -> None:
    for data in (r.signed(), r.plain()):
        await rejected(tmp_path, data, r.STRANGER, Reason.UNKNOWN_SENDER)


async def test_an_unknown_sender_is_never_answered(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        status = await r.net_snmp("snmpinform", r.STRANGER, x.port, *r.ONCE, *r.V3, r.COLD_START)
        await x.until(Reason.UNKNOWN_SENDER, 1)
    assert status != 0


async def test_bytes_that_are_no_message(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        for number, data in enumerate(GARBAGE, 1):
            r.send(data, r.SWITCH, x.port)
            await x.until(Reason.UNDECODABLE, number, after=data.hex()[:20])
        assert (x.rejected(Reason.UNDECODABLE), x.accepted()) == (len(GARBAGE), 0)


async def test_a_wrong_key_name_or_protocol(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        for number, user in enumerate((WRONG_AUTH, WRONG_PRIV, WRONG_NAME, WRONG_HASH), 1):
            r.send(r.signed(user), r.SWITCH, x.port)
            await x.until(Reason.BAD_CREDENTIALS, number, after=str(user))
        assert (x.rejected(Reason.BAD_CREDENTIALS), x.accepted()) == (4, 0)


async def test_a_wrong_community(tmp_path: Path) -> None:
    await rejected(tmp_path, r.plain("public"), r.PRINTER, Reason.BAD_CREDENTIALS)


async def test_the_community_of_one_device_is_nothing_from_another(tmp_path: Path) -> None:
    await rejected(tmp_path, r.plain(), r.SWITCH, Reason.BAD_CREDENTIALS)


async def test_the_keys_of_one_device_are_nothing_from_another(tmp_path: Path) -> None:
    await rejected(tmp_path, r.signed(r.MODEM), r.SWITCH, Reason.BAD_CREDENTIALS)


async def test_version_1_and_requests_are_not_for_this_port(tmp_path: Path) -> None:
    version_1 = r.plain().replace(b"\x02\x01\x01", b"\x02\x01\x00", 1)
    get, set_request = r.signed(kind=pdu.GET), r.signed(kind=pdu.SET)
    async with r.receiving(tmp_path) as x:
        unsupported = ((version_1, r.PRINTER), (get, r.SWITCH), (set_request, r.SWITCH))
        for number, (data, source) in enumerate(unsupported, 1):
            r.send(data, source, x.port)
            await x.until(Reason.UNSUPPORTED, number, after=data.hex()[:20])
        assert (x.rejected(Reason.UNSUPPORTED), x.accepted()) == (3, 0)


async def test_a_notification_that_names_none(tmp_path: Path) -> None:
    await rejected(tmp_path, r.signed(varbinds=[]), r.SWITCH, Reason.UNDECODABLE)
    await rejected(tmp_path, r.signed(varbinds=r.bindings()[2:]), r.SWITCH, Reason.UNDECODABLE)


async def test_a_datagram_longer_than_any_notification(tmp_path: Path) -> None:
    await rejected(tmp_path, r.signed(varbinds=r.bindings() * 400), r.SWITCH, Reason.UNSUPPORTED)


@pytest.mark.parametrize(
    ("boots", "seconds"), [(5, 1000 - 200), (4, 9000), (0, 0)], ids=["time", "boots", "zero"]
)
async def test_a_signed_trap_of_the_past_is_a_replay(
    tmp_path: Path, boots: int, seconds: int
) -> None:
    async with r.receiving(tmp_path) as x:
        r.send(r.signed(), r.SWITCH, x.port)
        await x.until("accepted", 1)
        r.send(r.signed(moment=Moment(r.ENGINE, boots, seconds), number=8), r.SWITCH, x.port)
        await x.until(Reason.OUTSIDE_WINDOW, 1)
        assert x.accepted() == 1


async def test_a_restart_does_not_make_an_old_trap_fresh(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        r.send(r.signed(), r.SWITCH, x.port)
        await x.until("accepted", 1)
    old = r.signed(moment=Moment(r.ENGINE, 5, 800), number=8)
    await rejected(tmp_path, old, r.SWITCH, Reason.OUTSIDE_WINDOW)


async def test_the_same_trap_twice_counts_once(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        for data in (r.signed(), r.signed()):
            r.send(data, r.SWITCH, x.port)
        await x.until(Reason.REPEATED, 1)
        assert x.accepted() == 1


async def test_a_flood_of_one_device_leaves_the_others_their_share(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.bind((r.UPS, 0))
            for number in range(3000):
                out.sendto(b"x" * 200, (r.HERE, x.port))
                if number % 100 == 0:
                    await asyncio.sleep(0)
        await x.until(Reason.FLOODED, 1)
        assert await r.net_snmp("snmpinform", r.SWITCH, x.port, *r.V3, r.COLD_START) == 0
        await x.until("accepted", 1)


async def test_a_flood_of_strangers_keeps_nobody_from_being_heard(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.bind((r.STRANGER, 0))
            inform = asyncio.create_task(
                r.net_snmp("snmpinform", r.SWITCH, x.port, *r.V3, r.COLD_START)
            )
            for _ in range(200):
                for _ in range(100):
                    out.sendto(b"\x30" * 1200, (r.HERE, x.port))
                await asyncio.sleep(0)
            assert await inform == 0
        await x.until("accepted", 1)
        await x.until(Reason.UNKNOWN_SENDER, 100)


async def test_a_reason_is_logged_once_for_an_address_with_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with r.receiving(tmp_path) as x:
        for _ in range(5):
            r.send(r.plain("public"), r.PRINTER, x.port)
            await x.until(Reason.BAD_CREDENTIALS, 1)
    dropped = [line for line in caplog.messages if "dropped" in line]
    assert len(dropped) == 1
    assert "harbour-printer (127.0.71.32)" in dropped[0]
    assert "public" not in caplog.text
