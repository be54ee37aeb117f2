"""Changes that were confirmed from outside (commit_confirmed), and their way back by the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import snapshot, states
from .plan import Plan, kept_state
from .record import Record, Thing, write

CHANGES = Path("/var/lib/bastide/changes")
PROGRAM = Path("/usr/local/libexec/bastide/commit_confirmed")
KIND = "change"
# Read by `commit_confirmed put-back`.
STATES = "put-back.json"

Commands = list[list[str]]


class RefusedError(Exception):
    """The program on the host did not make the change."""


def record(run: Record, folder: Path) -> None:
    """Take a confirmed change into a run's record, from the folder in which the host keeps it."""
    change = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    kept = [snapshot.of_json(s) for s in json.loads((folder / "states.json").read_text())]
    things = [thing for state in kept if (thing := of_state(state, folder)).before != thing.after]
    run.adopt(things, folder)
    detail = {
        "undo": commands(change, "undo", folder),
        "again": commands(change, "activate", folder),
        "last_resort": commands(change, "last_resort", folder),
        "paths": [thing.name for thing in things],
    }
    run.adopt([Thing(KIND, change["name"], states.NOT_MADE, states.MADE, detail)], folder)


def reversed_change(change: Thing) -> Thing:
    """Return the change that makes a change again which is taken back."""
    swapped = {"undo": change.detail["again"], "again": change.detail["undo"]}
    return replace(change, detail={**change.detail, **swapped})


def of_state(state: snapshot.State, folder: Path) -> Thing:
    """Return a path that was kept for a change, as a run's record has it."""
    if state.kind in (states.ABSENT, "link"):
        before = f"{state.kind} {state.link}".rstrip()
    else:
        blob = folder / str(state.number)
        content = states.digest(blob) if state.kind == "file" else ""
        access = state.mode, state.owner, state.group
        before = states.file_state(state.kind, *access, content)
    return Thing("file", state.path, before, states.of_file(state.path), state.as_json())


def commands(change: dict[str, Any], key: str, folder: Path) -> Commands:
    """Return a change's commands, with the files that it captured in the place of their names."""
    names = change.get("capture", {})
    filled = []
    for command in change.get(key, ()):
        words = list(map(str, command))
        for name in names:
            words = [word.replace(f"{{{name}}}", str(folder / name)) for word in words]
        filled.append(words)
    return filled


def way_back(plan: Plan, run: Record) -> str:
    """Return what commit_confirmed is to apply, as JSON; empty when nothing could cut anybody off.

    It puts back the files of all confirmed changes at once and has them read anew; when nobody
    gets in then, the host has its present files again.
    """
    changes = [thing for thing in reversed(plan.things) if thing.kind == KIND]
    paths = {path for change in changes for path in change.detail["paths"]}
    files = [thing for thing in plan.things if thing.kind == "file" and thing.name in paths]
    if not changes or not PROGRAM.exists():
        return ""
    write(run.folder / STATES, json.dumps(list(_by_folder(plan, files))))
    put_back = [sys.executable, "-IB", str(PROGRAM), "put-back", str(run.folder / STATES)]
    return json.dumps(
        {
            "name": "rollback",
            "keeps": [file.name for file in files],
            "needed": ["echo", "needed"],
            "activate": [put_back, *(c for change in changes for c in change.detail["undo"])],
            "undo": [c for change in reversed(changes) for c in change.detail["again"]],
            "last_resort": [c for change in changes for c in change.detail["last_resort"]],
        }
    )


def _by_folder(plan: Plan, files: Sequence[Thing]) -> Iterable[dict[str, Any]]:
    for folder in dict.fromkeys(plan.folders[file.key] for file in files):
        kept = [kept_state(file).as_json() for file in files if plan.folders[file.key] == folder]
        yield {"folder": str(folder), "states": kept}


def apply(text: str) -> str:
    """Have the program on the host make a change; return the id to confirm it by in time."""
    done = subprocess.run(
        [sys.executable, "-IB", str(PROGRAM), "apply"],
        check=False,
        capture_output=True,
        text=True,
        input=text,
    )
    if done.returncode:
        raise RefusedError((done.stderr or done.stdout).strip())
    return done.stdout.strip()
