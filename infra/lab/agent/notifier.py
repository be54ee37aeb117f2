"""Traps and informs of a simulated device: at its start, and when its state file changes.

A switch tells when a cable is pulled or put back, a UPS when the mains fail or are back, each with
the notifications that the real ones send (IF-MIB, RFC 2863; UPS-MIB, RFC 1628).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch import asyncio as hlapi

from infra.lab.agent import responder, switch, ups
from infra.lab.agent.config import AgentConfig
from infra.lab.agent.objects import Moment, Objects, Oid

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
ATTEMPT_SECONDS, REPEATS = 2.0, 4
TRAPS: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 5)
COLD_START, LINK_DOWN, LINK_UP = (*TRAPS, 1), (*TRAPS, 3), (*TRAPS, 4)
SYS_UP_TIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
TRAP_OID: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
UPS_TRAPS: Oid = (1, 3, 6, 1, 2, 1, 33, 2)
ON_BATTERY, ALARM_REMOVED = (*UPS_TRAPS, 1), (*UPS_TRAPS, 4)
# upsEstimatedMinutesRemaining, upsSecondsOnBattery, upsConfigLowBattTime.
ON_BATTERY_OIDS: tuple[Oid, ...] = (
    (*ups.UPS, 2, 3, 0),
    (*ups.UPS, 2, 2, 0),
    (*ups.UPS, 9, 7, 0),
)
ALARM_DESCRIPTION: Oid = (*ups.UPS, 6, 2, 1, 2, 1)
ALARM_ON_BATTERY: Oid = (*ups.UPS, 6, 3, 2)

Binding = tuple[Oid, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A notification, and the bindings that come with it."""

    trap: Oid
    bindings: tuple[Binding, ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """What of a moment can become an event when it changes."""

    ports_down: frozenset[int]
    on_battery: bool

    @classmethod
    def at(cls, moment: Moment) -> "Observed":
        """Return what a moment shows; the moment itself goes on changing."""
        return cls(frozenset(moment.ports_down), moment.on_battery)


def events(config: AgentConfig, objects: Objects, before: Observed, now: Moment) -> Iterator[Event]:
    """Yield the notifications of what changed on a device since ``before``."""
    if config.kind == "switch":
        changed = before.ports_down ^ Observed.at(now).ports_down
        cabled = {port.index for port in switch.ports(config.name, config.ports) if port.cabled}
        for port in sorted(changed & cabled):
            trap = LINK_UP if port in before.ports_down else LINK_DOWN
            oids = [(*switch.IF_ENTRY, column, port) for column in (1, 7, 8)]
            yield Event(trap, _read(objects, [*oids, (*switch.IF_X_ENTRY, 1, port)], now))
    elif config.kind == "ups" and now.on_battery != before.on_battery:
        if now.on_battery:
            yield Event(ON_BATTERY, _read(objects, ON_BATTERY_OIDS, now))
        else:
            description = responder.SYNTAXES["ObjectIdentifier"](ALARM_ON_BATTERY)
            yield Event(ALARM_REMOVED, ((ALARM_DESCRIPTION, description),))


def _read(objects: Objects, oids: Iterable[Oid], now: Moment) -> tuple[Binding, ...]:
    return tuple((oid, responder.encoded(objects[oid](now))) for oid in oids)


class Notifier:
    """Sends one device's notifications, one after the other, in the order of their events."""

    def __init__(self, config: AgentConfig, secrets: tuple[str, str], objects: Objects) -> None:
        """``secrets`` are the passphrases (authentication, privacy)."""
        self._config, self._secrets, self._objects = config, secrets, objects

    async def run(self, now: Callable[[], Moment]) -> None:
        """Notify the start, then every change until cancelled; nothing without a receiver."""
        if self._config.notify is None:
            return
        observed = Observed.at(now())
        engine = responder.make_engine(self._config, self._secrets, now().boots)
        try:
            await self._send(engine, Event(COLD_START), now())
            while True:
                moment = now()
                for event in tuple(events(self._config, self._objects, observed, moment)):
                    observed = Observed.at(moment)
                    await self._send(engine, event, moment)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            engine.close_dispatcher()

    async def _send(self, engine: Any, event: Event, moment: Moment) -> None:
        config = self._config
        trap_oid = ".".join(map(str, event.trap))
        up_time = responder.SYNTAXES["TimeTicks"](int(moment.uptime * 100) % 2**32)
        trap = responder.SYNTAXES["ObjectIdentifier"](event.trap)
        bindings: list[Binding] = [(SYS_UP_TIME, up_time), (TRAP_OID, trap), *event.bindings]
        try:
            failure, *_ = await hlapi.send_notification(
                engine,
                self._user(),
                await self._target(),
                hlapi.ContextData(),
                config.notify_kind,
                *(hlapi.ObjectType(hlapi.ObjectIdentity(oid), value) for oid, value in bindings),
                lookupMib=False,
            )
        except PySnmpError as error:
            failure = error
        log.info(
            "%s: %s %s to %s: %s",
            config.name,
            config.notify_kind,
            trap_oid,
            config.notify,
            failure or "sent",
        )

    def _user(self) -> Any:
        config = self._config
        return hlapi.UsmUserData(
            config.user,
            *self._secrets,
            authProtocol=responder.AUTH_PROTOCOLS[config.auth_protocol],
            privProtocol=responder.PRIV_PROTOCOLS[config.priv_protocol],
        )

    async def _target(self) -> Any:
        config = self._config
        family = (
            hlapi.UdpTransportTarget if config.address.version == 4 else hlapi.Udp6TransportTarget
        )
        target = await family.create(
            (str(config.notify), config.notify_port), timeout=ATTEMPT_SECONDS, retries=REPEATS
        )
        # Whoever receives knows a device by the address that it sends from.
        return target.set_local_address((str(config.address), 0))
