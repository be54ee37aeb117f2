"""A simulated agent: datagrams in, datagrams out, no I/O.

It answers whoever knows its community or is its user, and nobody else; whatever is no SNMP is
dropped.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from monitors.snmp.client import BadAnswerError, RefusedError, User
from monitors.snmp.oid import OidError
from monitors.snmp.recording.recorded_session import LARGEST_RESPONSE
from monitors.snmp.replay.objects import Objects
from monitors.snmp.replay.respond import respond, room_for
from monitors.snmp.wire import ber, community_message, pdu, usm_keys, usm_message, values
from monitors.snmp.wire.usm_message import WINDOW_SECONDS, Statistic

# RFC 3411, 5: the project has no enterprise number, so the one for examples (RFC 5612), format 4.
_ENGINE = bytes((0x80, 0, 0x7E, 0xD9, 4))
# Around the bindings of a message: all that varies is at its longest.
_AROUND_V2C = 20
_AROUND_V3 = 150


@dataclass(frozen=True, slots=True)
class Access:
    """Who is answered: a community (v1 and v2c), users (v3 authPriv), or both."""

    community: str | None = field(default=None, repr=False)
    users: tuple[User, ...] = ()


def engine_id(name: str) -> bytes:
    """An engine id (RFC 3411, 5) with a text of an administrator's choice: 32 octets at most."""
    return _ENGINE + (name.encode()[:27] or b"-")


class Agent:
    """One agent; see the module."""

    def __init__(
        self,
        objects: Objects,
        access: Access,
        name: str = "replay",
        *,
        boots: int | None = None,
        largest: int = LARGEST_RESPONSE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``name`` makes the engine id; ``boots`` are minutes since 2020 unless given.

        ``largest``: octets of an answer. Keys are derived here, milliseconds for each passphrase.
        """
        self.answers = 0
        self._objects, self._clock, self._largest = objects, clock, largest
        self._community = None if access.community is None else access.community.encode()
        self._engine, self._started = engine_id(name), clock()
        self._boots = int(time.time() - 1_577_836_800) // 60 if boots is None else boots
        self._salt = int.from_bytes(os.urandom(usm_message.SALT), "big")
        made = (usm_keys.localized(user, self._engine) for user in access.users)
        self._keys = {keys.user: keys for keys in made}

    def answer(self, data: bytes) -> bytes | None:
        """The answer to a datagram; None for what gets none."""
        try:
            offset, end = ber.enter(data, 0, len(data), ber.SEQUENCE)
            version, _ = ber.number(data, offset, end)
            is_v3 = version == usm_message.V3
            response = self._answer_v3(data) if is_v3 else self._answer_v1_v2c(data)
        except (BadAnswerError, OidError):
            response = None
        self.answers += response is not None
        return response

    def _answer_v1_v2c(self, data: bytes) -> bytes | None:
        request = community_message.decode(data)
        if self._community is None or request.community != self._community:
            return None
        room = room_for(self._largest, _AROUND_V2C + len(self._community))
        v1 = request.version == community_message.V1
        response = respond(self._objects, data, request.pdu, room, v1=v1)
        return response and community_message.encode(request.version, self._community, response)

    def _answer_v3(self, data: bytes) -> bytes | None:
        request = usm_message.decode_header(data)
        if request.moment.engine != self._engine:
            return self._report(request, Statistic.UNKNOWN_ENGINE_IDS)
        keys = self._keys.get(request.user)
        if keys is None:
            return self._report(request, Statistic.UNKNOWN_USER_NAMES)
        if request.flags & 3 != usm_message.AUTHENTICATED | usm_message.ENCRYPTED:
            return self._report(request, Statistic.UNSUPPORTED_SECURITY_LEVELS)
        try:
            usm_message.verify(request, data, keys)
        except RefusedError:
            return self._report(request, Statistic.WRONG_DIGESTS)
        now, moment = self._now(), request.moment
        if moment.boots != now.boots or abs(moment.time - now.time) > WINDOW_SECONDS:
            return self._report(request, Statistic.NOT_IN_TIME_WINDOWS, keys)
        try:
            plain, inner = usm_message.decrypt(request, data, keys)
        except BadAnswerError:
            return self._report(request, Statistic.DECRYPTION_ERRORS)
        room = room_for(self._largest, _AROUND_V3 + len(keys.user))
        response = respond(self._objects, plain, inner, room)
        return response and self._signed(request, keys, response)

    def _report(
        self, request: usm_message.Header, which: Statistic, keys: usm_keys.Keys | None = None
    ) -> bytes | None:
        """A report (RFC 3414, 3.2), signed when the request was."""
        if not request.flags & usm_message.REPORTABLE:
            return None
        name = usm_message.USM_STATS + bytes((which, 0))
        counted = pdu.binding(name, values.COUNTER32, b"\x01")
        report = pdu.encode(pdu.REPORT, 0, (counted,))
        if keys is not None:
            return self._signed(request, keys, report)
        return usm_message.encode_clear(request.message_id, self._now(), report, 0)

    def _signed(self, request: usm_message.Header, keys: usm_keys.Keys, content: bytes) -> bytes:
        self._salt = (self._salt + 1) % 2 ** (8 * usm_message.SALT)
        salt = self._salt.to_bytes(usm_message.SALT, "big")
        return usm_message.encode(request.message_id, self._now(), keys, content, salt, 0)

    def _now(self) -> usm_message.Moment:
        return usm_message.Moment(self._engine, self._boots, int(self._clock() - self._started))
