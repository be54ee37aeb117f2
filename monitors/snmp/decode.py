"""Raw answers become numbers and text, or a problem that says what was found instead."""

from dataclasses import dataclass

from monitors.snmp.client import Raw
from monitors.snmp.profile import Number

# Prometheus keeps 64-bit floats: beyond 2^53 a counter would move in steps. It wraps there,
# which rate() takes for a reset of one interval; snmp_exporter does the same.
COUNTER_MODULUS = 2**53


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that could not be used: where it was, what was expected, what was found."""

    oid: str
    text: str


def number(raw: Raw, spec: Number, oid: str) -> float | Problem:
    """The metric's value in its base unit."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return Problem(oid, f"{spec.metric}: expected a number, found {type(raw).__name__}")
    if spec.type == "counter":
        if raw < 0:
            return Problem(oid, f"{spec.metric}: expected a counter, found {raw}")
        return raw % COUNTER_MODULUS
    if spec.matches:
        return 1 if raw in spec.matches else 0
    if spec.scale == 1:
        return raw
    # Rounded so that 0.01 * 57 is 0.57.
    return round(raw * spec.scale, 9)


def states(raw: Raw, spec: Number, oid: str) -> dict[str, float] | Problem:
    """One value a state: 1 for the present one, 0 for the others."""
    if not isinstance(raw, int) or raw not in spec.states:
        expected = ", ".join(map(str, sorted(spec.states)))
        return Problem(oid, f"{spec.metric}: expected one of {expected}, found {raw!r}")
    return {name: float(code == raw) for code, name in spec.states.items()}


def text(raw: Raw, oid: str) -> str | Problem:
    """Text for a label: UTF-8 (Latin-1 when it is not), without control characters."""
    if isinstance(raw, bytes):
        try:
            found = raw.decode("utf-8")
        except UnicodeDecodeError:
            found = raw.decode("latin-1")
        if found.isprintable():
            return found.strip()
        return "".join(c if c.isprintable() else " " for c in found).strip()
    if isinstance(raw, str):
        return raw
    return Problem(oid, f"expected text, found {type(raw).__name__}")
