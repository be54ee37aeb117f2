"""The files of rules that ship with the project, read as data."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).resolve().parent / "rules"
WATCH_RULES = Path(__file__).resolve().parent / "watch_rules" / "operations_watch.yml"
"""Those of the vault that watches the operations host."""


def shipped_rules() -> tuple[Path, ...]:
    """Return the files of rules that ship with the project, sorted."""
    return tuple(sorted(RULES.glob("*.yml")))


def rules_in(path: Path) -> tuple[dict[str, Any], ...]:
    """Return the rules of a file that Prometheus accepts, in their order."""
    groups = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["groups"]
    return tuple(rule for group in groups for rule in group["rules"])


@cache
def names_of_ours() -> frozenset[str]:
    """Return the names of the shipped alerts and recorded series."""
    return frozenset(
        rule.get("alert") or rule["record"] for path in shipped_rules() for rule in rules_in(path)
    )
