"""The list of commands that the checks ask, generated from the checks themselves.

`python -m monitors.security.commands` writes it into the audit role.
"""

import json
import sys
from pathlib import Path

from inventory.words import Role
from monitors.security.backends import Answer, answering_host, recording
from monitors.security.checking import run_check
from monitors.security.controls import ControlTable, load_controls
from monitors.security.declared import Declared

ROOT = Path(__file__).resolve().parents[2]
LIST_FILE = ROOT / "playbooks/roles/audit/files/collector/commands.json"
TIMEOUT_SECONDS = 15
# Answers that lead a check down different paths; together they bring every command out.
ANSWERS = (Answer(0), Answer(1), Answer(0, "1"), Answer(3, "", "failed"))
EVERYTHING = Declared("every-host", "central", None, tuple(Role), (), ("any",), ("any",))


def commands(table: ControlTable) -> tuple[str, ...]:
    """Return every command that the checks of a table may ask, sorted."""
    found: set[str] = set()
    for control in table.controls:
        for answer in ANSWERS:
            host, trace = answering_host(EVERYTHING.host, recording(answer))
            run_check(control, host, EVERYTHING)
            found.update(trace.commands)
    return tuple(sorted(found))


def render(table: ControlTable) -> str:
    """Return the list as the JSON file that the collector reads."""
    content = {"timeout_seconds": TIMEOUT_SECONDS, "commands": commands(table)}
    return json.dumps(content, indent=2) + "\n"


def main() -> None:
    """Write the list into the audit role."""
    LIST_FILE.parent.mkdir(parents=True, exist_ok=True)
    LIST_FILE.write_text(render(load_controls()))
    sys.stdout.write(f"{LIST_FILE}: written\n")


if __name__ == "__main__":
    main()
