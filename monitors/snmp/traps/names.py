"""Which notifications and objects are told by name: names.yaml, checked when it is read."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

TABLE = Path(__file__).with_name("names.yaml")
OTHER = "other"

Oid = Annotated[str, Field(pattern=r"^\d+(\.\d+)+$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-zA-Z0-9]*$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Known(_Frozen):
    """A notification: its name, whether it calls for a poll, and what it says about a port."""

    oid: Oid
    name: Name
    poll: bool = False
    link: Literal["up", "down"] | None = None


class KnownObject(_Frozen):
    """An object whose values may be logged."""

    oid: Oid
    name: Name


class Names(_Frozen):
    """The whole table."""

    traps: tuple[Known, ...]
    objects: tuple[KnownObject, ...]


@cache
def table() -> Names:
    """Return the table that ships; raises pydantic.ValidationError when it is wrong."""
    return Names.model_validate(yaml.safe_load(TABLE.read_text(encoding="utf-8")))


@cache
def _traps() -> dict[str, Known]:
    return {known.oid: known for known in table().traps}


@cache
def by_name() -> dict[str, Known]:
    """Return the notifications by name."""
    return {known.name: known for known in table().traps}


@cache
def _objects() -> dict[str, str]:
    return {known.oid: known.name for known in table().objects}


def trap_name(oid: str) -> str:
    """Return a notification's name, ``other`` when it is not in the table."""
    known = _traps().get(oid)
    return known.name if known else OTHER


def object_name(instance: str) -> str:
    """Return the name of the object that an instance belongs to, or nothing."""
    objects, prefix = _objects(), instance
    while prefix:
        prefix = prefix.rpartition(".")[0]
        if prefix in objects:
            return objects[prefix]
    return ""
