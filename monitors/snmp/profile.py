"""A profile: which OIDs a collector asks for and which metrics they become, as data.

The files in ``profiles/`` are checked against these models when they are read, so a wrong
table fails at start (and in the tests), not at three in the morning.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PROFILES = Path(__file__).parent / "profiles"

OidText = Annotated[str, Field(pattern=r"^\d+(\.\d+)+$")]
MetricName = Annotated[str, Field(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$")]
Kind = Literal["switch", "ups", "access_point", "printer", "modem", "host"]
Derivation = Literal["boot_time"]


class ProfileError(Exception):
    """A profile file cannot be used; the text names the file and the place in it."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextColumn(_Frozen):
    """An object whose text becomes a label."""

    label: LabelName
    oid: OidText


class Info(_Frozen):
    """A series that is always 1 and carries text in its labels."""

    metric: MetricName
    help: str
    labels: tuple[TextColumn, ...] = Field(min_length=1)


class Number(_Frozen):
    """An object whose number becomes a metric.

    ``scale`` brings it to the base unit. ``matches`` makes it 1 for the listed values and 0
    otherwise; ``states`` makes one sample a state, with the label ``state``.
    """

    oid: OidText
    metric: MetricName
    help: str
    type: Literal["counter", "gauge"]
    scale: float = 1
    matches: frozenset[int] = frozenset()
    states: dict[int, str] = Field(default_factory=dict)


class Table(_Frozen):
    """Columns that share an index; its parts are labels, as are the ``labels`` columns."""

    index: tuple[LabelName, ...] = Field(min_length=1)
    labels: tuple[TextColumn, ...] = ()
    info: Info | None = None
    columns: tuple[Number, ...] = Field(min_length=1)


class Profile(_Frozen):
    """One collector: what it asks and which kinds of device it suits."""

    collector: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kinds: frozenset[Kind]
    info: Info | None = None
    scalars: tuple[Number, ...] = ()
    tables: tuple[Table, ...] = ()
    derived: tuple[Derivation, ...] = ()


def read_profile(path: Path) -> Profile:
    """Read one profile.

    Raises ProfileError with the file and the first place that is wrong.
    """
    try:
        return Profile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ProfileError(f"{path}: cannot be read as YAML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ProfileError(f"{path}: {place}: {first['msg']}") from error


@cache
def shipped_profiles() -> tuple[Profile, ...]:
    """All profiles that ship with the project; ``system`` first, since it is the cheapest.

    Raises ProfileError when one of them is wrong.
    """
    found = (read_profile(path) for path in sorted(PROFILES.glob("*.yaml")))
    return tuple(sorted(found, key=lambda profile: profile.collector != "system"))


def profiles_for(kind: str) -> tuple[Profile, ...]:
    """The profiles that suit a kind of device."""
    return tuple(profile for profile in shipped_profiles() if kind in profile.kinds)
