"""What an estate brings of its own, held to everything that ours is held to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bastide.actions.own_playbooks import find_playbook_problems, find_task_problems
from inventory.own import Own
from inventory.paths import shipped
from inventory.problems import InventoryError, Problem
from monitors.audit.model.controls import ControlTable
from monitors.audit.model.own_controls import controls_of
from monitors.prometheus.own_rules import find_rule_problems
from monitors.snmp.own_profiles import profiles_of
from monitors.snmp.profile import Profile

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Catalogues:
    """Ours with the estate's own: the control table, and the SNMP profiles by name."""

    controls: ControlTable
    profiles: Mapping[str, Profile]


def checked(own: Own) -> Catalogues:
    """Return the catalogues; InventoryError lists every problem of the estate's own files."""
    problems = [*find_playbook_problems(own), *find_rule_problems(own, shipped("runbooks"))]
    controls = _read(controls_of, own, problems)
    profiles = _read(profiles_of, own, problems)
    if controls is not None:
        problems += _of_controls(controls, own)
    if problems or controls is None or profiles is None:
        raise InventoryError(tuple(problems))
    return Catalogues(controls, profiles)


def counted(own: Own) -> str:
    """Return, in words, how much an estate brings of its own; empty for nothing."""
    kinds = {
        "roles": own.roles,
        "playbooks": own.playbooks,
        "control files": own.controls,
        "SNMP profiles": own.profiles,
        "rule files": own.rules,
        "runbooks": own.runbooks,
    }
    return ", ".join(f"{len(files)} {kind}" for kind, files in kinds.items() if files)


def _of_controls(table: ControlTable, own: Own) -> Iterator[Problem]:
    if own.checks:
        # Only then: what runs checks takes longer to load than most estates to check.
        from monitors.audit.judge.own_checks import find_check_problems

        yield from find_check_problems(table, own)
    yield from find_task_problems(own, table)


def _read(read: Callable[[Own], Value], own: Own, problems: list[Problem]) -> Value | None:
    try:
        return read(own)
    except InventoryError as error:
        problems += error.problems
        return None
