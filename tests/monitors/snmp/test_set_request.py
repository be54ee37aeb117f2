"""SET: what keeps it from happening, and what Debian's own snmpd makes of it."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inventory.load import load_estate
from inventory.model.devices import Device
from inventory.model.estate import Estate
from inventory.model.snmp_access import SnmpAccess
from monitors.snmp.set_request import Change, Changed, SettingError, set_object
from monitors.snmp.targets import targets, unlisted_target
from tests.infra.lab.agent.running import AUTH
from tests.loopback import free_udp_port
from tests.monitors.snmp.net_snmp import running_snmpd

ESTATE = Path(__file__).parent / "traps" / "cases" / "estate"
SWITCH, HERE = "harbour-switch", "127.0.71.30"
CONTACT, NAME, DESCRIPTION = (f"1.3.6.1.2.1.1.{number}.0" for number in (4, 5, 1))
WORD = "paper-jam"


def estate(folder: Path, *, allowed: bool = True, snmp: SnmpAccess | None = None) -> Estate:
    """The estate with a switch that may, or may not, be changed."""
    access = snmp or SnmpAccess(auth=f"file:{folder / 'auth'}", priv=f"file:{folder / 'priv'}")
    base = load_estate(ESTATE)
    changed = {"allow_set": allowed, "snmp": access}

    def permitted(device: Device) -> Device:
        return device.model_copy(update=changed) if device.id == "switch" else device

    towns = [
        town.model_copy(update={"devices": tuple(map(permitted, town.devices))})
        for town in base.municipalities
    ]
    return base.model_copy(update={"municipalities": tuple(towns)})


@contextmanager
def snmpd(folder: Path, *lines: str) -> Iterator[int]:
    """Debian's agent at the switch's address; every object of the system group but one writable."""
    (folder / "word").write_text(WORD, encoding="utf-8")
    access = lines or ("rwuser bastide priv",)
    with running_snmpd(folder, HERE, [*access, "sysname set-by-its-file"]) as port:
        yield port


def done(
    folder: Path, change: Change, port: int = 9, *, insist: bool = True, of: Estate | None = None
) -> Changed:
    """Set an object of the switch."""
    target = targets(of or estate(folder), port)[SWITCH]
    return asyncio.run(set_object(target, change, folder, insist=insist))


def test_nothing_is_sent_unless_the_inventory_permits_it(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="put `allow_set: true` at the device"):
        done(tmp_path, Change(CONTACT, "s", "me"), of=estate(tmp_path, allowed=False))


def test_nothing_is_sent_unless_the_caller_insists(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="nobody insisted"):
        done(tmp_path, Change(CONTACT, "s", "me"), insist=False)


def test_neither_hosts_nor_strangers_are_set(tmp_path: Path) -> None:
    host, unknown = targets(estate(tmp_path))["harbour-edge"], unlisted_target(HERE, SnmpAccess())
    for target in (host, unknown):
        assert target is not None
        with pytest.raises(SettingError, match="no device of the inventory"):
            asyncio.run(set_object(target, Change(CONTACT, "s", "me"), tmp_path, insist=True))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change(CONTACT, "q", "1"), "unknown type 'q'; there are: i (INTEGER)"),
        (Change("sysContact", "s", "x"), "'sysContact' is no object identifier"),
        (Change(CONTACT, "i", "many"), "'many' is no INTEGER"),
        (Change(CONTACT, "i", "99999999999"), "is no INTEGER: expected a number from"),
        (Change(CONTACT, "u", "-1"), "'-1' is no Unsigned32"),
        (Change(CONTACT, "x", "0g"), "'0g' is no OCTET STRING in hex"),
        (Change(CONTACT, "a", "10.0.0"), "'10.0.0' is no IpAddress"),
        (Change(CONTACT, "o", "1.x"), "'1.x' is no OBJECT IDENTIFIER"),
        (Change(CONTACT, "s", "x" * 2000), "expected at most 1024 octets"),
    ],
)
def test_a_value_that_is_none_of_its_type(tmp_path: Path, change: Change, text: str) -> None:
    with pytest.raises(SettingError) as caught:
        done(tmp_path, change)
    assert text in str(caught.value)


def test_a_device_that_does_not_answer(tmp_path: Path) -> None:
    for name in ("auth", "priv"):
        (tmp_path / name).write_text("long enough", encoding="utf-8")
    with pytest.raises(SettingError, match="No SNMP response received"):
        done(tmp_path, Change(CONTACT, "s", "me"), free_udp_port(HERE))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change(DESCRIPTION, "s", "mine"), "notWritable: the object cannot be written"),
        (Change(NAME, "s", "mine"), "notWritable"),
        (Change(CONTACT, "i", "7"), "wrongType: the object has another type"),
        (Change(CONTACT, "s", "x" * 300), "wrongLength"),
        (Change("1.3.6.1.2.1.1.99.0", "i", "1"), "notWritable"),
    ],
)
def test_a_refusal_of_the_device_is_explained(tmp_path: Path, change: Change, text: str) -> None:
    with snmpd(tmp_path) as port, pytest.raises(SettingError) as caught:
        done(tmp_path, change, port)
    assert text in str(caught.value)
    assert str(caught.value).startswith(f"{SWITCH}: {change.oid}: ")


def test_a_user_who_may_only_read(tmp_path: Path) -> None:
    with snmpd(tmp_path, "rouser bastide priv") as port, pytest.raises(SettingError) as caught:
        done(tmp_path, Change(CONTACT, "s", "me"), port)
    assert "noAccess: the device does not let this user reach the object" in str(caught.value)


def test_before_and_after_are_returned_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "mira")
    caplog.set_level(logging.INFO)
    with snmpd(tmp_path) as port:
        first = done(tmp_path, Change(CONTACT, "s", "duty@harbour.test"), port)
        second = done(tmp_path, Change(CONTACT, "s", "it@harbour.test"), port)
    assert first.taken
    assert second == Changed(SWITCH, CONTACT, "duty@harbour.test", "it@harbour.test", taken=True)
    assert f"set {SWITCH} {CONTACT} by mira: duty@harbour.test -> it@harbour.test" in caplog.text
    assert AUTH not in caplog.text


def test_a_hidden_value_is_neither_returned_nor_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="monitors")
    with snmpd(tmp_path) as port:
        changed = done(tmp_path, Change(CONTACT, "s", "hunter2", hidden=True), port)
    assert (changed.after, changed.taken) == ("(hidden)", True)
    assert "hunter2" not in caplog.text + repr(changed) + repr(Change(CONTACT, "s", "hunter2"))


def test_a_community_may_set_as_well(tmp_path: Path) -> None:
    access = SnmpAccess.model_validate({"version": "2c", "community": f"file:{tmp_path / 'word'}"})
    with snmpd(tmp_path, f"rwcommunity {WORD}") as port:
        changed = done(
            tmp_path, Change(CONTACT, "x", "c3a9"), port, of=estate(tmp_path, snmp=access)
        )
    assert (changed.after, changed.taken) == ("é", True)
