"""A row in a driver's table: one kind of resource, in the words of programs and of Pulumi."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from infra.driver.shape import Shape

Spec = TypeVar("Spec")
Values = dict[str, Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Output:
    """An output property, for the schema."""

    type: str
    description: str


RUNNING = Output("boolean", "whether it ran when it was last looked at")


def never_stale(_outputs: Values) -> frozenset[str]:
    """Return nothing: the kind changes with its inputs only."""
    return frozenset()


def stale_when_stopped(outputs: Values) -> frozenset[str]:
    """Return `running` when a refresh found the thing stopped."""
    return frozenset() if outputs.get("running", True) else frozenset({"running"})


@dataclass(frozen=True, slots=True)
class Kind(Generic[Spec]):
    """What a kind of resource takes and gives, and how it is made, read and deleted.

    `replaces`: inputs whose change makes a new one, after the old one is deleted, since names and
    addresses are taken only once. `create_only`: inputs whose later change means nothing.

    The functions get the name of the estate and are idempotent. `ensure` creates and updates, and
    returns the outputs; `read` returns them too, or None when the thing is gone; `stale` returns
    the outputs that say that the thing needs `ensure` again though no input changed. They raise
    InfraError.
    """

    summary: str
    shape: Shape[Spec]
    outputs: Mapping[str, Output]
    replaces: frozenset[str]
    ensure: Callable[[str, Spec, Progress], Values]
    read: Callable[[str, Spec], Values | None]
    delete: Callable[[str, Spec], None]
    stale: Callable[[Values], frozenset[str]] = never_stale
    create_only: frozenset[str] = frozenset()


Kinds = Mapping[str, Kind[Any]]
