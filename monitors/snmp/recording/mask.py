"""A recording without what tells whose device it is, so that it can be shown to others.

Left out: communities, users, trap receivers. Replaced, the same value by the same other
everywhere, lengths and types kept: names, contacts, locations, aliases, serial numbers, hardware
and network addresses (within indexes and texts too), mail addresses, telephone numbers, IMEI and
ICCID, and whatever words the caller names. Kept: models, versions, names of ports and VLANs,
vendors of hardware addresses, and all numbers. Look through it before you publish it: vendors put
the strangest things where nobody expects them.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from monitors.snmp import oid
from monitors.snmp.client import Typed
from monitors.snmp.recording import sensitive
from monitors.snmp.recording.indexes import Indexes
from monitors.snmp.recording.learned import Learned, learn
from monitors.snmp.recording.pseudonyms import Disguise
from monitors.snmp.recording.sensitive import below
from monitors.snmp.recording.substitution import Texts
from monitors.snmp.wire import ber, values

_WHOLE = (*sensitive.NAMES, *sensitive.SERIALS, *sensitive.DESCRIPTIONS)
# The enterprise and the format of an engine id stay (RFC 3411, 5).
_ENGINE_HEAD = 5


@dataclass(frozen=True, slots=True)
class Masked:
    """A masked recording; ``left_out`` and ``changed`` count entries."""

    entries: tuple[Typed, ...]
    left_out: int
    changed: int


def mask(
    entries: Iterable[Typed], *, key: bytes | None = None, words: Collection[str] = ()
) -> Masked:
    """Mask a recording; see the module.

    ``key``: recordings masked with the same one fit each other, and whoever has it can find out
    addresses by trying; a new one each time unless given. ``words`` (the community asked with,
    names of people) are replaced wherever they occur.
    """
    kept: list[Typed] = []
    counted: Counter[str] = Counter()
    for entry in entries:
        if below(entry.oid, sensitive.CREDENTIALS):
            counted["left out"] += 1
        else:
            kept.append(entry)
    known = learn(kept, words)
    masker = _Masker(Disguise(key or secrets.token_bytes(32)), known)
    masked = {}
    for entry in kept:
        other = masker.entry(entry)
        counted["changed"] += other != entry
        masked[other.oid] = other
    in_order = sorted(masked.values(), key=lambda entry: oid.numbers(entry.oid))
    return Masked(tuple(in_order), counted["left out"], counted["changed"])


class _Masker:
    def __init__(self, disguise: Disguise, known: Learned) -> None:
        self._disguise, self._known = disguise, known
        self._texts = Texts(disguise, known)
        self._indexes = Indexes(disguise, known)

    def entry(self, entry: Typed) -> Typed:
        return Typed(self._indexes.oid(entry.oid), entry.tag, self._content(entry))

    def _content(self, entry: Typed) -> bytes:
        content = entry.content
        if entry.tag == values.IP_ADDRESS:
            return self._disguise.address(content) if len(content) == 4 else content
        if entry.tag == ber.OID:
            return self._indexes.oid(content)
        if entry.tag != ber.OCTETS:
            return content
        if below(entry.oid, (sensitive.ENGINE_ID,)):
            tail = self._known_octets(content[_ENGINE_HEAD:])
            return content[:_ENGINE_HEAD] + self._disguise.text(tail)
        return self._octets(entry.oid, content)

    def _octets(self, place: bytes, content: bytes) -> bytes:
        if below(place, sensitive.LLDP_IDS) and len(content) == 5 and content[0] == 1:
            return content[:1] + self._disguise.address(content[1:])
        if content in self._known.macs or below(place, sensitive.MACS):
            return self._disguise.mac(content) if len(content) == 6 else content
        if below(place, sensitive.BRIDGES) and len(content) == 8:
            return content[:2] + self._disguise.mac(content[2:])
        if content in self._known.addresses:
            return self._disguise.address(content)
        if below(place, _WHOLE):
            return self._disguise.text(content)
        return self._texts.masked(content)

    def _known_octets(self, content: bytes) -> bytes:
        """The rest of an engine id: a hardware address, an address or a text."""
        if len(content) == 6:
            return self._disguise.mac(content)
        return self._disguise.address(content) if len(content) == 4 else content
