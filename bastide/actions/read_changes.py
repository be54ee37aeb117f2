"""The events of a run in check mode become the changes of a host."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from bastide.actions.changes import (
    AccountChange,
    Changes,
    FileChange,
    PackageChange,
    ParameterChange,
    UnitChange,
)
from bastide.actions.playbook_recap import Event

# What apt-get --simulate prints: Inst name [old] (new …), Remv name [old], Purg name [old].
APT = re.compile(r"^(Inst|Remv|Purg) (\S+)(?: \[([^\]]*)\])?(?: \((\S+))?")
CONTEXT_LINES = 2
ACCOUNTS = frozenset({"user", "group"})
# Without a diff, though there is one of all others: it would show a secret.
FILES = frozenset({"copy", "template"})

AnyChange = FileChange | PackageChange | UnitChange | AccountChange | ParameterChange
Kind = TypeVar("Kind", bound=AnyChange)


def read_changes(events: Iterable[Event], host: str) -> Changes:
    """Return what the events say of one host; each change once, in the order of the tasks."""
    tasks = [event for event in events if event["event"] == "task" and event["host"] == host]
    changes: list[AnyChange] = []
    others: list[str] = []
    for task in tasks:
        of_task = [change for entry in task.get("changes", ()) for change in _sound(task, entry)]
        changes += of_task
        if task["changed"] and not of_task:
            others.append(task["task"])
    return Changes(
        files=_of(FileChange, changes),
        packages=_of(PackageChange, changes),
        units=_of(UnitChange, changes),
        accounts=_of(AccountChange, changes),
        parameters=_of(ParameterChange, changes),
        others=tuple(dict.fromkeys(others)),
        unpredictable=tuple(dict.fromkeys(_unpredictable(tasks))),
        refused=tuple(
            f"{task['task']}: {task['message']}"
            for task in tasks
            if task["outcome"] in ("failed", "unreachable")
        ),
    )


def _of(kind: type[Kind], changes: Iterable[AnyChange]) -> tuple[Kind, ...]:
    return tuple(dict.fromkeys(change for change in changes if isinstance(change, kind)))


def _unpredictable(tasks: Iterable[Event]) -> Iterator[str]:
    """Yield the tasks that cannot tell, and what apt does not know, on whichever stream."""
    for task in tasks:
        if task["outcome"] == "unpredictable":
            yield task["task"]
        for entry in task.get("changes", ()):
            lines = f"{entry.get('stdout', '')}\n{entry.get('stderr', '')}".splitlines()
            yield from (f"{task['task']}: {line}" for line in lines if line.startswith("E: "))


def _sound(task: Event, entry: dict[str, Any]) -> tuple[AnyChange, ...]:
    """Return what one result says; of one that a host has given another form, nothing."""
    try:
        return tuple(_changes(task, entry))
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()


def _changes(task: Event, entry: dict[str, Any]) -> Iterator[AnyChange]:
    """Yield what one result says, by what it has in it."""
    if "unit" in entry:
        yield from _unit(entry)
    elif "diff" in entry:
        differences = entry["diff"] if isinstance(entry["diff"], list) else [entry["diff"]]
        for difference in differences:
            yield from _file(
                difference, str(entry.get("dest") or entry.get("path") or task["dest"])
            )
    elif task["action"] in ACCOUNTS and "name" in entry:
        is_there = "uid" in entry or "gid" in entry
        gone = entry.get("state") == "absent"
        state = "removed" if gone else "changed" if is_there else "created"
        yield AccountChange(name=entry["name"], change=f"{task['action']} {state}")
    elif task["action"] in FILES and task["dest"]:
        yield FileChange(path=task["dest"], action="written", secret=True)
    else:
        for line in str(entry.get("stdout", "")).splitlines():
            yield from _line(line)


def _unit(entry: dict[str, Any]) -> Iterator[UnitChange]:
    """Yield what happens to a unit; a reload of systemd names none."""
    if not entry.get("name"):
        return
    was = str(entry["unit"].get("active") or "not there yet")
    state = str(entry.get("state") or "")
    action = {"restarted": "started"}.get(state, state) if was != "active" else state
    if was == "active" and state == "started":
        action = "enabled"
    yield UnitChange(name=entry["name"], action=action or "enabled", was=was)


def _file(difference: dict[str, Any], path: str) -> Iterator[FileChange]:
    before, after = difference.get("before"), difference.get("after")
    if isinstance(after, dict) and isinstance(before, dict):
        yield _state(before, after, path)
    elif "path" in difference:
        yield _installed(difference)
    elif after is not None or before is not None:
        yield _text(path, str(before or ""), str(after or ""))


def _state(before: dict[str, Any], after: dict[str, Any], path: str) -> FileChange:
    """Return a change of the module `file`: what there is, or only its access."""
    gone, new = after.get("state") == "absent", before.get("state") == "absent"
    action = "removed" if gone else "created" if new else "access changed"
    access = " ".join(str(after[key]) for key in ("mode", "owner", "group") if key in after)
    return FileChange(path=str(after.get("path") or path), action=action, access=access)


def _installed(difference: dict[str, Any]) -> FileChange:
    """Return a change of install_files."""
    new, same = not difference["was"], difference["before"] == difference["after"]
    text = {"directory": "folder created", "link": "link created"}.get(
        difference["kind"], "created"
    )
    changed = "access changed" if same and not difference["secret"] else "replaced"
    link = (f"-> {difference['after']}",) if difference["kind"] == "link" else ()
    lines = link or _diff(difference["before"], difference["after"])
    return FileChange(
        path=difference["path"],
        action=text if new else changed,
        was=difference["was"],
        access=difference["access"] if difference["kind"] != "link" else "",
        secret=difference["secret"],
        diff=tuple(lines),
    )


def _text(path: str, before: str, after: str) -> FileChange:
    action = "replaced" if before else "created"
    return FileChange(path=path, action=action, diff=tuple(_diff(before, after)))


def _diff(before: str, after: str) -> Iterator[str]:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT_LINES
    )
    return (line for line in lines if not line.startswith(("--- ", "+++ ")))


def _line(line: str) -> Iterator[AnyChange]:
    """Yield what a line of a program says: apt's, or one of ours with a JSON object."""
    package = APT.match(line)
    if package:
        verb, name, old, new = package.groups()
        action = "removed" if verb != "Inst" else "upgraded" if old else "installed"
        yield PackageChange(name=name, action=action, version=new or "")
    if not line.startswith("{"):
        return
    values = json.loads(line)
    if "parameter" in values:
        yield ParameterChange(
            name=values["parameter"], before=values["before"], after=values["after"]
        )
    elif "account" in values:
        yield AccountChange(name=values["account"], change=values["change"])
    elif "change" in values:
        yield FileChange(path=values["path"], action=values["change"])
    else:
        yield _text(values["path"], values["before"], values["after"])
