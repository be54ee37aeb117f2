"""Datagrams become traps or reasons: the gate, freshness, pysnmp, and what was heard before."""

import hashlib
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass

from monitors.snmp.traps import names, showing
from monitors.snmp.traps.authentication import Admitted, Discovery, Reason, judge
from monitors.snmp.traps.engine_state import Identity
from monitors.snmp.traps.pysnmp_engine import Binding, Engine
from monitors.snmp.traps.senders import Address, Sender
from monitors.snmp.traps.trap import Trap
from monitors.snmp.traps.windows import Windows

log = logging.getLogger(__name__)

# Informs are sent again until they are confirmed, and networks double datagrams.
MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a datagram: a trap, or why not, or neither; and what is to be sent back."""

    trap: Trap | None = None
    reason: Reason | None = None
    answers: tuple[bytes, ...] = ()


class Hearing:
    """Judges one datagram after the other; knows nothing of sockets."""

    def __init__(self, identity: Identity, windows: Windows) -> None:
        """Start an engine of that identity."""
        self._own, self._windows = bytes.fromhex(identity.engine), windows
        self._engine = Engine(identity)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()

    def hear(self, data: bytes, source: Address) -> Outcome:
        """Say what becomes of a datagram from an address of the inventory."""
        verdict = judge(data, source)
        if isinstance(verdict, Reason):
            return Outcome(reason=verdict)
        try:
            if isinstance(verdict, Discovery):
                return Outcome(answers=self._engine.hear(data, None, None).answers)
            return self._admitted(data, source, verdict)
        except Exception as error:  # noqa: BLE001 - whatever a library does with hostile bytes
            log.debug("%s: pysnmp: %r", source.address, error)
            return Outcome(reason=Reason.UNDECODABLE)

    def tick(self) -> None:
        """Let caches expire and keep the engines' clocks; to be called every few seconds."""
        self._engine.tick()
        self._windows.keep()

    def _admitted(self, data: bytes, source: Address, admitted: Admitted) -> Outcome:
        moment, ours = admitted.moment, False
        if moment is not None:
            ours = moment.engine == self._own
            # An inform is ours to secure, a trap its sender's (RFC 3414, 1.5.1).
            if ours != admitted.confirmed:
                return Outcome(reason=Reason.UNSUPPORTED)
            if not ours and not self._windows.fresh(moment, time.time()):
                return Outcome(reason=Reason.OUTSIDE_WINDOW)
        heard = self._engine.hear(data, admitted.senders[0].credentials, admitted.keys)
        if heard.bindings is None:
            # What does not know our clock yet says zero, is told it, and sends again.
            begins = moment is not None and not (moment.boots or moment.time)
            stale = ours and bool(heard.answers) and not begins
            reason = Reason.OUTSIDE_WINDOW if stale else None if begins else Reason.UNDECODABLE
            return Outcome(reason=reason, answers=heard.answers)
        return self._notification(source, admitted, heard.bindings, heard.answers)

    def _notification(
        self,
        source: Address,
        admitted: Admitted,
        bindings: tuple[Binding, ...],
        answers: tuple[bytes, ...],
    ) -> Outcome:
        oid = showing.trap_oid(bindings)
        if oid is None:
            return Outcome(reason=Reason.UNDECODABLE, answers=answers)
        device, municipality = _who(source, admitted.senders)
        if self._known(device, admitted.request_id, bindings):
            return Outcome(reason=Reason.REPEATED, answers=answers)
        name, shown = names.trap_name(oid), showing.shown(bindings)
        return Outcome(Trap(device, municipality, name, oid, shown, time.time()), None, answers)

    def _known(self, device: str, request_id: int, bindings: tuple[Binding, ...]) -> bool:
        """Whether just this was heard; sysUpTime tells two alike events apart."""
        seen = hashlib.sha256(repr((device, request_id, bindings)).encode()).digest()
        if seen in self._remembered:
            return True
        self._remembered[seen] = None
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return False


def _who(source: Address, fitting: tuple[Sender, ...]) -> tuple[str, str]:
    if len(fitting) == 1:
        return fitting[0].device, fitting[0].municipality
    return source.named, source.municipality
