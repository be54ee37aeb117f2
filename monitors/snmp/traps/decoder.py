"""Datagrams become traps, or reasons: authentication, freshness, pysnmp, and what came before."""

import hashlib
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

from monitors.snmp.traps.authentication import Admitted, Discovery, judge
from monitors.snmp.traps.engine_state import Identity, SenderClocks
from monitors.snmp.traps.known_senders import Address, Sender
from monitors.snmp.traps.pysnmp_engine import PysnmpEngine
from monitors.snmp.traps.trap import (
    Binding,
    Reason,
    Trap,
    text_bindings,
    trap_name,
    trap_oid,
)

log = logging.getLogger(__name__)

# Informs are sent again until they are confirmed, and networks double datagrams.
MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Decoded:
    """What became of a datagram: a trap, or why not, or neither; and what is to be sent back."""

    trap: Trap | None = None
    reason: Reason | None = None
    answers: tuple[bytes, ...] = ()


class TrapDecoder:
    """Judges one datagram after the other; knows nothing of sockets."""

    def __init__(self, identity: Identity, clocks: SenderClocks) -> None:
        """Start an engine of that identity."""
        self._own, self._clocks = bytes.fromhex(identity.engine), clocks
        self._engine = PysnmpEngine(identity)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()

    def decode(self, data: bytes, source: Address) -> Decoded:
        """Return what becomes of a datagram from an address of the inventory."""
        verdict = judge(data, source)
        if isinstance(verdict, Reason):
            return Decoded(reason=verdict)
        try:
            if isinstance(verdict, Discovery):
                return Decoded(answers=self._engine.receive(data, None, None).answers)
            return self._admitted(data, source, verdict)
        except Exception as error:  # noqa: BLE001 - whatever a library does with hostile bytes
            log.debug("%s: pysnmp: %r", source.address, error)
            return Decoded(reason=Reason.UNDECODABLE)

    def tick(self) -> None:
        """Let caches expire and keep the engines' clocks; to be called every few seconds."""
        self._engine.tick()
        self._clocks.save()

    def _admitted(self, data: bytes, source: Address, admitted: Admitted) -> Decoded:
        moment, ours = admitted.moment, False
        if moment is not None:
            ours = moment.engine == self._own
            # An inform is ours to secure, a trap its sender's (RFC 3414, 1.5.1).
            if ours != admitted.confirmed:
                return Decoded(reason=Reason.UNSUPPORTED)
            if not ours and not self._clocks.is_fresh(moment, time.time()):
                return Decoded(reason=Reason.OUTSIDE_WINDOW)
        received = self._engine.receive(data, admitted.senders[0].credentials, admitted.keys)
        if received.bindings is None:
            # What does not know our clock yet says zero, is told it, and sends again.
            begins = moment is not None and not (moment.boots or moment.time)
            stale = ours and bool(received.answers) and not begins
            reason = Reason.OUTSIDE_WINDOW if stale else None if begins else Reason.UNDECODABLE
            return Decoded(reason=reason, answers=received.answers)
        return self._notification(source, admitted, received.bindings, received.answers)

    def _notification(
        self,
        source: Address,
        admitted: Admitted,
        bindings: tuple[Binding, ...],
        answers: tuple[bytes, ...],
    ) -> Decoded:
        oid = trap_oid(bindings)
        if oid is None:
            return Decoded(reason=Reason.UNDECODABLE, answers=answers)
        device, municipality = _who(source, admitted.senders)
        if self._is_repeated(device, admitted.request_id, bindings):
            return Decoded(reason=Reason.REPEATED, answers=answers)
        name, texts = trap_name(oid), text_bindings(bindings)
        return Decoded(Trap(device, municipality, name, oid, texts, time.time()), None, answers)

    def _is_repeated(self, device: str, request_id: int, bindings: tuple[Binding, ...]) -> bool:
        """Whether just this came before; sysUpTime tells two alike events apart."""
        digest = hashlib.sha256(repr((device, request_id, bindings)).encode()).digest()
        if digest in self._remembered:
            return True
        self._remembered[digest] = None
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return False


def _who(source: Address, fitting: tuple[Sender, ...]) -> tuple[str, str]:
    if len(fitting) == 1:
        return fitting[0].device, fitting[0].municipality
    return source.name, source.municipality
