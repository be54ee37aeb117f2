"""One object of a device set over SNMP: where the inventory permits it and the caller insists.

pysnmp does it: a SET is rare, and what it changes is not ours to get nearly right.
"""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from pysnmp.hlapi.v3arch import asyncio as pysnmp
from pysnmp.proto import rfc1902, rfc1905

from inventory.paths import user_name
from monitors.snmp.client import Agent, Community, Missing, Raw
from monitors.snmp.oid import encode
from monitors.snmp.targets import SnmpTarget, agent
from monitors.snmp.traps.pysnmp_engine import AUTHENTICATION, PRIVACY, raw
from monitors.snmp.wire.pdu import refusal
from monitors.text import journal_text

log = logging.getLogger(__name__)

ATTEMPT_SECONDS, REPEATS = 2.0, 2
HIDDEN = "(hidden)"
ABSENT = (rfc1905.NoSuchObject, rfc1905.NoSuchInstance, rfc1905.EndOfMibView)

# What fits any agent's messages, with room for the head.
LONGEST_VALUE = 1024


def _number(text: str, least: int, most: int) -> int:
    number = int(text)
    if not least <= number <= most:
        raise ValueError(f"expected a number from {least} to {most}")
    return number


def _octets(content: bytes) -> bytes:
    if len(content) > LONGEST_VALUE:
        raise ValueError(f"expected at most {LONGEST_VALUE} octets")
    return content


# The types by the letters of snmpset(1), which administrators know.
TYPES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "i": ("INTEGER", lambda text: rfc1902.Integer32(_number(text, -(2**31), 2**31 - 1))),
    "u": ("Unsigned32", lambda text: rfc1902.Gauge32(_number(text, 0, 2**32 - 1))),
    "t": ("TimeTicks", lambda text: rfc1902.TimeTicks(_number(text, 0, 2**32 - 1))),
    "s": ("OCTET STRING", lambda text: rfc1902.OctetString(_octets(text.encode()))),
    "x": ("OCTET STRING in hex", lambda text: rfc1902.OctetString(_octets(bytes.fromhex(text)))),
    "o": ("OBJECT IDENTIFIER", lambda text: rfc1902.ObjectIdentifier(_checked(text))),
    "a": ("IpAddress", lambda text: rfc1902.IpAddress(str(IPv4Address(text)))),
}


class SettingError(Exception):
    """Nothing was set, or nobody knows whether; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to set: a dotted instance, a letter of ``TYPES``, a value.

    A hidden value, before and after, is neither shown nor logged.
    """

    oid: str
    type: str
    value: str = field(repr=False)
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """What was set, and the object before and after as text; None: there was none.

    ``taken`` is whether it holds the value now: some devices accept and do otherwise.
    """

    device: str
    oid: str
    before: str | None
    after: str | None
    taken: bool


async def set_object(target: SnmpTarget, change: Change, state: Path, *, insist: bool) -> Changed:
    """Read an object, set it, read it back.

    ``insist`` is the caller's explicit flag. Raises SettingError, before a packet is sent when
    the inventory does not permit it, and inventory.secrets.SecretError.
    """
    device = target.name
    _permitted(target, insist=insist)
    value = _typed(change)
    session = await _Session.open(agent(target, state))
    try:
        before = await session.get(change.oid)
        await session.set(change.oid, value)
        after = await session.get(change.oid)
    except SettingError as error:
        log.warning("set %s %s by %s: %s", device, change.oid, _who(), error)
        raise SettingError(f"{device}: {change.oid}: {error}") from None
    finally:
        session.close()
    texts = tuple(_text(each, hidden=change.hidden) for each in (before, after))
    log.info("set %s %s by %s: %s -> %s", device, change.oid, _who(), *texts)
    return Changed(device, change.oid, texts[0], texts[1], after == raw(value))


def _permitted(target: SnmpTarget, *, insist: bool) -> None:
    device = target.device
    if device is None:
        raise SettingError(f"{target.name}: no device of the inventory; only those are set")
    if not device.allow_set:
        raise SettingError(
            f"{target.name}: the inventory does not permit it; put `allow_set: true` at the device"
        )
    if not insist:
        raise SettingError(f"{target.name}: nothing was set, since nobody insisted on it")


def _typed(change: Change) -> Any:
    kind = TYPES.get(change.type)
    if kind is None:
        known = ", ".join(f"{letter} ({name})" for letter, (name, _) in TYPES.items())
        raise SettingError(f"unknown type {change.type!r}; there are: {known}")
    try:
        _checked(change.oid)
        return kind[1](change.value)
    except ValueError as error:
        shown = HIDDEN if change.hidden else repr(change.value)
        raise SettingError(f"{change.oid}: {shown} is no {kind[0]}: {error}") from error


def _checked(text: str) -> str:
    """Return a dotted OID without a leading dot. Raises OidError, a ValueError."""
    encode(text)
    return text.lstrip(".")


def _text(value: Raw | Missing, *, hidden: bool) -> str | None:
    if isinstance(value, Missing):
        return None
    return HIDDEN if hidden else journal_text(value)


def _who() -> str:
    """Who runs this, for the audit trail: the person behind sudo, if there is one."""
    return os.environ.get("SUDO_USER") or user_name()


class _Session:
    """GET and SET with one agent, by an engine of pysnmp of its own."""

    def __init__(self, engine: Any, target: Any, user: Any) -> None:
        self._engine, self._target, self._user = engine, target, user

    @classmethod
    async def open(cls, where: Agent) -> "_Session":
        transport = (
            pysnmp.Udp6TransportTarget if ":" in where.address else pysnmp.UdpTransportTarget
        )
        target = await transport.create(
            (where.address, where.port), timeout=ATTEMPT_SECONDS, retries=REPEATS
        )
        return cls(pysnmp.SnmpEngine(), target, _user(where))

    async def get(self, oid: str) -> Raw | Missing:
        """Read one instance."""
        value = await self._request(pysnmp.get_cmd, oid, rfc1905.unSpecified)
        return Missing.INSTANCE if isinstance(value, ABSENT) else raw(value)

    async def set(self, oid: str, value: Any) -> None:
        """Set one instance."""
        await self._request(pysnmp.set_cmd, oid, value)

    def close(self) -> None:
        """Give the socket back."""
        self._engine.close_dispatcher()

    async def _request(self, command: Any, oid: str, value: Any) -> Any:
        binding = pysnmp.ObjectType(pysnmp.ObjectIdentity(oid), value)
        failure, status, _, bindings = await command(
            self._engine, self._user, self._target, pysnmp.ContextData(), binding, lookupMib=False
        )
        if failure:
            raise SettingError(f"{failure}")
        if status:
            raise SettingError(refusal(int(status)))
        return bindings[0][1]


def _user(where: Agent) -> Any:
    credentials = where.credentials
    if isinstance(credentials, Community):
        return pysnmp.CommunityData(credentials.community, mpModel=credentials.version)
    return pysnmp.UsmUserData(
        credentials.user,
        credentials.auth,
        credentials.priv,
        authProtocol=AUTHENTICATION[credentials.auth_protocol],
        privProtocol=PRIVACY[credentials.priv_protocol],
    )
