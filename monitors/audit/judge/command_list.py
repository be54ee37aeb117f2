"""The list of commands that the checks ask, generated from the checks themselves.

`make generate` writes it into the audit role.
"""

import json
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from inventory.enums import Role
from monitors.audit.collect.backends import answering_host, recording
from monitors.audit.judge.runner import CheckFiles, run_check
from monitors.audit.model.controls import Control, ControlTable, load_controls
from monitors.audit.model.declared import Declared
from monitors.collection.agentless import COLLECTING_SECONDS
from monitors.collection.bundle import Answer

ROOT = Path(__file__).resolve().parents[3]
LIST_FILE = ROOT / "playbooks/roles/audit/files/collector/commands.json"
# Answers that lead a check down different paths; together they bring every command out.
ANSWERS = (Answer(0), Answer(1), Answer(0, "1"), Answer(3, "", "failed"))
EVERYTHING = Declared("every-host", "central", None, tuple(Role), (), ("any",), ("any",))


def commands(table: ControlTable, own: CheckFiles = ()) -> dict[str, frozenset[Role]]:
    """Return every command that the checks of a table may ask, sorted, with who is asked it.

    No roles mean every host: a control that applies to all of them asks it. `own` are the estate's
    own check files.
    """
    askers: dict[str, list[Control]] = {}
    for control in table.controls:
        for command in asked_by(control, own):
            askers.setdefault(command, []).append(control)
    return {command: _roles(askers[command]) for command in sorted(askers)}


def asked_of(asked: Mapping[str, frozenset[Role]], roles: Collection[Role]) -> tuple[str, ...]:
    """Return the commands that a host with these roles is asked."""
    return tuple(command for command, only in asked.items() if not only or only & set(roles))


def asked_by(control: Control, own: CheckFiles = ()) -> set[str]:
    """Return every command that a control's check may ask."""
    asked: set[str] = set()
    for answer in ANSWERS:
        host, trace = answering_host(EVERYTHING.host, recording(answer))
        run_check(control, host, EVERYTHING, own)
        asked.update(trace.commands)
    return asked


def _roles(asking: Iterable[Control]) -> frozenset[Role]:
    roles = [control.roles for control in asking]
    return frozenset(role for some in roles for role in some) if all(roles) else frozenset()


def render(table: ControlTable, *, by_role: bool = True, own: CheckFiles = ()) -> str:
    """Return the list as the JSON file that the collector reads.

    `roles` names the commands that only hosts with one of these roles run.
    """
    askers = commands(table, own)
    content = {
        "seconds": COLLECTING_SECONDS,
        "commands": list(askers),
        "roles": {c: sorted(roles) for c, roles in askers.items() if roles and by_role},
    }
    return json.dumps(content, indent=2) + "\n"


def main() -> None:
    """Write the list into the audit role."""
    LIST_FILE.parent.mkdir(parents=True, exist_ok=True)
    LIST_FILE.write_text(render(load_controls()))
    sys.stdout.write(f"{LIST_FILE}: written\n")


if __name__ == "__main__":
    main()
