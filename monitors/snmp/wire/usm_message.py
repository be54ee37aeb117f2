"""Messages of SNMPv3 under the User-based Security Model (RFC 3412, 6; RFC 3414, 2.4)."""

import hmac
from enum import IntEnum
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
# RFC 3414, 2.2.3: how far a message may be from the engine's own clock.
WINDOW_SECONDS = 150

USM_STATS = bytes((0x2B, 6, 1, 6, 3, 15, 1, 1))


class Statistic(IntEnum):
    """The counters of usmStats that a report names (RFC 3414, 5)."""

    UNSUPPORTED_SECURITY_LEVELS = 1
    NOT_IN_TIME_WINDOWS = 2
    UNKNOWN_USER_NAMES = 3
    UNKNOWN_ENGINE_IDS = 4
    WRONG_DIGESTS = 5
    DECRYPTION_ERRORS = 6


# What a report means, for an administrator.
REPORTS: dict[int, str] = {
    Statistic.UNSUPPORTED_SECURITY_LEVELS: "the agent wants another security level than authPriv",
    Statistic.NOT_IN_TIME_WINDOWS: "the agent's clock and ours differ (not in time window)",
    Statistic.UNKNOWN_USER_NAMES: "unknown user",
    Statistic.UNKNOWN_ENGINE_IDS: "unknown engine",
    Statistic.WRONG_DIGESTS: "wrong authentication key or protocol",
    Statistic.DECRYPTION_ERRORS: "wrong privacy key or protocol",
}


class Moment(NamedTuple):
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


def decode_header(data: bytes) -> Header:
    """Return what a message says in clear. Raises BadAnswerError."""
    offset, end = ber.enter(data, 0, len(data), ber.SEQUENCE)
    version, offset = ber.number(data, offset, end)
    if version != V3:
        raise BadAnswerError(f"expected SNMPv3, found version {version}")
    head, offset = ber.enter(data, offset, end, ber.SEQUENCE)
    message_id, head = ber.number(data, head, offset)
    _, head = ber.number(data, head, offset)
    flags, head = ber.octets(data, head, offset)
    model, _ = ber.number(data, head, offset)
    if len(flags) != 1 or model != USM:
        raise BadAnswerError(f"flags {flags.hex()}, security model {model}: expected USM")
    start, offset = ber.enter(data, offset, end, ber.OCTETS)
    start, stop = ber.enter(data, start, offset, ber.SEQUENCE)
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
    return Header(message_id, flags[0], moment, user, signature, signature_at, salt, offset, end)


def verify(header: Header, data: bytes, keys: Keys) -> None:
    """Hold a message's signature against the user's key; RefusedError when it is another's."""
    size, at = keys.signing.octets, header.signature_at
    if (
        not header.flags & AUTHENTICATED
        or header.user != keys.user
        or len(header.signature) != size
    ):
        raise RefusedError("an answer that is not signed for this user")
    blank = data[:at] + bytes(size) + data[at + size :]
    if not hmac.compare_digest(keys.signature(blank), header.signature):
        raise RefusedError("an answer that is not signed with the user's key")


def decrypt(header: Header, data: bytes, keys: Keys) -> tuple[bytes, pdu.Pdu]:
    """Return the plain octets of an encrypted message and the PDU in them. BadAnswerError.

    The caller has held the signature against the key.
    """
    if not header.flags & ENCRYPTED or len(header.salt) != SALT:
        raise BadAnswerError("an answer that is not encrypted")
    start, end = ber.enter(data, header.start, header.end, ber.OCTETS)
    moment = header.moment
    plain = keys.decrypt(data[start:end], moment.boots, moment.time, header.salt)
    return plain, scoped_pdu(plain, 0, len(plain))


def clear_pdu(header: Header, data: bytes) -> pdu.Pdu:
    """Return the PDU of a message that is not encrypted. Raises BadAnswerError."""
    return scoped_pdu(data, header.start, header.end)


def scoped_pdu(data: bytes, offset: int, end: int) -> pdu.Pdu:
    """Return the PDU in the ScopedPDU at ``offset``. Raises BadAnswerError."""
    offset, end = ber.enter(data, offset, end, ber.SEQUENCE)
    _, offset = ber.octets(data, offset, end)
    _, offset = ber.octets(data, offset, end)
    return pdu.decode(data, offset, end)


def reported_statistic(data: bytes, report: pdu.Pdu) -> int | None:
    """Return the ``Statistic`` that a report names, 0 for none; None when it is no report."""
    if report.kind != pdu.REPORT:
        return None
    for oid, _ in pdu.bindings(data, report.start, report.end):
        if oid.startswith(USM_STATS) and len(oid) > len(USM_STATS):
            return oid[len(USM_STATS)]
    return 0
