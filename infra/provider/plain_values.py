"""Pulumi's property values as plain Python values, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime import rpc

from infra.driver.shape import UNKNOWN


def to_plain(value: PropertyValue) -> Any:
    """Return the plain value; UNKNOWN where, or in which, a preview does not know it yet."""
    inner = value.value
    if isinstance(inner, Computed) or inner == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(inner, Mapping):
        members = {key: to_plain(member) for key, member in inner.items()}
        return UNKNOWN if UNKNOWN in members.values() else members
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        items = [to_plain(item) for item in inner]
        return UNKNOWN if UNKNOWN in items else items
    return inner


def to_plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """Return the properties as plain values; absent and null are the same, and left out."""
    plain = {key: to_plain(value) for key, value in values.items()}
    return {key: value for key, value in plain.items() if value is not None}


def from_plain(value: Any) -> PropertyValue:
    """Return a plain JSON-like value as Pulumi's."""
    if value is UNKNOWN:
        return PropertyValue(rpc.UNKNOWN)  # the SDK reads it as any text, and cannot write Computed
    if isinstance(value, Mapping):
        return PropertyValue({key: from_plain(member) for key, member in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str):
        return PropertyValue([from_plain(item) for item in value])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    return PropertyValue(value)


def from_plain_map(values: Mapping[str, Any]) -> dict[str, PropertyValue]:
    """Return plain properties as Pulumi's, without those that are null."""
    return {key: from_plain(value) for key, value in values.items() if value is not None}
