"""What identifies somebody replaced by pseudonyms, within texts and within OIDs.

In texts, that is what the recording tells elsewhere, and what looks like it.
"""

import re
from collections.abc import Callable, Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from monitors.snmp import oid as oids
from monitors.snmp.recording.identifiers import (
    MAC_OCTETS,
    Identifiers,
    Span,
    address_spans,
)
from monitors.snmp.recording.pseudonyms import Pseudonyms

_MAIL = re.compile(rb"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_MAC = re.compile(
    rb"(?<![0-9A-Fa-f:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![0-9A-Fa-f:-])"
    rb"|(?<![0-9A-Fa-f.])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![0-9A-Fa-f.])"
    rb"|(?<![0-9A-Fa-f])[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
)
_IPV4 = re.compile(rb"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)")
_IPV6 = re.compile(rb"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
# IMEI and IMSI have 15 digits, ICCID 18 to 20 (ITU-T E.212, E.118).
_LONG_DIGITS = re.compile(rb"(?<!\d)\d{15}(?!\d)|(?<!\d)89\d{16,18}[fF]?(?!\d)")
_TELEPHONE = re.compile(rb"(?<![\w.])(?:\+|00)\d[\d ()/-]{6,18}\d(?!\w)")
_SERIAL = re.compile(
    rb"(?i)\b(?:s/?n|serial(?:[ _-]?(?:number|no|num))?\.?)"
    rb"(?:\s{0,3}[:=#]\s{0,3}|\s{1,3})(?P<what>(?=[A-Z-]{0,31}\d)[A-Z0-9-]{5,32})\b"
)
_SECRET = re.compile(
    rb"(?i)\b(?:password|passwd|passphrase|community|secret|psk)\s{0,3}[:=]\s{0,3}(?P<what>\S{1,128})"
)
# The prefix that all registered objects have: no index begins before.
_FIRST_INDEX = 8
# An IPv4 address without a larger number than this may be anything (1.1.1.1, 10.1.1.1).
_LARGEST_ORDINARY = 99

Replace = Callable[[bytes], bytes]


class TextSubstitution:
    """Replaces within texts; octets that are no text only lose the identifiers."""

    def __init__(self, pseudonyms: Pseudonyms, identifiers: Identifiers) -> None:
        """``identifiers``: texts and addresses to look for."""
        self._pseudonyms, self._identifiers = pseudonyms, identifiers
        listed = _any_of(identifiers.texts)
        self._listed: list[tuple[re.Pattern[bytes], Replace]] = []
        if listed is not None:
            self._listed.append((listed, pseudonyms.text))
        self._steps: list[tuple[re.Pattern[bytes], Replace]] = [
            *self._listed,
            (_SECRET, pseudonyms.text),
            (_SERIAL, pseudonyms.text),
            (_MAIL, pseudonyms.text),
            (_MAC, self._mac),
            (_IPV6, self._ipv6),
            (_IPV4, self._ipv4),
            (_LONG_DIGITS, pseudonyms.text),
            (_TELEPHONE, pseudonyms.text),
        ]

    def masked(self, content: bytes) -> bytes:
        """A value's octets, as many as there were but for addresses written out.

        Nothing is replaced twice, so that it stays equal to what it was equal to.
        """
        readable = all(octet >= 0x20 or octet in b"\t\r\n" for octet in content)
        spans: list[tuple[int, int, bytes]] = []
        for pattern, replace in self._steps if readable else self._listed:
            for match in pattern.finditer(content):
                start, end = match.span("what" if "what" in pattern.groupindex else 0)
                if all(end <= other[0] or start >= other[1] for other in spans):
                    spans.append((start, end, replace(content[start:end])))
        return _rebuilt(content, spans)

    def _mac(self, text: bytes) -> bytes:
        octets = bytes.fromhex(re.sub(rb"[:.-]", b"", text).decode())
        if len(text) == 12 and octets not in self._identifiers.macs:
            return text
        digits = self._pseudonyms.mac(octets).hex()
        left = iter((digits.upper() if text.upper() == text else digits).encode())
        return bytes(octet if octet in b":.-" else next(left) for octet in text)

    def _ipv4(self, text: bytes) -> bytes:
        try:
            address = IPv4Address(text.decode())
        except AddressValueError:
            return text
        # Versions look the same: 15.0.2.8.
        version = max(address.packed) < 100 and not address.is_private
        if version and address.packed not in self._identifiers.addresses:
            return text
        return str(IPv4Address(self._pseudonyms.address(address.packed))).encode()

    def _ipv6(self, text: bytes) -> bytes:
        try:
            address = IPv6Address(text.decode())
        except AddressValueError:
            return text
        return str(IPv6Address(self._pseudonyms.address(address.packed))).encode()


class IndexSubstitution:
    """Replaces addresses within OIDs."""

    def __init__(self, pseudonyms: Pseudonyms, identifiers: Identifiers) -> None:
        """``identifiers``: what to replace outside the tables whose index is known."""
        self._pseudonyms, self._identifiers = pseudonyms, identifiers

    def oid(self, oid: bytes) -> bytes:
        """An OID with its addresses replaced; octets that are no OID stay."""
        try:
            parts = list(oids.split(oid))
        except oids.OidError:
            return oid
        spans = address_spans(oid) or list(self._undefined(parts))
        if not spans:
            return oid
        for start, end in spans:
            octets = bytes(parts[start:end])
            is_mac = len(octets) == MAC_OCTETS
            parts[start:end] = (
                self._pseudonyms.mac(octets) if is_mac else self._pseudonyms.address(octets)
            )
        return oids.join(tuple(parts))

    def _undefined(self, parts: list[int]) -> Iterator[Span]:
        at = _FIRST_INDEX
        while at < len(parts):
            size = next(
                (size for size in (16, 6, 4) if self._is_identifier(parts[at : at + size])), 0
            )
            if size:
                yield Span(at, at + size)
            at += size or 1

    def _is_identifier(self, parts: list[int]) -> bool:
        if len(parts) not in {4, 6, 16} or max(parts) > 255:
            return False
        if len(parts) == 6:
            return bytes(parts) in self._identifiers.macs
        ordinary = len(parts) == 4 and max(parts) <= _LARGEST_ORDINARY
        return not ordinary and bytes(parts) in self._identifiers.addresses


def _rebuilt(content: bytes, spans: list[tuple[int, int, bytes]]) -> bytes:
    parts, at = [], 0
    for start, end, replaced in sorted(spans):
        parts += [content[at:start], replaced]
        at = end
    return b"".join([*parts, content[at:]])


def _any_of(texts: frozenset[bytes]) -> re.Pattern[bytes] | None:
    """Any of the texts as a word of its own, the longest first."""
    if not texts:
        return None
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    joined = b"|".join(map(re.escape, longest_first))
    return re.compile(rb"(?i)(?<![A-Za-z0-9])(?:" + joined + rb")(?![A-Za-z0-9])")
