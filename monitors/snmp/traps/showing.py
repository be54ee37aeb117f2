"""Bindings become text for people: short, printable, and without a secret."""

from collections.abc import Sequence

from monitors.snmp.client import Raw
from monitors.snmp.traps import names
from monitors.snmp.traps.pysnmp_engine import Binding
from monitors.snmp.traps.trap import Shown

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
# snmpTrapCommunity (RFC 3584, 3.1): what a proxy adds.
COMMUNITY = "1.3.6.1.6.3.18.1.4"
MOST_BINDINGS = 32
LONGEST_TEXT = 120
HEX_OCTETS = 32
ELLIPSIS = "…"


def trap_oid(bindings: Sequence[Binding]) -> str | None:
    """Return what the second binding names (RFC 3416, 4.2.6); None when it names nothing."""
    for oid, value in bindings[:2]:
        if oid == TRAP_OID and isinstance(value, str):
            return value
    return None


def shown(bindings: Sequence[Binding]) -> tuple[Shown, ...]:
    """Return the first bindings as text, without the head that every notification has."""
    told = [
        (oid, value)
        for oid, value in bindings
        if oid not in (SYS_UP_TIME, TRAP_OID) and not oid.startswith(f"{COMMUNITY}.")
    ]
    return tuple(
        Shown(oid, names.object_name(oid), legible(value)) for oid, value in told[:MOST_BINDINGS]
    )


def legible(value: Raw) -> str:
    """Return a value as one line of printable text; octets that are no text in hex."""
    if not isinstance(value, bytes):
        return "" if value is None else str(value)[:LONGEST_TEXT]
    try:
        text = value.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        tail = ELLIPSIS if len(value) > HEX_OCTETS else ""
        return f"0x{value[:HEX_OCTETS].hex()}{tail}"
    text = "".join(c if c.isprintable() else " " for c in text).strip()
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}{ELLIPSIS}"
