"""A recorded value as the collectors see it."""

import struct
from collections.abc import Callable

from monitors.snmp import oid
from monitors.snmp.client import BadAnswerError, Missing, Raw

# An Opaque that holds a float or a double: context tags 120 and 121, as net-snmp writes them.
_FLOATS = {b"\x9f\x78\x04": "!f", b"\x9f\x79\x08": "!d"}


def decode(tag: int, content: bytes) -> Raw:
    """The value of content octets with a BER tag. Raises BadAnswerError."""
    form = _FORMS.get(tag)
    if form is None:
        raise BadAnswerError(f"a value has the tag 0x{tag:02x}, which SNMP does not know")
    try:
        return form(content)
    except ValueError as error:
        raise BadAnswerError(f"a value with the tag 0x{tag:02x}: {error}") from error


def _unsigned(content: bytes) -> int:
    return int.from_bytes(content, "big")


def _address(content: bytes) -> str:
    if len(content) != 4:
        raise ValueError(f"expected an address of 4 octets, found {len(content)}")
    return ".".join(map(str, content))


def _opaque(content: bytes) -> Raw:
    form = _FLOATS.get(content[:3])
    if form is None or len(content) != 3 + struct.calcsize(form):
        return content
    value: float = struct.unpack(form, content[3:])[0]
    return value


_FORMS: dict[int, Callable[[bytes], Raw]] = {
    0x02: lambda content: int.from_bytes(content, "big", signed=True),
    0x04: bytes,
    0x05: lambda _: None,
    0x06: oid.decode,
    0x40: _address,
    0x41: _unsigned,
    0x42: _unsigned,
    0x43: _unsigned,
    0x44: _opaque,
    0x46: _unsigned,
    0x47: _unsigned,
    **{missing.value: lambda _, found=missing: found for missing in Missing},  # type: ignore[misc]
}
