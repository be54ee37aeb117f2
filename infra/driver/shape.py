"""What the inputs of a resource must look like, held by the driver's own types."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from infra.driver.spec import Name

Spec = TypeVar("Spec")


class Unknown(Enum):
    """The type of UNKNOWN, which stands for a value that a preview cannot know yet."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

_ESTATE = TypeAdapter(Name)


@dataclass(frozen=True, slots=True)
class Inputs(Generic[Spec]):
    """A resource's inputs, checked: the estate that it belongs to and the driver's value."""

    estate: str
    spec: Spec


@dataclass(frozen=True, slots=True)
class InputError:
    """What is wrong with one input; `path` as Pulumi writes it: `interfaces[0].address`."""

    path: str
    reason: str


class Shape(Generic[Spec]):
    """Checks inputs against a driver's type, and writes the driver's values as inputs."""

    def __init__(self, spec: type[Spec]) -> None:
        """Prepare for a dataclass of the driver."""
        self._adapter: TypeAdapter[Spec] = TypeAdapter(spec)

    def read(self, values: Mapping[str, Any]) -> Inputs[Spec]:
        """Return checked inputs; pydantic's ValidationError when they are not what they must be."""
        rest = dict(values)
        estate = _ESTATE.validate_python(rest.pop("estate", None))
        return Inputs(estate, self._adapter.validate_python(rest))

    def write(self, estate: str, spec: Spec) -> dict[str, Any]:
        """Return a driver's value as the inputs that would be read as it."""
        plain = self._adapter.dump_python(spec, mode="json", by_alias=True)
        return {"estate": estate, **plain}

    def errors(self, values: Mapping[str, Any]) -> tuple[InputError, ...]:
        """Return everything wrong with the inputs; what a preview does not know yet is let pass."""
        unknown = {key for key, value in values.items() if value is UNKNOWN}
        wrong: list[InputError] = []
        rest = dict(values)
        estate = rest.pop("estate", None)
        for adapter, value, top in ((_ESTATE, estate, ("estate",)), (self._adapter, rest, ())):
            try:
                adapter.validate_python(value)
            except ValidationError as error:
                wrong += [_input_error(row, top) for row in error.errors()]
        return tuple(e for e in wrong if _top(e.path) not in unknown and not _repeated(e, wrong))

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the driver's type, with property names as Pulumi has them."""
        return self._adapter.json_schema(by_alias=True)

    @property
    def names(self) -> frozenset[str]:
        """The names of the inputs."""
        return frozenset({"estate", *self.json_schema().get("properties", {})})


def _input_error(row: Mapping[str, Any], top: tuple[str, ...]) -> InputError:
    path = ""
    for part in (*top, *row["loc"]):
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    value = "" if row["type"] == "missing" else f"; found {row['input']!r}"
    return InputError(path, f"{row['msg']}{value}")


def _top(path: str) -> str:
    return path.split("[")[0].split(".")[0]


def _repeated(error: InputError, all_errors: list[InputError]) -> bool:
    """Tell whether a list is complained of only since one of its items is wrong."""
    return any(other.path.startswith(f"{error.path}[") for other in all_errors)
