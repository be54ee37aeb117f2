"""What is accepted: counted, logged in one line, and passed on where a poll is called for."""

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from inventory.model.snmp_access import SnmpAccess
from monitors.snmp import oid
from monitors.snmp.client import User
from monitors.snmp.traps.receiver import TrapListenError
from monitors.snmp.traps.trap import Reason, Trap
from monitors.snmp.wire import ber, pdu
from monitors.snmp.wire.usm_message import Moment
from tests.monitors.snmp.traps import receiving as r
from tests.monitors.snmp.traps.informing import sender

NAME = "1.3.6.1.2.1.31.1.1.1.1.3"


def head(trap: str) -> list[bytes]:
    return r.bindings(trap)[:2]


def text(instance: str, value: str) -> bytes:
    return pdu.binding(oid.encode(instance), ber.OCTETS, value.encode())


def text_of(trap: Trap, name: str) -> str:
    """The text of the first binding of that name."""
    return next(binding.text for binding in trap.bindings if binding.name == name)


async def test_a_link_trap_is_counted_with_its_device_and_passed_on(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        r.send(r.signed(), r.SWITCH, x.port)
        await x.until("accepted", 1)
        device = {"municipality": "harbour", "device": "harbour-switch"}
        assert x.count("bastide_snmp_traps_total", **device, trap="linkDown") == 1
        assert x.count("bastide_snmp_link_changes_total", **device, state="down") == 1
        (trap,) = x.traps
    assert (trap.device, trap.name, text_of(trap, "ifIndex")) == ("harbour-switch", "linkDown", "3")


@pytest.mark.parametrize("protocols", [("SHA", "AES"), ("SHA256", "AES"), ("SHA512", "AES256")])
@pytest.mark.parametrize("tool", ["snmptrap", "snmpinform"])
async def test_what_net_snmp_sends(tmp_path: Path, tool: str, protocols: tuple[str, str]) -> None:
    access = SnmpAccess.model_validate(
        {"auth_protocol": protocols[0], "priv_protocol": protocols[1]}
    )
    auth, priv = {"SHA256": "SHA-256", "SHA512": "SHA-512"}.get(protocols[0], "SHA"), protocols[1]
    v3 = ("-v3", "-l", "authPriv", "-u", "bastide", "-a", auth, "-A", r.AUTH, "-x", priv)
    async with r.receiving(tmp_path, snmp=access) as x:
        sent = await r.net_snmp(tool, r.SWITCH, x.port, *v3, "-X", r.PRIV, r.LINK_UP)
        await x.until("accepted", 1)
    assert sent == 0


@pytest.mark.parametrize("tool", ["snmptrap", "snmpinform"])
async def test_what_net_snmp_sends_with_a_community(tmp_path: Path, tool: str) -> None:
    async with r.receiving(tmp_path) as x:
        sent = await r.net_snmp(tool, r.PRINTER, x.port, "-v2c", "-c", r.WORD, r.COLD_START)
        await x.until("accepted", 1)
    assert sent == 0


@pytest.mark.parametrize("kind", ["trap", "inform"])
async def test_what_pysnmp_sends(tmp_path: Path, kind: str) -> None:
    async with r.receiving(tmp_path) as x:
        with sender(r.SWITCH, x.port) as notify:
            assert await notify(kind, r.COLD_START) is None
        await x.until("accepted", 1)


async def test_informs_go_on_after_a_restart_of_either_side(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        port = x.port
        with sender(r.SWITCH, port) as notify:
            assert await notify("inform", r.COLD_START) is None
            await x.receiver.stop()
            async with r.receiving(tmp_path, port) as again:
                # It still has the boots and the time of the engine that is gone.
                assert await notify("inform", r.LINK_UP) is None
                await again.until("accepted", 1)
                assert again.rejected(Reason.OUTSIDE_WINDOW) == 1


async def test_a_listener_that_is_killed_comes_back(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        os.kill(x.listener(), signal.SIGKILL)
        await x.until("bastide_snmp_trap_listener_restarts_total", 1)
        r.send(r.signed(), r.SWITCH, x.port)
        await x.until("accepted", 1)


async def test_a_trap_that_nobody_knows_makes_no_label(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with r.receiving(tmp_path) as x:
        for number in range(3):
            varbinds = head(f"1.3.6.1.4.1.32473.0.{number}")
            r.send(r.signed(number=number, varbinds=varbinds), r.SWITCH, x.port)
        await x.until("accepted", 3)
        labels = {"municipality": "harbour", "device": "harbour-switch", "trap": "other"}
        assert x.count("bastide_snmp_traps_total", **labels) == 3
        assert x.traps == []
    assert "trap harbour harbour-switch other 1.3.6.1.4.1.32473.0.2" in caplog.text


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("gi1/0/3", 'ifName="gi1/0/3"'),
        ("a\nERROR forged \x1b[31m", 'ifName="a ERROR forged  [31m"'),
        ('" ifIndex="9', r'ifName="\" ifIndex=\"9"'),
        ("x" * 500, f'ifName="{"x" * 120}…"'),
        ("\u202egnp.exe", 'ifName="gnp.exe"'),
    ],
)
async def test_a_line_in_the_log_is_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, line: str
) -> None:
    caplog.set_level(logging.INFO)
    async with r.receiving(tmp_path) as x:
        r.send(r.signed(varbinds=[*head(r.LINK_DOWN), text(NAME, name)]), r.SWITCH, x.port)
        await x.until("accepted", 1)
    (logged,) = [m for m in caplog.messages if m.startswith("trap harbour")]
    assert logged == f"trap harbour harbour-switch linkDown {line}"


async def test_neither_a_community_nor_an_unknown_object_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    varbinds = [
        *head(r.LINK_DOWN),
        text("1.3.6.1.6.3.18.1.4.0", r.WORD),
        text("1.3.6.1.4.1.32473.1.0", "hunter2"),
    ]
    async with r.receiving(tmp_path) as x:
        r.send(r.plain(varbinds=varbinds), r.PRINTER, x.port)
        await x.until("accepted", 1)
        (trap,) = x.traps
    assert r.WORD not in caplog.text
    assert "hunter2" not in caplog.text
    assert [shown.text for shown in trap.bindings] == ["hunter2"]


async def test_a_storm_of_one_device_calls_for_two_polls(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        for number in range(48):
            varbinds = r.bindings(r.LINK_DOWN, number + 1)
            r.send(r.signed(number=number + 1, varbinds=varbinds), r.SWITCH, x.port)
        await x.until("accepted", 48)
        async with asyncio.timeout(r.PATIENCE_SECONDS):
            while len(x.traps) < 2:
                await asyncio.sleep(0.02)
    assert [text_of(trap, "ifIndex") for trap in x.traps] == ["1", "48"]


async def test_an_edge_sends_from_its_uplink_address_too(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        for number, source in enumerate(("127.0.71.1", "127.0.90.1")):
            r.send(r.signed(number=number), source, x.port)
        await x.until("accepted", 2)
        labels = {"municipality": "harbour", "device": "harbour-edge", "trap": "linkDown"}
        assert x.count("bastide_snmp_traps_total", **labels) == 2


@pytest.mark.parametrize(
    ("user", "device"), [(r.MODEM, "island-modem"), (r.BASTIDE, "island-edge")]
)
async def test_behind_one_address_the_keys_tell_who_sends_or_the_edge_is_named(
    tmp_path: Path, user: User, device: str
) -> None:
    async with r.receiving(tmp_path) as x:
        r.send(r.signed(user), "127.0.90.2", x.port)
        await x.until("accepted", 1)
        labels = {"municipality": "island", "device": device, "trap": "linkDown"}
        assert x.count("bastide_snmp_traps_total", **labels) == 1


async def test_devices_with_one_user_name_and_different_keys(tmp_path: Path) -> None:
    keys: Sequence[tuple[User, str]] = (
        (r.BASTIDE, r.SWITCH), (r.OTHER_KEYS, r.CAMERA), (r.BASTIDE, r.UPS),
    )  # fmt: skip
    async with r.receiving(tmp_path) as x:
        for number, (user, source) in enumerate(keys):
            moment = Moment(r.ENGINE + bytes((number,)), 1, 10)
            r.send(r.signed(user, moment), source, x.port)
        await x.until("accepted", 3)


async def test_a_changed_inventory_is_followed_without_a_restart(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        r.send(r.plain(), r.PRINTER, x.port)
        await x.until("accepted", 1)
        estate = r.estate()
        x.receiver.reload(estate.model_copy(update={"municipalities": ()}))
        r.send(r.plain(number=8), r.PRINTER, x.port)
        await x.until(Reason.UNKNOWN_SENDER, 1)
        x.receiver.reload(estate)
        r.send(r.plain(number=9), r.PRINTER, x.port)
        await x.until("accepted", 2)


async def test_a_device_without_its_secret_costs_the_others_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with r.receiving(tmp_path, without="snmp-printer") as x:
        r.send(r.plain(), r.PRINTER, x.port)
        await x.until(Reason.UNKNOWN_SENDER, 1)
        r.send(r.signed(), r.SWITCH, x.port)
        await x.until("accepted", 1)
    assert "harbour-printer: generated:snmp-printer: cannot read" in caplog.text


async def test_a_port_that_is_taken_is_reported_with_what_to_do(tmp_path: Path) -> None:
    async with r.receiving(tmp_path) as x:
        with pytest.raises(TrapListenError, match=r"ss -lunp 'sport = :\d+'"):
            async with r.receiving(tmp_path, x.port):
                pass
