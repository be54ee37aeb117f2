"""A notification as a frozen value (RFC 3416, 4.2.6 and 4.2.7): its name, its bindings as text.

Which notifications and objects have names is in trap_names.yaml, checked when it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from monitors.snmp.client import Raw
from monitors.text import journal_text

NAMES_FILE = Path(__file__).with_name("trap_names.yaml")
OTHER = "other"

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"
# snmpTrapCommunity (RFC 3584, 3.1): what a proxy adds.
COMMUNITY = "1.3.6.1.6.3.18.1.4"
MOST_BINDINGS = 32

Oid = Annotated[str, Field(pattern=r"^\d+(\.\d+)+$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-zA-Z0-9]*$")]
# An instance's dotted OID, and its value.
Binding = tuple[str, Raw]


class Reason(StrEnum):
    """Why a datagram was not accepted: the label `reason`, so a closed set."""

    UNKNOWN_SENDER = "unknown_sender"
    FLOODED = "flooded"
    QUEUE_FULL = "queue_full"
    UNDECODABLE = "undecodable"
    UNSUPPORTED = "unsupported"
    BAD_CREDENTIALS = "bad_credentials"
    OUTSIDE_WINDOW = "outside_window"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class TextBinding:
    """A binding fit for people: its instance's OID, its object's name if it has one, its text."""

    oid: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Trap:
    """A trap or inform of a device of the inventory.

    ``name`` is that of trap_names.yaml, ``other`` for any that is not there; ``at`` is when it was
    received (Unix time). ``device`` is the edge's name where a site hides behind one address and
    the sender cannot be told.
    """

    device: str
    municipality: str
    name: str
    oid: str
    bindings: tuple[TextBinding, ...]
    at: float


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NamedTrap(_Frozen):
    """A notification: its name, whether it calls for a poll, and what it says about a port."""

    oid: Oid
    name: Name
    poll: bool = False
    link: Literal["up", "down"] | None = None


class NamedObject(_Frozen):
    """An object whose values may be logged."""

    oid: Oid
    name: Name


class Names(_Frozen):
    """The whole of trap_names.yaml."""

    traps: tuple[NamedTrap, ...]
    objects: tuple[NamedObject, ...]


@cache
def names() -> Names:
    """Return the names that ship; raises pydantic.ValidationError when the file is wrong."""
    return Names.model_validate(
        yaml.load(NAMES_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    )


@cache
def named_traps() -> dict[str, NamedTrap]:
    """Return the notifications by name."""
    return {trap.name: trap for trap in names().traps}


def trap_name(oid: str) -> str:
    """Return a notification's name, ``other`` when it has none."""
    return _trap_names().get(oid, OTHER)


@cache
def _trap_names() -> dict[str, str]:
    return {trap.oid: trap.name for trap in names().traps}


@cache
def _object_names() -> dict[str, str]:
    return {named.oid: named.name for named in names().objects}


def object_name(instance: str) -> str:
    """Return the name of the object that an instance belongs to, or nothing."""
    objects, prefix = _object_names(), instance
    while prefix:
        prefix = prefix.rpartition(".")[0]
        if prefix in objects:
            return objects[prefix]
    return ""


def trap_oid(bindings: Sequence[Binding]) -> str | None:
    """Return what the second binding names (RFC 3416, 4.2.6); None when it names nothing."""
    for oid, value in bindings[:2]:
        if oid == TRAP_OID and isinstance(value, str):
            return value
    return None


def text_bindings(bindings: Sequence[Binding]) -> tuple[TextBinding, ...]:
    """Return the first bindings as text, without the head that every notification has.

    Nor a community, which is a secret.
    """
    own = [
        (oid, value)
        for oid, value in bindings
        if oid not in (SYS_UP_TIME, TRAP_OID) and not oid.startswith(f"{COMMUNITY}.")
    ]
    return tuple(
        TextBinding(oid, object_name(oid), journal_text(value))
        for oid, value in own[:MOST_BINDINGS]
    )
