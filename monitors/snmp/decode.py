"""Raw answers become numbers and text, or a problem that says what was found instead."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from monitors.snmp.client import Missing, Raw
from monitors.snmp.profile import Exponent, Number, Only, Text, TextForm
from monitors.text import label_text

# Prometheus keeps 64-bit floats: beyond 2^53 a counter would move in steps. It wraps there,
# which rate() takes for a reset of one interval; snmp_exporter does the same.
COUNTER_MODULUS = 2**53
LONGEST_TEXT = 512
# Octets of the longest hardware address; they may have zeros within.
LONGEST_ID = 8
OVERFLOW = 2**32
OBJECT = re.compile(r"\d+(\.\d+)+")
SPELLED = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)")
# What devices that write numbers as text write in the place of one.
NO_VALUE = frozenset({"", "n/a", "na", "none", "null", "unknown", "not available", "not present"})
# SensorDataScale (RFC 3433): 9 is units, each step a factor of a thousand.
UNITS, STEP = 9, 3
LARGEST_EXPONENT = 60

MOST_BIT_OCTETS = 32
MAC_OCTETS = 6

# What stands beside a value: the same row of another column, or another instance.
Beside = Callable[[str], Raw]


@dataclass(frozen=True, slots=True)
class DecodeProblem:
    """A value that could not be used: where it was, what was expected, what was found."""

    oid: str
    text: str


def number(raw: Raw, spec: Number, beside: Beside) -> float | DecodeProblem | None:
    """The metric's value in its base unit; None when the device says that it has none."""
    plain = _plain(raw, spec)
    if not isinstance(plain, int | float):
        return plain
    if spec.type == "counter" and plain < 0:
        return DecodeProblem(spec.oid, f"{spec.metric}: expected a counter, found {plain}")
    if not math.isfinite(plain):
        return DecodeProblem(spec.oid, f"{spec.metric}: expected a finite number, found {plain}")
    if plain in spec.absent:
        return None
    if spec.matches:
        return int(plain in spec.matches)
    if spec.states:
        return plain
    computed = _computed(plain, spec, beside)
    if computed is not None and spec.type == "counter":
        return computed % COUNTER_MODULUS
    return computed


def _plain(raw: Raw, spec: Number) -> float | DecodeProblem | None:
    if raw is None or isinstance(raw, Missing):
        return None
    if isinstance(raw, int | float):
        return raw + OVERFLOW if spec.unsigned and raw < 0 else raw
    if isinstance(raw, str) and OBJECT.fullmatch(raw):
        return int(raw.rpartition(".")[2])
    if spec.words or spec.spelled or spec.pattern:
        return _written(raw, spec)
    return DecodeProblem(spec.oid, f"{spec.metric}: expected a number, found {raw!r:.60}")


def _written(raw: bytes | str, spec: Number) -> float | DecodeProblem | None:
    said = raw if isinstance(raw, str) else label_text(raw)
    if spec.words:
        values = {word.lower(): value for word, value in spec.words.items()}
        return values.get(said.strip().lower())
    # Cut, since a regular expression may take long over a long text, and agents may be hostile.
    said = said[:LONGEST_TEXT]
    match = re.search(spec.pattern, said) if spec.pattern else SPELLED.match(said)
    if match is None:
        return None if said.strip(" -.").lower() in NO_VALUE else _no_number(spec, said)
    try:
        value = float(match[1])
    except (ValueError, TypeError):
        return _no_number(spec, said)
    return int(value) if value.is_integer() else value


def _no_number(spec: Number, said: str) -> DecodeProblem:
    return DecodeProblem(
        spec.oid, f"{spec.metric}: expected a number in the text, found {said!r:.60}"
    )


def _computed(value: float, spec: Number, beside: Beside) -> float | None:
    """The number after all that the profile does to it; None where a part of it is missing."""
    less = _other(beside(spec.less)) if spec.less else 0
    times = _other(beside(spec.times)) if spec.times else 1
    over = _other(beside(spec.over)) if spec.over else 1
    power = _power(spec.exponent, beside) if spec.exponent else 0
    if less is None or times is None or over is None or over <= 0 or power is None:
        return None
    for oid in spec.plus:
        value += _other(beside(oid)) or 0
    exact = (value - less) * spec.scale * times
    if spec.over:
        exact /= over
    exact = exact * 10**power if power >= 0 else exact / 10**-power
    exact += spec.add
    # Rounded so that 0.01 * 57 is 0.57.
    return exact if isinstance(exact, int) else round(exact, 9)


def _power(exponent: Exponent, beside: Beside) -> int | None:
    """The power of ten that a sensor's scale and precision amount to."""
    scale, precision = beside(exponent.scale), beside(exponent.precision)
    if not isinstance(scale, int):
        return None
    power = STEP * (scale - UNITS) - (precision if isinstance(precision, int) else 0)
    return power if abs(power) <= LARGEST_EXPONENT else None


def _other(raw: Raw) -> float | None:
    if isinstance(raw, int | float) and math.isfinite(raw):
        return raw
    if isinstance(raw, bytes):
        match = SPELLED.fullmatch(label_text(raw).strip())
        return float(match[1]) if match else None
    return None


def bits(raw: Raw, spec: Number) -> frozenset[int] | None:
    """The bits that are set in a BITS value (RFC 2578, 7.1.4); None for what is not one."""
    if not isinstance(raw, bytes):
        return None
    places = _set_bits(raw)
    return places if places <= spec.bits.keys() else None


def _set_bits(raw: bytes) -> frozenset[int]:
    return frozenset(
        8 * at + bit
        for at, octet in enumerate(raw[:MOST_BIT_OCTETS])
        for bit in range(8)
        if octet & 0x80 >> bit
    )


def admitted(raw: Raw, only: Only) -> bool:
    """Whether a row counts for what another column says."""
    if only.values:
        return isinstance(raw, int) and raw in only.values
    if only.objects:
        return isinstance(raw, str) and raw in only.objects
    said = label_text(raw) if isinstance(raw, bytes) else raw
    return isinstance(said, str) and bool(re.search(only.pattern or "", said[:LONGEST_TEXT]))


def text(raw: Raw, spec: Text, kind: Raw = None) -> str:
    """Text for a label; empty for what is not there. ``kind`` is the column of that name's."""
    if raw is None or isinstance(raw, Missing):
        return ""
    if spec.enum and isinstance(raw, int):
        return spec.enum.get(raw, str(raw))
    if not isinstance(raw, bytes):
        return str(raw)[:LONGEST_TEXT]
    if spec.bits:
        places = _set_bits(raw)
        named = places <= spec.bits.keys()
        return ",".join(spec.bits[bit] for bit in sorted(places)) if named else ""
    form = spec.forms.get(kind, spec.form) if isinstance(kind, int) else spec.form
    return FORMS[form](raw)[:LONGEST_TEXT]


def _shown(raw: bytes) -> str:
    """Text, or hex with colons for octets that cannot be one: a MAC address, a serial number."""
    text, zero, _ = raw.partition(b"\0")
    if zero and len(raw) > LONGEST_ID and text.isascii() and label_text(text).isprintable():
        # A buffer: what lies behind the closing zero octet is what was there before.
        return label_text(text)
    if any(octet < 0x20 and octet not in b"\t\r\n" for octet in raw.rstrip(b"\0")):
        return raw.hex(":")
    return label_text(raw)


def _mac(raw: bytes) -> str:
    written = len(raw) > MAC_OCTETS and raw.isascii() and label_text(raw)
    return written.lower() if written else raw.hex(":")


def _address(raw: bytes) -> str:
    """Four or sixteen octets, or with IANA's number of the address family before them (LLDP)."""
    octets = raw[1:] if len(raw) in (5, 17) else raw
    if len(octets) == 4:
        return str(IPv4Address(octets))
    return str(IPv6Address(octets)) if len(octets) == 16 else _shown(raw)


def _date(raw: bytes) -> str:
    """DateAndTime (RFC 2579): year in two octets, then month, day, hour, minute, second."""
    if len(raw) < 7:
        return _shown(raw)
    year = int.from_bytes(raw[:2], "big")
    return f"{year:04}-{raw[2]:02}-{raw[3]:02}T{raw[4]:02}:{raw[5]:02}:{raw[6]:02}"


FORMS: dict[TextForm, Callable[[bytes], str]] = {
    "text": _shown,
    "mac": _mac,
    "address": _address,
    "hex": bytes.hex,
    "date": _date,
}
