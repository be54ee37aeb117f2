"""A whole agent walked into a recording, however oddly it behaves.

Holes are jumped over, OIDs that do not increase too; tables without an end are bounded; whatever
was read stays. All of it is remarked.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from monitors.snmp import oid
from monitors.snmp.client import NoAnswerError, RefusedError, Session, SnmpError, WireBinding
from monitors.snmp.recording.snmprec import UnwritableError, format_entry

# LLDP lives in IEEE's tree (IEEE 802.1AB), everything else below the internet's (RFC 1155).
ROOTS = (oid.encode("1.0.8802"), oid.encode("1.3.6.1"))
REPETITIONS = 25
MOST_ENTRIES = 200_000
# Instances that differ in their last number only: more than any port table has.
MOST_SIBLINGS = 20_000
# Places in a row at which an agent says nothing before it is taken for dead.
MOST_SILENCES = 3
MOST_REMARKS = 200
# Past all children of an OID; larger numbers confuse agents that count with a sign.
_PAST = oid.arcs((2**31 - 1,))

Progress = Callable[[int, str], None]


class Recorder:
    """A walk of one agent; ``entries`` and ``remarks`` hold what it has so far."""

    def __init__(
        self,
        session: Session,
        progress: Progress | None = None,
        *,
        repetitions: int = REPETITIONS,
        most: int = MOST_ENTRIES,
    ) -> None:
        """``progress`` is given the number of values and the last OID after each answer."""
        self.entries: dict[bytes, WireBinding] = {}
        self.remarks: list[str] = []
        self._session, self._progress = session, progress
        self._most, self._count = most, 0
        self._repetitions = self._wished = repetitions
        self._siblings: Counter[bytes] = Counter()
        self._silences = 0

    async def walk(self, roots: Sequence[bytes] = ROOTS) -> None:
        """Walk subtrees, given by their OIDs.

        Raises SnmpError when the agent answers nothing at all; afterwards it is only remarked.
        """
        for root in roots:
            if not await self._subtree(root):
                return

    async def _subtree(self, root: bytes) -> bool:
        """Whether the agent is still worth asking."""
        place: bytes | None = root
        while place is not None:
            if self._count >= self._most:
                self._remark(f"more than {self._most} values: the rest was left out")
                return False
            try:
                bindings = await self._session.wire_bindings(place, self._repetitions)
            except SnmpError as error:
                if not self._is_worth_asking(place, error):
                    return False
                place = self._smaller(place, root)
                continue
            self._silences = 0
            place = self._keep_all(root, place, bindings)
        return True

    def _is_worth_asking(self, place: bytes, error: SnmpError) -> bool:
        refused = isinstance(error, RefusedError)
        if not self.entries and (refused or isinstance(error, NoAnswerError)):
            raise error
        if refused or self._repetitions == 1:
            self._silences += isinstance(error, NoAnswerError)
            self._remark(f"after {oid.decode(place)}: {error}")
        if refused or self._silences >= MOST_SILENCES:
            self._remark("the agent answers no more: the rest is missing")
            return False
        return True

    def _smaller(self, place: bytes, root: bytes) -> bytes | None:
        """Where to ask next: the same place for less, or past it."""
        if self._repetitions > 1:
            self._repetitions = max(self._repetitions // 4, 1)
            return place
        self._repetitions = self._wished
        return past(place, root)

    def _keep_all(self, root: bytes, place: bytes, bindings: Sequence[WireBinding]) -> bytes | None:
        """Keep what an answer brought; where to go on, None at the end."""
        going_on, last = self._read(root, place, bindings)
        if self._progress is not None and last != place:
            self._progress(len(self.entries), oid.decode(last))
        return going_on

    def _read(
        self, root: bytes, place: bytes, bindings: Sequence[WireBinding]
    ) -> tuple[bytes | None, bytes]:
        """Where to go on, and the last OID of the subtree that was read."""
        last = place
        for entry in bindings:
            if not increases(entry.oid, last):
                self._remark(f"after {oid.decode(last)} came {_dotted(entry.oid)}: jumped over")
                return past(last, root), last
            if not entry.oid.startswith(root):
                return None, last
            last = entry.oid
            self._keep(entry)
            parent = last[: _starts(last)[-1]]
            self._siblings[parent] += 1
            if self._siblings[parent] > MOST_SIBLINGS:
                self._remark(f"{_dotted(parent)}: a table without an end: jumped over")
                return past(parent, root), last
        return (last if bindings else None), last

    def _keep(self, entry: WireBinding) -> None:
        self._count += 1
        try:
            format_entry(entry)
        except UnwritableError as error:
            self._remark(f"{_dotted(entry.oid)}: left out: {error}")
            return
        self.entries[entry.oid] = entry

    def _remark(self, remark: str) -> None:
        if len(self.remarks) < MOST_REMARKS:
            self.remarks.append(remark)


def increases(later: bytes, earlier: bytes) -> bool:
    """Whether an OID from an agent is one, and comes after another."""
    try:
        oid.split(later)
        return oid.follows(later, earlier)
    except oid.OidError:
        return False


def past(place: bytes, root: bytes) -> bytes | None:
    """An OID after all that begins as ``place`` does; one level up where ``place`` is such an OID.

    None when that would leave the subtree.
    """
    while place.endswith(_PAST):
        place = place[: -len(_PAST)]
        starts = _starts(place)
        place = place[: starts[-1]]
    return place + _PAST if len(place) > len(root) else None


def _starts(octets: bytes) -> list[int]:
    """Where each number begins."""
    return [0, *(at + 1 for at, octet in enumerate(octets[:-1]) if octet < 0x80)]


def _dotted(octets: bytes) -> str:
    try:
        return oid.decode(octets)
    except oid.OidError:
        return octets.hex()
