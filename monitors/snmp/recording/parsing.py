"""What the readers of both formats share: lines, and values written as text.

Values become content octets by BER tag (X.690, 8; RFC 2578, 7.1).
"""

import re
import struct
from enum import Enum
from ipaddress import AddressValueError, IPv4Address
from typing import NamedTuple

from monitors.snmp import oid
from monitors.snmp.client import WireBinding
from monitors.snmp.wire import ber, values

NUMBERS = frozenset(
    (
        ber.INTEGER,
        values.COUNTER32,
        values.GAUGE32,
        values.TIME_TICKS,
        values.COUNTER64,
        values.UNSIGNED32,
    )
)
# NsapAddress: nobody sends it any more (RFC 2578, 7.1.5), old recordings have it.
NSAP = 0x45
OCTETS = frozenset((ber.OCTETS, values.OPAQUE, NSAP))
_OF_32_BITS = NUMBERS - {ber.INTEGER, values.COUNTER64}

# No value is longer than a datagram.
MOST_OCTETS = 65_000
# What 64 bits hold, and more digits than any number has.
_LARGEST = 2**64
_MOST_DIGITS = 24
_DIGITS = re.compile(r"[-+]?[0-9]+")
_DOTTED = re.compile(r"[0-9]+(\.[0-9]+)+")
_LONGEST_OID = oid.MOST_ARCS * 11


class Line(NamedTuple):
    """A line of a file, counted from 1, without its end."""

    at: int
    text: bytes


class Nothing(Enum):
    """A line that says that there is no value, or nothing at all."""

    ABSENT = "the agent had no value"


class Parsed(NamedTuple):
    """What a line gave: a value, nothing on purpose, or why it made no sense."""

    at: int
    result: WireBinding | Nothing | str


class ValueTextError(ValueError):
    """A value cannot be read; the text says what was expected and found."""


def number(tag: int, text: str) -> bytes:
    """Content octets of a number written in digits; a decimal point is a display hint's.

    A number below zero in a type that has none is what a program with signed numbers of 32 bits
    wrote. Raises ValueTextError.
    """
    digits = text.strip().replace(".", "", 1)
    if not _DIGITS.fullmatch(digits):
        raise ValueTextError(f"expected a number, found {text[:40]!r}")
    value = int(digits) if len(digits) <= _MOST_DIGITS else _LARGEST
    if -(2**31) <= value < 0 and tag in _OF_32_BITS:
        value += 2**32
    if not -(2**63) <= value < _LARGEST or (value < 0 and tag != ber.INTEGER):
        raise ValueTextError(f"{text[:40]}: more than the type holds")
    return ber.integer_content(value)


def object_id(text: str) -> bytes:
    """Content octets of an OID; a leading dot or ``iso`` is allowed. Raises ValueTextError."""
    text = text.strip().lstrip(".")
    if text.startswith("iso."):
        text = "1" + text[3:]
    if text in {"", "0"}:
        return b"\0" if text else b""
    if len(text) > _LONGEST_OID or not _DOTTED.fullmatch(text):
        raise ValueTextError(f"expected an OID in numbers, found {text[:40]!r}")
    try:
        return oid.join(tuple(map(int, text.split("."))))
    except oid.OidError:
        raise ValueTextError(f"no object identifier: {text[:40]!r}") from None


def address(text: str) -> bytes:
    """The four octets of a dotted address. Raises ValueTextError."""
    try:
        return IPv4Address(text.strip()).packed
    except AddressValueError:
        raise ValueTextError(f"expected an IPv4 address, found {text[:40]!r}") from None


def four_octets(text: str) -> bytes:
    """The four octets of an address in hex. Raises ValueTextError."""
    octets = hexadecimal(text)
    if len(octets) != 4:
        raise ValueTextError(f"expected an address of 4 octets, found {len(octets)}")
    return octets


def hexadecimal(text: str) -> bytes:
    """Octets written as pairs of digits, with or without blanks or colons between them.

    Raises ValueTextError.
    """
    try:
        return bytes.fromhex(text.replace(":", " ").strip().removeprefix("0x"))
    except ValueError:
        raise ValueTextError(f"expected pairs of hex digits, found {text[:40]!r}") from None


def floating(kind: str, text: str) -> bytes:
    """The octets of an Opaque that holds a ``Float`` or ``Double``. Raises ValueTextError."""
    try:
        if kind == "Float":
            return values.OPAQUE_FLOAT + struct.pack(">f", float(text))
        return values.OPAQUE_DOUBLE + struct.pack(">d", float(text))
    except (ValueError, OverflowError):
        raise ValueTextError(f"expected a number, found {text[:40]!r}") from None
