"""Replacements that keep what a value looks like: the same value always becomes the same other.

Everything is derived from a key (HMAC, RFC 2104), so nothing can be found out by trying values
without it. What stays is documented with each method.
"""

import hmac
from functools import lru_cache

_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_DIGITS = b"0123456789"
_WORD_OCTETS = frozenset(_LETTERS + _LETTERS.upper() + _DIGITS)


class Pseudonyms:
    """Replacements under one key."""

    def __init__(self, key: bytes) -> None:
        """Two recordings masked with one key fit each other."""
        self._key = key
        self._macs: dict[bytes, bytes] = {}
        self._taken: set[bytes] = set()
        self._order = lru_cache(maxsize=4096)(self._shuffled)

    def text(self, octets: bytes) -> bytes:
        """Other letters for letters, digits for digits, of the same case; word by word.

        Length and punctuation stay, so do words that are equal but for their case.
        """
        replaced, word = bytearray(), bytearray()
        for octet in octets:
            if octet in _WORD_OCTETS or octet >= 0x80:
                word.append(octet)
                continue
            replaced += self._word(bytes(word))
            word.clear()
            replaced.append(octet)
        return bytes(replaced + self._word(bytes(word)))

    def _word(self, word: bytes) -> bytes:
        stream = self._stream(b"text" + word.lower(), len(word))
        return bytes(_like(octet, other) for octet, other in zip(word, stream, strict=True))

    def mac(self, octets: bytes) -> bytes:
        """Another address of the same vendor (IEEE 802's first three octets).

        Groups, the broadcast address and zero stay.
        """
        if octets[0] & 1 or not any(octets):
            return octets
        other = self._macs.get(octets)
        attempt = 0
        while other is None:
            tail = self._stream(b"mac" + bytes((attempt % 256,)) + octets, 3)
            if octets[:3] + tail not in self._taken:
                other = self._macs[octets] = octets[:3] + tail
                self._taken.add(other)
            attempt += 1
        return other

    def address(self, octets: bytes) -> bytes:
        """Another IPv4 or IPv6 address.

        What shares a prefix of whole octets still does; octets 0 and 255 stay, so do the kind of
        the address (private, link-local, public: its first octets), masks, loopback and groups.
        """
        if _special(octets):
            return octets
        replaced = bytearray(octets[: _kept(octets)])
        for at in range(len(replaced), len(octets)):
            low, high = (16, 31) if at == 1 and _of_172(octets) else (1, 254)
            octet = octets[at]
            if low <= octet <= high:
                octet = self._order(octets[:at], low, high)[octet - low]
            replaced.append(octet)
        return bytes(replaced)

    def _shuffled(self, prefix: bytes, low: int, high: int) -> list[int]:
        return sorted(
            range(low, high + 1),
            key=lambda octet: self._stream(b"ip" + prefix + bytes((octet,)), 8),
        )

    def _stream(self, what: bytes, size: int) -> bytes:
        stream = b""
        while len(stream) < size:
            stream += hmac.digest(self._key, len(stream).to_bytes(4, "big") + what, "sha256")
        return stream[:size]


def _like(octet: int, other: int) -> int:
    """An octet of the same kind, chosen by another."""
    if octet in _DIGITS:
        return _DIGITS[other % 10]
    if octet in _LETTERS:
        return _LETTERS[other % 26]
    return _LETTERS[other % 26] - 32 if octet < 0x80 else ord("x")


def _special(octets: bytes) -> bool:
    if len(octets) == 4:
        return octets[0] in {0, 127} or octets[0] >= 224
    return octets[0] == 0xFF or not any(octets[:15])


def _kept(octets: bytes) -> int:
    if len(octets) == 16 or octets[:2] in {b"\xc0\xa8", b"\xa9\xfe"}:
        return 2
    return 1


def _of_172(octets: bytes) -> bool:
    """Whether an IPv4 address is of 172.16.0.0/12 (RFC 1918)."""
    return len(octets) == 4 and octets[0] == 172 and 16 <= octets[1] <= 31
