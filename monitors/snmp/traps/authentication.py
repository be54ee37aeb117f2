"""What is looked at before pysnmp decodes anything: who sent it, and whether the keys fit.

The collectors' own codec does it in microseconds and with bounds of its own, so that bytes of
unproven origin never reach a decoder that was not written for them.
"""

import hmac
from dataclasses import dataclass

from monitors.snmp.client import BadAnswerError, Community, RefusedError, User
from monitors.snmp.traps.known_senders import Address, Sender
from monitors.snmp.traps.trap import Reason
from monitors.snmp.wire import ber, community_message, pdu, usm_message
from monitors.snmp.wire.usm_keys import Keys, localized
from monitors.snmp.wire.usm_message import Header, Moment

NOTIFICATIONS = frozenset((pdu.INFORM, pdu.TRAP))
# A question for our engine's id carries nothing; 484 octets is what any engine must take.
LONGEST_DISCOVERY = 484
# Real notifications fit a packet; pysnmp's time grows with the bindings.
LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class Admitted:
    """A datagram that its sender's keys or community prove; ``senders`` are all that they fit.

    ``moment`` and ``keys`` are those of v3. ``request_id`` is the PDU's.
    """

    senders: tuple[Sender, ...]
    request_id: int
    confirmed: bool
    keys: Keys | None = None
    moment: Moment | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """A question for our engine's id (RFC 3414, 4): anybody in the inventory may ask."""


Verdict = Admitted | Discovery | Reason


def judge(data: bytes, source: Address) -> Verdict:
    """Say what a datagram from a known address is worth."""
    if len(data) > LONGEST:
        return Reason.UNSUPPORTED
    try:
        start, end = ber.enter(data, 0, len(data), ber.SEQUENCE)
        version, _ = ber.number(data, start, end)
        if version == usm_message.V3:
            return _secure(data, usm_message.decode_header(data), source)
        if version == community_message.V2C:
            return _shared(community_message.decode(data), source)
    except BadAnswerError:
        return Reason.UNDECODABLE
    return Reason.UNSUPPORTED


def _shared(message: community_message.Message, source: Address) -> Verdict:
    if message.pdu.kind not in NOTIFICATIONS:
        return Reason.UNSUPPORTED
    senders = tuple(s for s in source.senders if _knows(s.credentials, message.community))
    if not senders:
        return Reason.BAD_CREDENTIALS
    return Admitted(senders, message.pdu.request_id, message.pdu.kind == pdu.INFORM)


def _knows(credentials: User | Community, word: bytes) -> bool:
    """Whether a v2c community is the device's; what is asked by v3 sends no v2c."""
    if not isinstance(credentials, Community) or credentials.version != community_message.V2C:
        return False
    return hmac.compare_digest(credentials.community.encode(), word)


def _secure(data: bytes, header: Header, source: Address) -> Verdict:
    if not header.moment.engine:
        asks = header.flags == usm_message.REPORTABLE and len(data) <= LONGEST_DISCOVERY
        return Discovery() if asks else Reason.UNSUPPORTED
    fitting = {
        user: keys
        for user in {s.credentials for s in source.senders if isinstance(s.credentials, User)}
        if _signed(data, header, keys := localized(user, header.moment.engine))
    }
    if not fitting:
        return Reason.BAD_CREDENTIALS
    senders = tuple(s for s in source.senders if s.credentials in fitting)
    keys = next(iter(fitting.values()))
    if not header.flags & usm_message.ENCRYPTED:
        # Only the question for our engine's time (RFC 3414, 4) may be in clear.
        asks = not header.moment.boots and not header.moment.time
        return Admitted(senders, 0, True, keys, header.moment) if asks else Reason.UNSUPPORTED
    try:
        inner = usm_message.decrypt(header, data, keys)[1]
    except BadAnswerError:
        # What a wrong privacy key makes of a message that is well signed.
        return Reason.BAD_CREDENTIALS
    if inner.kind not in NOTIFICATIONS:
        return Reason.UNSUPPORTED
    return Admitted(senders, inner.request_id, inner.kind == pdu.INFORM, keys, header.moment)


def _signed(data: bytes, header: Header, keys: Keys) -> bool:
    try:
        usm_message.verify(header, data, keys)
    except RefusedError:
        return False
    return True
