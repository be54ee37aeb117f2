"""A recording without what tells whose device it is, so that it can be shown to others.

Left out: communities, users, trap receivers. Replaced, the same value by the same other
everywhere, lengths and types kept: names, contacts, locations, aliases, serial numbers, hardware
and network addresses (within indexes and texts too), mail addresses, telephone numbers, IMEI and
ICCID, and whatever words the caller names. Kept: models, versions, names of ports and VLANs,
vendors of hardware addresses, and all numbers. Look through it before you publish it: vendors put
the strangest things where nobody expects them.
"""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from monitors.snmp import oid as oids
from monitors.snmp.client import WireBinding
from monitors.snmp.recording import sensitive
from monitors.snmp.recording.identifiers import MAC_OCTETS, Identifiers, identifiers
from monitors.snmp.recording.pseudonyms import Pseudonyms
from monitors.snmp.recording.sensitive import below
from monitors.snmp.recording.substitution import IndexSubstitution, TextSubstitution
from monitors.snmp.wire import ber, values

_WHOLE = (*sensitive.NAMES, *sensitive.SERIALS, *sensitive.DESCRIPTIONS)
# The enterprise and the format of an engine id stay (RFC 3411, 5).
_ENGINE_HEAD = 5


@dataclass(frozen=True, slots=True)
class Masked:
    """A masked recording; ``left_out`` and ``changed`` count entries."""

    entries: tuple[WireBinding, ...]
    left_out: int
    changed: int


def mask(
    entries: Iterable[WireBinding], *, key: bytes | None = None, words: Collection[str] = ()
) -> Masked:
    """Mask a recording; see the module.

    ``key``: recordings masked with the same one fit each other, and whoever has it can find out
    addresses by trying; a new one each time unless given. ``words`` (the community asked with,
    names of people) are replaced wherever they occur.
    """
    kept: list[WireBinding] = []
    left_out = changed = 0
    for entry in entries:
        if below(entry.oid, sensitive.CREDENTIALS):
            left_out += 1
        else:
            kept.append(entry)
    masker = _Masker(Pseudonyms(key or secrets.token_bytes(32)), identifiers(kept, words))
    masked = {}
    for entry in kept:
        other = masker.entry(entry)
        changed += other != entry
        masked[other.oid] = other
    in_order = sorted(masked.values(), key=lambda entry: oids.numbers(entry.oid))
    return Masked(tuple(in_order), left_out, changed)


class _Masker:
    def __init__(self, pseudonyms: Pseudonyms, listed: Identifiers) -> None:
        self._pseudonyms, self._listed = pseudonyms, listed
        self._texts = TextSubstitution(pseudonyms, listed)
        self._indexes = IndexSubstitution(pseudonyms, listed)

    def entry(self, entry: WireBinding) -> WireBinding:
        return WireBinding(self._indexes.oid(entry.oid), entry.tag, self._content(entry))

    def _content(self, entry: WireBinding) -> bytes:
        content = entry.content
        if entry.tag == values.IP_ADDRESS:
            return self._pseudonyms.address(content) if len(content) == 4 else content
        if entry.tag == ber.OID:
            return self._indexes.oid(content)
        if entry.tag != ber.OCTETS:
            return content
        if below(entry.oid, (sensitive.ENGINE_ID,)):
            tail = self._engine_tail(content[_ENGINE_HEAD:])
            return content[:_ENGINE_HEAD] + self._pseudonyms.text(tail)
        return self._octets(entry.oid, content)

    def _octets(self, oid: bytes, content: bytes) -> bytes:
        if below(oid, sensitive.LLDP_IDS) and len(content) == 5 and content[0] == 1:
            return content[:1] + self._pseudonyms.address(content[1:])
        if content in self._listed.macs or below(oid, sensitive.MACS):
            return self._pseudonyms.mac(content) if len(content) == MAC_OCTETS else content
        if below(oid, sensitive.BRIDGES) and len(content) == 8:
            return content[:2] + self._pseudonyms.mac(content[2:])
        if content in self._listed.addresses:
            return self._pseudonyms.address(content)
        if below(oid, _WHOLE):
            return self._pseudonyms.text(content)
        return self._texts.masked(content)

    def _engine_tail(self, content: bytes) -> bytes:
        """The rest of an engine id: a hardware address, an address or a text."""
        if len(content) == MAC_OCTETS:
            return self._pseudonyms.mac(content)
        return self._pseudonyms.address(content) if len(content) == 4 else content
