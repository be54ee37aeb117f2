"""Notifications from pysnmp, as an application sends them."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pysnmp.hlapi.v3arch import asyncio as hlapi

from tests.monitors.snmp.traps import receiving as r

Notify = Callable[[str, str], Awaitable[str | None]]


@contextmanager
def sender(source: str, port: int) -> Iterator[Notify]:
    """An engine of its own that sends ``trap`` or ``inform`` and tells what went wrong, if so."""
    engine = hlapi.SnmpEngine()
    user = hlapi.UsmUserData(
        r.BASTIDE.user,
        r.BASTIDE.auth,
        r.BASTIDE.priv,
        authProtocol=hlapi.USM_AUTH_HMAC96_SHA,
        privProtocol=hlapi.USM_PRIV_CFB128_AES,
    )

    async def notify(kind: str, trap: str) -> str | None:
        target: Any = await hlapi.UdpTransportTarget.create((r.HERE, port), timeout=2, retries=3)
        target.set_local_address((source, 0))
        response = await hlapi.send_notification(
            engine,
            user,
            target,
            hlapi.ContextData(),
            kind,
            hlapi.NotificationType(hlapi.ObjectIdentity(trap)),
        )
        return str(response[0]) if response[0] else None

    try:
        yield notify
    finally:
        engine.close_dispatcher()
