"""What the readers of both formats take and give."""

from enum import Enum
from typing import NamedTuple

from monitors.snmp.client import Typed


class Line(NamedTuple):
    """A line of a file, counted from 1, without its end."""

    at: int
    text: bytes


class Nothing(Enum):
    """A line that says that there is no value, or nothing at all."""

    ABSENT = "the agent had no value"


class Parsed(NamedTuple):
    """What a line gave: a value, nothing on purpose, or why it made no sense."""

    at: int
    found: Typed | Nothing | str
