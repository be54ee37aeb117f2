"""Property values: plain JSON values plus secrets and unknowns, to and from the wire.

Assets, archives and resource references stay dictionaries with Pulumi's signature key. Numbers
that are whole become int, as JSON in the state has them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

SIGNATURE: Final = rpc._special_sig_key  # the one key that all of Pulumi's tagged objects carry
SECRET: Final = rpc._special_secret_sig
RESOURCE: Final = rpc._special_resource_sig
OUTPUT: Final = rpc._special_output_value_sig
UNKNOWN_TEXT: Final = rpc.UNKNOWN
# Go keeps one sentinel for each type of unknown value (plugin/rpc.go); Python only ever sends the
# first, a provider written in Go may answer with any.
_UNKNOWN_TEXTS: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_EXACT_INTEGER: Final = 2**53
MASK: Final = "[secret]"

Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is encrypted in the state and masked in what people see."""

    value: Any

    def __repr__(self) -> str:
        """Hide the value, so that no log shows it by accident."""
        return "Secret([secret])"


class Unknown(Enum):
    """The type of UNKNOWN."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Read a property bag from the wire."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _from_object(value.struct_value)
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWN_TEXTS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < _EXACT_INTEGER else number
    return value.bool_value if kind == "bool_value" else None


def _from_object(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields[SIGNATURE].string_value if SIGNATURE in struct.fields else ""
    if signature not in {SECRET, OUTPUT}:
        return from_struct(struct)
    inner = _from_value(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    hidden = signature == SECRET or struct.fields["secret"].bool_value
    return Secret(reveal(inner)) if hidden else inner


def to_struct(
    properties: Mapping[str, Any], *, secrets: bool = True, resources: bool = True
) -> struct_pb2.Struct:
    """Write a property bag for the wire.

    Without `secrets`, secret values are sent bare; without `resources`, a reference to a resource
    becomes its id, or its URN when it has none.
    """
    writer = _Writer(secrets, resources)
    return struct_pb2.Struct(fields={key: writer.value(item) for key, item in properties.items()})


@dataclass(frozen=True, slots=True)
class _Writer:
    secrets: bool
    resources: bool

    def value(self, item: Any) -> struct_pb2.Value:
        if isinstance(item, dict):
            return self._object(item)
        if isinstance(item, list | tuple):
            values = [self.value(one) for one in item]
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=values))
        if isinstance(item, Secret):
            return self._secret(item)
        return _scalar(item)

    def _secret(self, item: Secret) -> struct_pb2.Value:
        if not self.secrets:
            return self.value(item.value)
        return self._fields({SIGNATURE: SECRET, "value": item.value})

    def _object(self, item: Mapping[str, Any]) -> struct_pb2.Value:
        if not self.resources and item.get(SIGNATURE) == RESOURCE:
            return self.value(item.get("id") or item["urn"])
        return self._fields(item)

    def _fields(self, item: Mapping[str, Any]) -> struct_pb2.Value:
        fields = {key: self.value(one) for key, one in item.items()}
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))


def _scalar(item: Any) -> struct_pb2.Value:
    if item is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if item is UNKNOWN:
        return struct_pb2.Value(string_value=UNKNOWN_TEXT)
    if isinstance(item, bool):
        return struct_pb2.Value(bool_value=item)
    if isinstance(item, int | float):
        return struct_pb2.Value(number_value=float(item))
    if isinstance(item, str):
        return struct_pb2.Value(string_value=item)
    raise TypeError(f"a property of type {type(item).__name__} cannot be sent to a plugin")


def _transform(item: Any, leaf: Callable[[Any], Any]) -> Any:
    if isinstance(item, Mapping):
        return {key: _transform(one, leaf) for key, one in item.items()}
    if isinstance(item, list | tuple):
        return [_transform(one, leaf) for one in item]
    return leaf(item)


def reveal(item: Any) -> Any:
    """Return the value with every secret in it bare."""
    return _transform(item, lambda leaf: reveal(leaf.value) if isinstance(leaf, Secret) else leaf)


def mask(item: Any) -> Any:
    """Return the value with every secret in it replaced by a mask."""
    return _transform(item, lambda leaf: MASK if isinstance(leaf, Secret) else leaf)


def has_unknown(item: Any) -> bool:
    """Say whether the value has an unknown anywhere in it."""
    if isinstance(item, Secret):
        return has_unknown(item.value)
    if isinstance(item, Mapping):
        return any(has_unknown(one) for one in item.values())
    if isinstance(item, list | tuple):
        return any(has_unknown(one) for one in item)
    return item is UNKNOWN


def has_secret(item: Any) -> bool:
    """Say whether the value has a secret anywhere in it."""
    if isinstance(item, Mapping):
        return any(has_secret(one) for one in item.values())
    if isinstance(item, list | tuple):
        return any(has_secret(one) for one in item)
    return isinstance(item, Secret)


def keep_secrets(outputs: Properties, inputs: Mapping[str, Any]) -> Properties:
    """Mark as secret every output whose input of the same name and position was secret.

    For providers that do not understand secrets and so hand them back bare.
    """
    return {key: _keep_secret(value, inputs.get(key)) for key, value in outputs.items()}


def _keep_secret(output: Any, source: Any) -> Any:
    if isinstance(output, Secret):
        return output
    if isinstance(source, Secret):
        return Secret(reveal(output))
    if isinstance(output, dict) and isinstance(source, Mapping):
        return {key: _keep_secret(one, source.get(key)) for key, one in output.items()}
    if isinstance(output, list) and isinstance(source, list) and len(output) == len(source):
        return [_keep_secret(one, other) for one, other in zip(output, source, strict=True)]
    return output


def mark_secret(outputs: Properties, keys: tuple[str, ...]) -> Properties:
    """Mark the named outputs as secret (the option additionalSecretOutputs)."""
    return {
        key: Secret(reveal(value)) if key in keys and not isinstance(value, Secret) else value
        for key, value in outputs.items()
    }


def equal(one: Any, other: Any) -> bool:
    """Compare two values as JSON does: true is not 1, and 1 is 1.0; secrets by their content."""
    return _canonical(one) == _canonical(other)


def changed_keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the properties that are not the same in two bags, sorted."""
    return tuple(sorted(k for k in {**old, **new} if not equal(old.get(k), new.get(k))))


def _canonical(item: Any) -> str:
    def leaf(value: Any) -> Any:
        return UNKNOWN_TEXT if value is UNKNOWN else value

    return json.dumps(_transform(reveal(item), leaf), sort_keys=True)
