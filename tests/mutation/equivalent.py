"""Mutants that no test could notice, each with the reason: `equivalent.yml`, a list a module."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.mutation.mutants import Mutant

FILE = Path(__file__).with_name("equivalent.yml")


@dataclass(frozen=True)
class Equivalent:
    """A change that changes nothing, as the run prints it; how often it is made; why."""

    change: str
    why: str
    times: int = 1


def load_equivalents(module: str) -> Sequence[Equivalent]:
    """Return what the file lists for a module."""
    return [Equivalent(**entry) for entry in modules().get(module, ())]


def modules() -> dict[str, list[dict[str, Any]]]:
    """Return the whole file: entries by module."""
    content: dict[str, list[dict[str, Any]]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def is_equivalent(mutant: Mutant, equivalents: Sequence[Equivalent]) -> bool:
    """Return whether a mutant is listed, however far its lines are indented."""
    change = _unindented(mutant.diff)
    return any(_unindented(entry.change) == change for entry in equivalents)


def _unindented(diff: str) -> list[str]:
    return [f"{line[:1]} {line[1:].strip()}" for line in diff.strip().splitlines()]
