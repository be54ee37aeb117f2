"""An estate's own roles and playbooks: which run with ours, and what they are held to."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from bastide.actions.own_roles import find_argument_problems
from bastide.support.errors import CommandError, Exit
from bastide.support.shipped_files import playbook_names
from inventory.levels import MANAGED, REFUSED, WATCHED
from inventory.own import Own
from inventory.paths import shipped
from inventory.problems import Problem
from monitors.audit.model.controls import BY_HAND, ControlTable

# Ours that an estate's own playbooks go on from: those of these names run right after them.
CONTINUED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"configure": ("configure",), "harden": ("harden",), "site": ("configure", "harden")}
)
FIRST = ("plays/refuse.yml", "plays/accepted.yml")
PLAY_HOSTS = re.compile(r"\s*(?:- )?hosts:\s*([^#]*)")
PATTERN_WORD = re.compile(r"[\w*]+")
UNMANAGED = frozenset({"all", "*", WATCHED, REFUSED})
ROLE_NAME = re.compile(r"[a-z][a-z0-9_]*")


def playbook_files(own: Own, name: str) -> tuple[Path, ...]:
    """Return the files that a playbook's name stands for: ours, then the estate's own.

    Before one that is the estate's alone come the plays that ours begin with.

    CommandError lists the names when there is no such playbook.
    """
    of_estate = {path.stem: path for path in own.playbooks}
    if name in playbook_names():
        more = (of_estate[n] for n in CONTINUED.get(name, ()) if n in of_estate)
        return (shipped("playbooks") / f"{name}.yml", *more)
    if name in of_estate:
        return (*(shipped("playbooks") / play for play in FIRST), of_estate[name])
    names = ", ".join(all_playbook_names(own))
    raise CommandError(f"there is no playbook {name!r}; expected one of: {names}", Exit.WRONG_USE)


def all_playbook_names(own: Own) -> tuple[str, ...]:
    """Return the names of the shipped playbooks and of the estate's own, sorted."""
    return tuple(sorted({*playbook_names(), *(path.stem for path in own.playbooks)}))


def find_playbook_problems(own: Own) -> Iterator[Problem]:
    """Yield the roles and playbooks of an estate that collide with ours or lack what ours have."""
    roles = {path.name for path in shipped("playbooks").glob("roles/*")}
    for path in own.playbooks:
        if path.stem in playbook_names() and path.stem not in ("configure", "harden"):
            expected = "another name; configure.yml and harden.yml alone run after ours"
            yield _file(path, "is a playbook that ships with Bastide", expected, "rename it")
        yield from _unmanaged(path)
    for role in own.roles:
        if role.name in roles:
            expected = "a name that none of ours has"
            yield _file(role, "is a role that ships with Bastide", expected, "rename its folder")
        if not ROLE_NAME.fullmatch(role.name):
            expected = "small letters, digits and _, a letter first"
            yield _file(role, "cannot be a role's name", expected, "rename its folder")
        yield from find_argument_problems(role)


def _unmanaged(path: Path) -> Iterator[Problem]:
    """Yield the plays of a playbook that name hosts which Bastide may not change."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        play = PLAY_HOSTS.match(line)
        named = sorted(UNMANAGED & set(PATTERN_WORD.findall(play[1]))) if play else []
        if named:
            yield Problem(
                path,
                number,
                "hosts",
                f"{named[0]!r} holds hosts that are only watched or audited",
                f"hosts: {MANAGED}, or another group of what may be changed",
                f"write hosts: {MANAGED}",
            )


def find_task_problems(own: Own, table: ControlTable) -> Iterator[Problem]:
    """Yield the estate's own controls that no task sets.

    Where an own role has no tasks, as on the operations host, there is nothing to look at.
    """
    folders = {path.name: path for path in (*shipped("playbooks").glob("roles/*"), *own.roles)}
    for control in table.controls:
        if not control.own or control.is_by_hand:
            continue
        role = folders.get(control.task)
        if role is None:
            expected = f"a role of the estate's roles/ or of Bastide, or {BY_HAND}"
        elif (role / "tasks").is_dir() and not _is_tagged(role, control.tag):
            expected = f"a task of the role {control.task} with tags: [{control.tag}]"
        else:
            continue
        yield _file(
            next(file for file in own.controls if _names(file, control.id)),
            f"no task sets {control.id}",
            expected,
            "add the tag to the task that sets it, or correct `task:`",
        )


def _names(file: Path, control: str) -> bool:
    return re.search(rf"\bid: {control}\b", file.read_text(encoding="utf-8")) is not None


def _is_tagged(role: Path, tag: str) -> bool:
    pattern = re.compile(rf"tags:[^\n]*\b{tag}\b|^\s*- {tag}\s*$", re.MULTILINE)
    files = (role / "tasks").glob("*.yml")
    return any(pattern.search(file.read_text(encoding="utf-8")) for file in files)


def _file(path: Path, message: str, expected: str, action: str) -> Problem:
    return Problem(path, 0, "", message, expected, action)
