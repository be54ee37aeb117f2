"""The adapter to pysnmp: answers SNMPv3 authPriv requests from a device's objects.

pysnmp does the protocol (RFC 3412) and the security (RFC 3414); the objects are looked up in
a sorted list, since pysnmp's own MIB instrumentation is many times dearer. Anything below
authPriv, and SNMPv1 and v2c altogether, gets no answer.
"""

import asyncio
import logging
import socket
import warnings
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Protocol

from pysnmp.carrier.asyncio.dgram import udp, udp6
from pysnmp.entity import config as usm
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413.cmdrsp import CommandResponderBase
from pysnmp.entity.rfc3413.context import SnmpContext
from pysnmp.proto import rfc1902, rfc1905
from pysnmp.proto.api import v2c

from infra.lab.agent.config import AgentConfig, ConfigError
from infra.lab.agent.objects import Moment, Objects, Oid, Value
from infra.lab.agent.system import engine_id

log = logging.getLogger(__name__)

AUTH_PROTOCOLS = {
    "SHA": usm.USM_AUTH_HMAC96_SHA,
    "SHA224": usm.USM_AUTH_HMAC128_SHA224,
    "SHA256": usm.USM_AUTH_HMAC192_SHA256,
    "SHA384": usm.USM_AUTH_HMAC256_SHA384,
    "SHA512": usm.USM_AUTH_HMAC384_SHA512,
}
# Blumenthal's key expansion, as net-snmp does it by default.
PRIV_PROTOCOLS = {
    "AES": usm.USM_PRIV_CFB128_AES,
    "AES192": usm.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES256": usm.USM_PRIV_CFB256_AES_BLUMENTHAL,
}
SYNTAXES = {
    "Integer32": rfc1902.Integer32,
    "OctetString": rfc1902.OctetString,
    "ObjectIdentifier": rfc1902.ObjectIdentifier,
    "TimeTicks": rfc1902.TimeTicks,
    "Gauge32": rfc1902.Gauge32,
    "Counter32": rfc1902.Counter32,
    "Counter64": rfc1902.Counter64,
}
SNMPV3 = 3
AUTH_PRIV = 3
# What fits a datagram that crosses an Ethernet link in one piece, as real agents choose it.
MOST_VARBINDS = 50
# pysnmp's clock only expires its caches here; ten ticks a second would be waste.
TICK_SECONDS = 5.0

Binding = tuple[Oid, Any]


class Source(Protocol):
    """What a responder answers from."""

    def get(self, oid: Oid, moment: Moment) -> Binding:
        """The object itself, or noSuchInstance."""
        ...

    def next(self, oid: Oid, moment: Moment) -> Binding:
        """The object after an OID, or endOfMibView."""
        ...


class Lookup:
    """A device's objects in lexicographic order (RFC 3416, 4.2)."""

    def __init__(self, objects: Objects) -> None:
        """Sort once; the set of instances does not change while the agent runs."""
        self._readers = objects
        self._order = sorted(objects)

    def get(self, oid: Oid, moment: Moment) -> Binding:
        """The object itself, or noSuchInstance."""
        reader = self._readers.get(oid)
        return (oid, rfc1905.noSuchInstance if reader is None else encoded(reader(moment)))

    def next(self, oid: Oid, moment: Moment) -> Binding:
        """The object after an OID, or endOfMibView."""
        index = bisect_right(self._order, oid)
        if index == len(self._order):
            return (oid, rfc1905.endOfMibView)
        following = self._order[index]
        return (following, encoded(self._readers[following](moment)))


def encoded(value: Value) -> Any:
    """A value as pysnmp has it."""
    return SYNTAXES[value.syntax](value.value)


class Responder(CommandResponderBase):  # type: ignore[misc]
    """GET, GETNEXT and GETBULK for one device."""

    SUPPORTED_PDU_TYPES = (
        rfc1905.GetRequestPDU.tagSet,
        rfc1905.GetNextRequestPDU.tagSet,
        rfc1905.GetBulkRequestPDU.tagSet,
    )

    def __init__(
        self, engine: Any, context: Any, source: Source, now: Callable[[], Moment]
    ) -> None:
        """Answer from ``source`` at the moment that ``now`` returns."""
        super().__init__(engine, context)
        self._source, self._now = source, now

    def process_pdu(self, *arguments: Any) -> None:
        """Drop whatever came in clear or unsigned; pysnmp's order of arguments."""
        model, level = arguments[1], arguments[4]
        if model != SNMPV3 or level != AUTH_PRIV:
            log.info("a request below authPriv gets no answer")
            return
        super().process_pdu(*arguments)

    def handle_management_operation(  # noqa: D102 - pysnmp's
        self, engine: Any, reference: Any, context_name: Any, pdu: Any, *_: Any
    ) -> None:
        oids = [tuple(name) for name, _ in v2c.apiPDU.get_varbinds(pdu)]
        moment = self._now()
        if pdu.tagSet == rfc1905.GetRequestPDU.tagSet:
            bindings = [self._source.get(oid, moment) for oid in oids]
        elif pdu.tagSet == rfc1905.GetNextRequestPDU.tagSet:
            bindings = [self._source.next(oid, moment) for oid in oids]
        else:
            bindings = self._bulk(oids, pdu, moment)
        self.send_varbinds(engine, reference, 0, 0, bindings)

    def _bulk(self, oids: list[Oid], pdu: Any, moment: Moment) -> list[Binding]:
        """RFC 3416, 4.2.3: non-repeaters once, then rounds over the rest."""
        once = max(0, int(v2c.apiBulkPDU.get_non_repeaters(pdu)))
        rounds = max(0, int(v2c.apiBulkPDU.get_max_repetitions(pdu)))
        bindings = [self._source.next(oid, moment) for oid in oids[:once]]
        row = oids[once:]
        while row and rounds and len(bindings) + len(row) <= MOST_VARBINDS:
            round_ = [self._source.next(oid, moment) for oid in row]
            bindings += round_
            if all(value is rfc1905.endOfMibView for _, value in round_):
                break
            row = [oid for oid, _ in round_]
            rounds -= 1
        return bindings


async def serve(
    config: AgentConfig,
    secrets: tuple[str, str],
    source: Source,
    now: Callable[[], Moment],
    stop: asyncio.Event,
) -> None:
    """Answer until ``stop`` is set. ``secrets`` are the passphrases (authentication, privacy).

    Raises ConfigError when the address cannot be bound.
    """
    bound = _bind(config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        engine = make_engine(config, secrets, now().boots)
        carrier = udp if config.address.version == 4 else udp6
        usm.add_transport(
            engine,
            carrier.DOMAIN_NAME,
            carrier.UdpTransport().open_server_mode(sock=bound)
            if config.address.version == 4
            else carrier.Udp6Transport().open_server_mode(sock=bound),
        )
    engine.transport_dispatcher.set_timer_resolution(TICK_SECONDS)
    context = SnmpContext(engine)
    Responder(engine, context, source, now)
    log.info("%s answers on %s port %d", config.name, config.address, config.port)
    await stop.wait()
    engine.close_dispatcher()


def _bind(config: AgentConfig) -> socket.socket:
    family = socket.AF_INET if config.address.version == 4 else socket.AF_INET6
    bound = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        bound.bind((str(config.address), config.port))
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"{config.name}: cannot listen on {config.address} port {config.port}: "
            f"{error.strerror}; free the port, or give the address to an interface here"
        ) from error
    return bound


def make_engine(config: AgentConfig, secrets: tuple[str, str], boots: int) -> Any:
    """An engine with our engine ID and boots.

    Both are set afterwards: given to the constructor, pysnmp would keep files in /tmp.
    """
    engine = SnmpEngine()
    own_id, own_boots = engine.get_mib_builder().import_symbols(
        "__SNMP-FRAMEWORK-MIB", "snmpEngineID", "snmpEngineBoots"
    )
    own_id.syntax = own_id.syntax.clone(engine_id(config.name))
    engine.snmpEngineID = own_id.syntax
    own_boots.syntax = own_boots.syntax.clone(boots)
    for version in (0, 1):
        del engine.message_processing_subsystems[version]
    usm.add_v3_user(
        engine,
        config.user,
        AUTH_PROTOCOLS[config.auth_protocol],
        secrets[0],
        PRIV_PROTOCOLS[config.priv_protocol],
        secrets[1],
    )
    return engine
