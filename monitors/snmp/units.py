"""What readings can be, by unit: the table in ``units.yaml``."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from monitors.snmp.profile import Number

TABLE = Path(__file__).with_suffix(".yaml")


class Unit(NamedTuple):
    """A unit in words, the least and the most that a reading can be, and whether -1 is one."""

    unit: str
    least: float
    most: float
    signed: bool = False

    def __str__(self) -> str:
        """As messages say it."""
        return f"{self.least:g} to {self.most:g} {self.unit}".strip()


@cache
def _units() -> dict[str, Unit]:
    rows = yaml.load(TABLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {row.pop("name"): Unit(**row) for row in rows}


@cache
def unit_of(metric: str) -> Unit | None:
    """The unit that a metric's name ends in; None for one without bounds."""
    names = [name for name in _units() if f"_{metric}".endswith(f"_{name}")]
    return _units()[max(names, key=len)] if names else None


def range_of(spec: Number) -> Unit | None:
    """What a number of a profile can be; None where everything is possible."""
    unit = unit_of(spec.metric)
    if spec.range is None:
        return unit
    signed = unit.signed if unit else spec.range[0] < 0
    return Unit(unit.unit if unit else "", *spec.range, signed)
