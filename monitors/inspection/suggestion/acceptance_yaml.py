"""What somebody accepts of an impact as YAML for the host's entry in the municipality's file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from inventory.enums import Level


def acceptance_keys(
    level: Level, cuts: Mapping[str, str], by: str, day: date
) -> Mapping[str, Sequence[str]]:
    """Return the lines of `manage:` and of `accepts:`.

    `cuts` has the key of each cut, and in words what it was, which becomes a comment.
    """
    return {"manage": (f"manage: {level}",), "accepts": tuple(_accepts(level, cuts, by, day))}


def _accepts(level: Level, cuts: Mapping[str, str], by: str, day: date) -> Iterator[str]:
    yield "accepts:"
    yield f"  level: {level}"
    yield f"  by: {json.dumps(by, ensure_ascii=False)}"
    yield f"  date: {day}"
    yield "  cuts:" if cuts else "  cuts: []"
    for key, what in cuts.items():
        yield f"    - {json.dumps(key, ensure_ascii=False)} # {what}"
