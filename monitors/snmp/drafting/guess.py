"""Which metric a number could be, and at which scale: guesses, told as such."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from monitors.snmp.client import Raw
from monitors.snmp.drafting.mib import MibObject
from monitors.snmp.profile_files import shipped_profiles

TABLE = Path(__file__).with_name("units.yaml")
DIVISORS = (1, 10, 100, 1000)


class Guess(NamedTuple):
    """A metric with its help and the scale that makes base units of the values."""

    metric: str
    help: str
    scale: float


@cache
def _rows() -> tuple[dict[str, object], ...]:
    return tuple(yaml.load(TABLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


@cache
def _helps() -> dict[str, str]:
    profiles = shipped_profiles().values()
    specs = [spec for profile in profiles for spec in profile.scalars]
    specs += [s for profile in profiles for table in profile.tables for s in table.columns]
    return {spec.metric: spec.help for spec in specs}


def guess(seen: MibObject | None, values: Iterable[Raw]) -> Guess | None:
    """Return what the name and unit of an object suggest; None where they suggest nothing."""
    if seen is None:
        return None
    said = f"{seen.name} {seen.units}".lower()
    for row in _rows():
        if re.search(str(row["words"]), said):
            metric, base = str(row["metric"]), float(str(row.get("scale", 1)))
            divisor = _divisor(values, float(str(row["usual"])))
            return Guess(metric, _helps()[metric], round(base / divisor, 9))
    return None


def _divisor(values: Iterable[Raw], usual: float) -> int:
    largest = max((abs(v) for v in values if isinstance(v, int | float)), default=0)
    return next((divisor for divisor in DIVISORS if largest / divisor <= usual), 1)
