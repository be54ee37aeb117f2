"""Raw answers become numbers and text, or a problem that says what was found instead."""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from monitors.snmp.client import Missing, Raw
from monitors.snmp.profile import Exponent, Number, Only, Text, TextForm
from monitors.snmp.units import Unit, range_of
from monitors.text import label_text

# Prometheus keeps 64-bit floats: beyond 2^53 a counter would move in steps. It wraps there,
# which rate() takes for a reset of one interval; snmp_exporter does the same.
COUNTER_MODULUS = 2**53
LONGEST_TEXT = 512
# Octets of the longest hardware address; they may have zeros within.
LONGEST_ID = 8
OVERFLOW = 2**32
# The largest and the smallest numbers that fit, and all bits set: what devices write in the place
# of a reading that they do not have.
NOT_KNOWN = frozenset({2**15 - 1, 2**16 - 1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)})
ALL_BITS = frozenset({-1, 2**32 - 1, 2**64 - 1})
OBJECT = re.compile(r"\d+(\.\d+)+")
# A number that is all of a text, perhaps with its unit: 45, "-3.5 C", 12,1V, 40%.
NUMBER_AS_TEXT = re.compile(
    r"\s*([-+]?\d{1,20}(?:[.,]\d{1,20})?)\s*(?:[%\u00b0A-Za-z]{1,5})?[\s\0]*"
)
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
    """A value that could not be used: where it was, what was expected, what was found.

    ``withheld``: the device was understood; it is only that no such sensor can have such a value.
    """

    oid: str
    text: str
    withheld: bool = False


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
    if spec.states or spec.levels:
        return plain
    return _counted(plain, spec, beside) if spec.type == "counter" else _gauged(plain, spec, beside)


def _counted(plain: float, spec: Number, beside: Beside) -> float | None:
    computed = _computed(plain, spec, beside)
    return None if computed is None else computed % COUNTER_MODULUS


def _gauged(plain: float, spec: Number, beside: Beside) -> float | DecodeProblem | None:
    limits = range_of(spec)
    if limits is None:
        return _computed(plain, spec, beside)
    return _plausible(plain, spec, beside, limits)


def _plausible(
    plain: float, spec: Number, beside: Beside, limits: Unit
) -> float | DecodeProblem | None:
    """The first of the readings that a value may stand for which such a sensor can have."""
    if plain in NOT_KNOWN or (plain in ALL_BITS and not limits.signed):
        found = f"{spec.metric}: found {plain}, which devices write that do not know"
        return DecodeProblem(spec.oid, found, withheld=True)
    computed = _computed(plain, spec, beside)
    if computed is None or limits.least <= computed <= limits.most:
        return computed
    for value, scale in _other_readings(plain, spec):
        if value in spec.absent:
            return None
        other = _computed(value, spec.model_copy(update={"scale": scale}), beside)
        if other is not None and limits.least <= other <= limits.most:
            return other
    found = f"{spec.metric}: expected {limits}, found {computed:.12g}"
    return DecodeProblem(spec.oid, found, withheld=True)


def _other_readings(plain: float, spec: Number) -> Iterator[tuple[float, float]]:
    """Yield a value with the scales of other firmware, and as a number below zero.

    All bits set are -1 in 32 and 64 bits, where -1 is a reading at all.
    """
    yield from ((plain, scale) for scale in spec.scales)
    for size, first in ((OVERFLOW, OVERFLOW // 2), (2**64, 2**63), (2**16, 2**15)):
        if first <= plain < size:
            yield plain - size, spec.scale


def _plain(raw: Raw, spec: Number) -> float | DecodeProblem | None:
    if raw is None or isinstance(raw, Missing):
        return None
    if isinstance(raw, int | float):
        return raw + OVERFLOW if spec.unsigned and raw < 0 else raw
    if isinstance(raw, str) and OBJECT.fullmatch(raw):
        return int(raw.rpartition(".")[2])
    if spec.words or spec.spelled or spec.pattern:
        return _written(raw, spec)
    said = raw if isinstance(raw, str) else label_text(raw)
    match = NUMBER_AS_TEXT.fullmatch(said[:LONGEST_TEXT])
    if match:
        value = float(match[1].replace(",", "."))
        return int(value) if value.is_integer() else value
    if said.strip(" -.").lower() in NO_VALUE:
        return None
    return DecodeProblem(spec.oid, f"{spec.metric}: expected a number, found {shown(raw)}")


def shown(raw: bytes | str) -> str:
    """A text that was found where a number was expected, for a message."""
    text = raw if isinstance(raw, str) else _shown(raw)
    return f"the text {text:.60}" if text else "an empty text"


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
        spec.oid, f"{spec.metric}: expected a number in the text, found {shown(said)}"
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
    if spec.decibels:
        return round(10 * math.log10(exact), 3) if exact > 0 else None
    # Rounded so that 0.01 * 57 is 0.57.
    return exact if isinstance(exact, int) else round(exact, 9)


def _power(exponent: Exponent, beside: Beside) -> int | None:
    """The power of ten that a sensor's scale and precision amount to."""
    scale = beside(exponent.scale) if exponent.scale else UNITS
    precision = beside(exponent.precision)
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
    if raw is None or isinstance(raw, Missing):
        return only.optional
    if only.values:
        return _other(raw) in only.values
    if only.objects:
        return _is_below(raw, only.objects)
    if only.pattern is None:
        return _is_within(_other(raw), only)
    said = label_text(raw) if isinstance(raw, bytes) else raw
    return isinstance(said, str) and bool(re.search(only.pattern or "", said[:LONGEST_TEXT]))


def _is_below(raw: Raw, objects: Iterable[str]) -> bool:
    """Whether an object identifier, or a text that is one, lies at or below one of these."""
    said = label_text(raw) if isinstance(raw, bytes) else raw
    dotted = f"{said}.".lstrip(".")
    return any(dotted.startswith(f"{prefix}.") for prefix in objects)


def _is_within(value: float | None, only: Only) -> bool:
    if value is None:
        return False
    low, high = only.least, only.most
    return (low is None or value >= low) and (high is None or value <= high)


def text(raw: Raw, spec: Text, kind: Raw = None) -> str:
    """Text for a label; empty for what is not there. ``kind`` is the column of that name's."""
    if raw is None or isinstance(raw, Missing):
        return ""
    if spec.enum and isinstance(raw, int):
        return spec.enum.get(raw, str(raw))
    if spec.bits and isinstance(raw, bytes):
        places = _set_bits(raw)
        named = places <= spec.bits.keys()
        return ",".join(spec.bits[bit] for bit in sorted(places)) if named else ""
    form = spec.forms.get(kind, spec.form) if isinstance(kind, int) else spec.form
    said = (FORMS[form](raw) if isinstance(raw, bytes) else str(raw))[:LONGEST_TEXT]
    match = re.search(spec.pattern, said) if spec.pattern else None
    return (match[1] or "") if match else said


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
