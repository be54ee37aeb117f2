"""The adapter to pysnmp: decodes notifications, confirms informs, answers for our engine's clock.

pysnmp does the protocol (RFC 3412, 3413) and the security (RFC 3414) once more; it gets no socket,
only the datagrams that authentication admitted, and its answers are handed back to be sent.
"""

import time
import warnings
from dataclasses import dataclass
from typing import Any

from pysnmp.carrier.asyncio.dgram.udp import SNMP_UDP_DOMAIN, UdpTransportAddress
from pysnmp.carrier.base import AbstractTransportDispatcher
from pysnmp.entity import config as usm
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413.ntfrcv import NotificationReceiver
from pysnmp.proto import rfc1902
from pysnmp.proto.rfc1902 import univ

from monitors.snmp.client import Community, Raw, User
from monitors.snmp.traps.engine_state import Identity
from monitors.snmp.traps.trap import Binding
from monitors.snmp.wire.usm_keys import Keys

AUTHENTICATION = {
    "SHA": usm.USM_AUTH_HMAC96_SHA,
    "SHA224": usm.USM_AUTH_HMAC128_SHA224,
    "SHA256": usm.USM_AUTH_HMAC192_SHA256,
    "SHA384": usm.USM_AUTH_HMAC256_SHA384,
    "SHA512": usm.USM_AUTH_HMAC384_SHA512,
}
# Blumenthal's key expansion, as the collectors' codec and net-snmp do it.
PRIVACY = {
    "AES": usm.USM_PRIV_CFB128_AES,
    "AES192": usm.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES256": usm.USM_PRIV_CFB256_AES_BLUMENTHAL,
}
# pysnmp looks here for a user whom it does not know at the sender's engine. One row, set anew for
# each sender, costs milliseconds; a row for each engine costs 30 KiB, and 50 ms to take it away.
ANY_ENGINE = bytes(5)
# pysnmp keys caches by the peer's address; the real one is the listener's business.
PEER = UdpTransportAddress(("0.0.0.0", 0))  # noqa: S104 - no address that anything listens on


@dataclass(frozen=True, slots=True)
class Received:
    """What pysnmp made of a datagram: its bindings, none when it was no notification for us."""

    bindings: tuple[Binding, ...] | None
    answers: tuple[bytes, ...]


class _Mailbox(AbstractTransportDispatcher):  # type: ignore[misc]
    """Keeps what pysnmp would send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def send_message(self, message: Any, _domain: Any, _address: Any) -> None:
        """Keep one message."""
        self.sent.append(bytes(message))


class PysnmpEngine:
    """One SNMP engine with one user: that of the datagram at hand."""

    def __init__(self, identity: Identity) -> None:
        """Make the engine; its time starts now."""
        self._mailbox = _Mailbox()
        self._bindings: list[tuple[Any, Any]] | None = None
        self._row: tuple[User, Keys] | None = None
        self._communities: set[str] = set()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self._engine = _engine(identity)
            self._engine.register_transport_dispatcher(self._mailbox)
            NotificationReceiver(self._engine, self._keep)

    def receive(
        self, data: bytes, credentials: User | Community | None, keys: Keys | None
    ) -> Received:
        """Decode a datagram of an admitted sender, or a question for the engine's id (None)."""
        self._mailbox.sent.clear()
        self._bindings = None
        if isinstance(credentials, User) and keys is not None:
            self._set_user(credentials, keys)
        elif isinstance(credentials, Community):
            self._add_community(credentials.community)
        self._engine.message_dispatcher.receive_message(self._engine, SNMP_UDP_DOMAIN, PEER, data)
        kept = self._bindings
        bindings = None if kept is None else tuple((_dotted(o), raw(v)) for o, v in kept)
        return Received(bindings, tuple(self._mailbox.sent))

    def tick(self) -> None:
        """Let pysnmp's caches expire; to be called every few seconds."""
        self._mailbox.handle_timer_tick(time.time())

    def _keep(self, *arguments: Any) -> None:
        """Take the bindings; pysnmp's order of arguments."""
        self._bindings = arguments[4]

    def _set_user(self, user: User, keys: Keys) -> None:
        if self._row == (user, keys):
            return
        if self._row and self._row[0].user != user.user:
            usm.delete_v3_user(self._engine, self._row[0].user, ANY_ENGINE)
        self._row = (user, keys)
        usm.add_v3_user(
            self._engine,
            user.user,
            AUTHENTICATION[user.auth_protocol],
            keys.auth,
            PRIVACY[user.priv_protocol],
            keys.cipher.key,
            securityEngineId=ANY_ENGINE,
            authKeyType=usm.USM_KEY_TYPE_LOCALIZED,
            privKeyType=usm.USM_KEY_TYPE_LOCALIZED,
        )

    def _add_community(self, word: str) -> None:
        if word not in self._communities:
            usm.add_v1_system(self._engine, f"area-{len(self._communities)}", word)
            self._communities.add(word)


def _engine(identity: Identity) -> Any:
    """Both are set afterwards: given to the constructor, pysnmp would keep files in /tmp."""
    engine = SnmpEngine()
    own_id, boots = engine.get_mib_builder().import_symbols(
        "__SNMP-FRAMEWORK-MIB", "snmpEngineID", "snmpEngineBoots"
    )
    own_id.syntax = own_id.syntax.clone(bytes.fromhex(identity.engine))
    engine.snmpEngineID = own_id.syntax
    boots.syntax = boots.syntax.clone(identity.boots)
    return engine


def _dotted(oid: Any) -> str:
    return ".".join(map(str, tuple(oid)))


def raw(value: Any) -> Raw:
    """Return a value of pysnmp's as the collectors have them."""
    if isinstance(value, rfc1902.IpAddress):
        return str(value.prettyPrint())
    if isinstance(value, univ.ObjectIdentifier):
        return _dotted(value)
    if isinstance(value, univ.Integer):
        return int(value)
    if isinstance(value, univ.OctetString):
        return bytes(value.asOctets())
    return None
