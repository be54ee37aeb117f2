"""Messages of SNMPv3 under the User-based Security Model (RFC 3412, 6; RFC 3414, 2.4)."""

import hmac
from dataclasses import dataclass
from typing import NamedTuple

from monitors.snmp.client import BadAnswerError, RefusedError
from monitors.snmp.wire import ber, pdu
from monitors.snmp.wire.usm_keys import Keys

V3 = 3
VERSION = ber.integer(V3)
USM = 3
AUTHENTICATED, ENCRYPTED, REPORTABLE = 1, 2, 4
# What we can take: any datagram. A whole number, since agents cut their answers to it.
LARGEST_MESSAGE = 65507
LONGEST_ENGINE_ID = 32
SALT = 8

USM_STATS = bytes((0x2B, 6, 1, 6, 3, 15, 1, 1))
# usmStats (RFC 3414, 5): the counter that a report names, and what it means.
REPORTS: dict[int, str] = {
    1: "the agent wants another security level than authPriv",
    2: "the agent's clock and ours differ (not in time window)",
    3: "unknown user",
    4: "unknown engine",
    5: "wrong authentication key or protocol",
    6: "wrong privacy key or protocol",
}
NOT_IN_TIME_WINDOW, UNKNOWN_ENGINE = 2, 4


@dataclass(frozen=True, slots=True)
class Moment:
    """An engine at a moment: its SnmpEngineID, boots, and seconds since the last boot."""

    engine: bytes
    boots: int
    time: int


class Header(NamedTuple):
    """What a message says in clear, and where its signature and its content lie."""

    message_id: int
    flags: int
    moment: Moment
    user: bytes
    signature: bytes
    signature_at: int
    salt: bytes
    start: int
    end: int


class Sealer:
    """Signs and encrypts messages of one user for one engine; what never changes is made once."""

    def __init__(self, engine: bytes, keys: Keys, flags: int = REPORTABLE) -> None:
        """``flags`` are added to those of authPriv."""
        self._keys, self._blank = keys, bytes(keys.signing.octets)
        self._context = ber.tlv(ber.OCTETS, engine) + ber.tlv(ber.OCTETS, b"")
        self._engine = ber.tlv(ber.OCTETS, engine)
        self._user = ber.tlv(ber.OCTETS, keys.user) + ber.tlv(ber.OCTETS, self._blank)
        self._global = _global(flags | AUTHENTICATED | ENCRYPTED)

    def seal(self, message_id: int, boots: int, time: int, content: bytes, salt: bytes) -> bytes:
        """Return the message that carries an encoded PDU; ``salt`` is used once."""
        keys, blank = self._keys, self._blank
        plain = ber.tlv(ber.SEQUENCE, self._context + content)
        encrypted = ber.tlv(ber.OCTETS, keys.encrypt(plain, boots, time, salt))
        clock = ber.integer(boots) + ber.integer(time)
        parameters = self._engine + clock + self._user + ber.tlv(ber.OCTETS, salt)
        message = _message(message_id, self._global, parameters, encrypted)
        # The signature stands before the salt, which is the last of the parameters.
        at = len(message) - len(encrypted) - len(salt) - 2 - len(blank)
        return message[:at] + keys.signature(message) + message[at + len(blank) :]


def encode(
    message_id: int,
    moment: Moment,
    keys: Keys,
    content: bytes,
    salt: bytes,
    flags: int = REPORTABLE,
) -> bytes:
    """Return a signed, encrypted message that carries an encoded PDU; ``salt`` is used once."""
    sealer = Sealer(moment.engine, keys, flags)
    return sealer.seal(message_id, moment.boots, moment.time, content, salt)


def encode_clear(message_id: int, moment: Moment, content: bytes, flags: int = REPORTABLE) -> bytes:
    """Return a message without any security: the question for an engine's id, or a report."""
    empty = ber.tlv(ber.OCTETS, b"")
    clock = ber.integer(moment.boots) + ber.integer(moment.time)
    parameters = ber.tlv(ber.OCTETS, moment.engine) + clock + empty * 3
    context = ber.tlv(ber.OCTETS, moment.engine) + empty
    scoped = ber.tlv(ber.SEQUENCE, context + content)
    return _message(message_id, _global(flags), parameters, scoped)


def _global(flags: int) -> bytes:
    """What follows the message's id in its header."""
    return ber.integer(LARGEST_MESSAGE) + ber.tlv(ber.OCTETS, bytes((flags,))) + ber.integer(USM)


def _message(message_id: int, rest: bytes, parameters: bytes, content: bytes) -> bytes:
    head = ber.tlv(ber.SEQUENCE, ber.integer(message_id) + rest)
    security = ber.tlv(ber.OCTETS, ber.tlv(ber.SEQUENCE, parameters))
    return ber.tlv(ber.SEQUENCE, VERSION + head + security + content)


def header(data: bytes) -> Header:
    """Return what a message says in clear. Raises BadAnswerError."""
    place, end = ber.enter(data, 0, len(data), ber.SEQUENCE)
    version, place = ber.number(data, place, end)
    if version != V3:
        raise BadAnswerError(f"expected SNMPv3, found version {version}")
    head, place = ber.enter(data, place, end, ber.SEQUENCE)
    message_id, head = ber.number(data, head, place)
    _, head = ber.number(data, head, place)
    flags, head = ber.octets(data, head, place)
    model, _ = ber.number(data, head, place)
    if len(flags) != 1 or model != USM:
        raise BadAnswerError(f"flags {flags.hex()}, security model {model}: expected USM")
    start, place = ber.enter(data, place, end, ber.OCTETS)
    start, stop = ber.enter(data, start, place, ber.SEQUENCE)
    engine, start = ber.octets(data, start, stop)
    boots, start = ber.number(data, start, stop)
    time, start = ber.number(data, start, stop)
    user, start = ber.octets(data, start, stop)
    signature, start = ber.octets(data, start, stop)
    signature_at = start - len(signature)
    salt, _ = ber.octets(data, start, stop)
    if len(engine) > LONGEST_ENGINE_ID or not 0 <= boots < 2**31 or not 0 <= time < 2**31:
        raise BadAnswerError("an engine id, boots or time that RFC 3414 does not allow")
    moment = Moment(engine, boots, time)
    return Header(message_id, flags[0], moment, user, signature, signature_at, salt, place, end)


def check(found: Header, data: bytes, keys: Keys) -> None:
    """Hold a message's signature against the user's key; RefusedError when it is another's."""
    size, at = keys.signing.octets, found.signature_at
    if not found.flags & AUTHENTICATED or found.user != keys.user or len(found.signature) != size:
        raise RefusedError("an answer that is not signed for this user")
    blank = data[:at] + bytes(size) + data[at + size :]
    if not hmac.compare_digest(keys.signature(blank), found.signature):
        raise RefusedError("an answer that is not signed with the user's key")


def opened(found: Header, data: bytes, keys: Keys) -> tuple[bytes, pdu.Pdu]:
    """Return the plain octets of an encrypted message and the PDU in them. BadAnswerError.

    The caller has held the signature against the key.
    """
    if not found.flags & ENCRYPTED or len(found.salt) != SALT:
        raise BadAnswerError("an answer that is not encrypted")
    start, end = ber.enter(data, found.start, found.end, ber.OCTETS)
    moment = found.moment
    plain = keys.decrypt(data[start:end], moment.boots, moment.time, found.salt)
    return plain, content(plain, 0, len(plain))


def content_of(found: Header, data: bytes) -> pdu.Pdu:
    """Return the PDU of a message that is not encrypted. Raises BadAnswerError."""
    return content(data, found.start, found.end)


def content(data: bytes, place: int, end: int) -> pdu.Pdu:
    """Return the PDU in the ScopedPDU at ``place``. Raises BadAnswerError."""
    place, end = ber.enter(data, place, end, ber.SEQUENCE)
    _, place = ber.octets(data, place, end)
    _, place = ber.octets(data, place, end)
    return pdu.decode(data, place, end)


def report(data: bytes, found: pdu.Pdu) -> int | None:
    """Return which of usmStats a report names (see ``REPORTS``); None when it is no report."""
    if found.kind != pdu.REPORT:
        return None
    for oid, _ in pdu.bindings(data, found.start, found.end):
        if oid.startswith(USM_STATS) and len(oid) > len(USM_STATS):
            return oid[len(USM_STATS)]
    return 0
