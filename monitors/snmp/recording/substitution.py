"""Free text with what tells whose it is replaced: what was learned, and what looks like it."""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from monitors.snmp.recording.learned import Learned
from monitors.snmp.recording.pseudonyms import Disguise

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


Replace = Callable[[bytes], bytes]


class Texts:
    """Replaces within texts; octets that are no text only lose what was learned."""

    def __init__(self, disguise: Disguise, known: Learned) -> None:
        """``known``: texts and addresses to look for."""
        self._disguise, self._known = disguise, known
        learned = _any_of(known.texts)
        self._learned: list[tuple[re.Pattern[bytes], Replace]] = []
        if learned is not None:
            self._learned.append((learned, disguise.text))
        self._steps: list[tuple[re.Pattern[bytes], Replace]] = [
            *self._learned,
            (_SECRET, disguise.text),
            (_SERIAL, disguise.text),
            (_MAIL, disguise.text),
            (_MAC, self._mac),
            (_IPV6, self._ipv6),
            (_IPV4, self._ipv4),
            (_LONG_DIGITS, disguise.text),
            (_TELEPHONE, disguise.text),
        ]

    def masked(self, content: bytes) -> bytes:
        """A value's octets, as many as there were but for addresses written out.

        Nothing is replaced twice, so that it stays equal to what it was equal to.
        """
        readable = all(octet >= 0x20 or octet in b"\t\r\n" for octet in content)
        spans: list[tuple[int, int, bytes]] = []
        for pattern, replace in self._steps if readable else self._learned:
            for match in pattern.finditer(content):
                start, end = match.span("what" if "what" in pattern.groupindex else 0)
                if all(end <= other[0] or start >= other[1] for other in spans):
                    spans.append((start, end, replace(content[start:end])))
        return _rebuilt(content, spans)

    def _mac(self, text: bytes) -> bytes:
        octets = bytes.fromhex(re.sub(rb"[:.-]", b"", text).decode())
        if len(text) == 12 and octets not in self._known.macs:
            return text
        digits = self._disguise.mac(octets).hex()
        left = iter((digits.upper() if text.upper() == text else digits).encode())
        return bytes(octet if octet in b":.-" else next(left) for octet in text)

    def _ipv4(self, text: bytes) -> bytes:
        try:
            address = IPv4Address(text.decode())
        except AddressValueError:
            return text
        # Versions look the same: 15.0.2.8.
        version = max(address.packed) < 100 and not address.is_private
        if version and address.packed not in self._known.addresses:
            return text
        return str(IPv4Address(self._disguise.address(address.packed))).encode()

    def _ipv6(self, text: bytes) -> bytes:
        try:
            address = IPv6Address(text.decode())
        except AddressValueError:
            return text
        return str(IPv6Address(self._disguise.address(address.packed))).encode()


def _rebuilt(content: bytes, spans: list[tuple[int, int, bytes]]) -> bytes:
    parts, place = [], 0
    for start, end, replaced in sorted(spans):
        parts += [content[place:start], replaced]
        place = end
    return b"".join([*parts, content[place:]])


def _any_of(texts: frozenset[bytes]) -> re.Pattern[bytes] | None:
    """Any of the texts as a word of its own, the longest first."""
    if not texts:
        return None
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    joined = b"|".join(map(re.escape, longest_first))
    return re.compile(rb"(?i)(?<![A-Za-z0-9])(?:" + joined + rb")(?![A-Za-z0-9])")
