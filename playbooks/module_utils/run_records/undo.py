"""Puts things back as they were before a run, in the reverse order of what was done."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from . import confirmed, snapshot, states
from .packages import AptError, apt
from .plan import Plan, kept_state
from .record import INCOMPLETE, UNDOES, Record, Thing, write

# Kept for what removing a package takes along; put back after the package is.
OF_PACKAGE = "of_package"
# Settings that no service of their own reads anew, and who does; each once, in this order.
READ_BY = (
    ("/etc/systemd/system.conf.d/", ("systemctl", "daemon-reexec")),
    ("/etc/systemd/", ("systemctl", "daemon-reload")),
    ("/etc/audit/rules.d/", ("augenrules", "--load")),
)


class NotUndoneError(Exception):
    """A thing could not be put back."""


def run(*command: str) -> None:
    """Run a command; NotUndoneError with what it said when it fails."""
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise NotUndoneError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotUndoneError(said[-1] if said else f"{command[0]} ended with {done.returncode}")


def keep(plan: Plan, record: Record, undoes: str) -> None:
    """Record how things are now, so that undoing can be undone; RecordError: nothing changed."""
    of_kind: dict[str, dict[str, str]] = {}
    for thing in plan.things:
        of_kind.setdefault(thing.kind, {})[thing.name] = thing.before
    files = of_kind.pop("file", {})
    of_kind.pop(confirmed.KIND, None)
    if any(thing.kind == "package" for thing in plan.things):
        record.listing()
    record.files(files)
    for kind, wanted in of_kind.items():
        record.others(kind, wanted)
    changes = [thing for thing in plan.things if thing.kind == confirmed.KIND]
    record.adopt(map(confirmed.reversed_change, changes), record.folder)
    write(record.folder / UNDOES, f"{undoes} {INCOMPLETE}")


def end(record: Record, undoes: str, problems: Sequence[str]) -> None:
    """Write down that all is back; while it is not, it may be tried again."""
    if not problems:
        write(record.folder / UNDOES, undoes)


def restore(plan: Plan, forgotten: Iterable[Path] = (), *, is_confirmed: bool = False) -> list[str]:
    """Put everything back, and return what could not be; one failure keeps nothing else back.

    `forgotten`: files and folders of ours, removed whole once their units are stopped.
    `is_confirmed`: whether the commands of confirmed changes were run already, under a timer of
    the host.
    """
    backwards = list(reversed(plan.things))
    problems: list[str] = []

    def each(action: Callable[[Thing], None], things: Iterable[Thing]) -> None:
        for thing in things:
            try:
                action(thing)
            except (NotUndoneError, AptError, OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                problems.append(f"{thing.kind} {thing.name}: {reason}")

    def of(*kinds: str) -> list[Thing]:
        return [thing for thing in backwards if thing.kind in kinds]

    files = [thing for thing in plan.things if thing.kind == "file"]
    each(stop, [unit for unit in of("unit") if not was_active(unit)])
    problems += forget(forgotten)
    problems += put_back([f for f in files if OF_PACKAGE not in f.detail], plan)
    if not is_confirmed:
        each(take_back, of(confirmed.KIND))
    each(allow, of("access"))
    each(unmount, of("mount"))
    each(set_parameter, of("sysctl"))
    problems += packages(of("package"))
    each(mark, of("mark"))
    problems += put_back([f for f in files if OF_PACKAGE in f.detail], plan)
    problems += read_again(files)
    each(start, [unit for unit in of("unit") if was_active(unit)])
    each(account, of("account"))
    each(group, of("group"))
    return problems


def put_back(files: Sequence[Thing], plan: Plan) -> list[str]:
    """Put files, links and folders back; return what is not as it was."""
    problems = []
    for folder in dict.fromkeys(plan.folders[file.key] for file in files):
        of_folder = [kept_state(file) for file in files if plan.folders[file.key] == folder]
        try:
            snapshot.put_back(of_folder, folder)
        except snapshot.NotRestoredError as error:
            problems.append(str(error))
    return problems


def take_back(change: Thing) -> None:
    """Have what was put back of a change read anew."""
    for command in change.detail["undo"]:
        run(*command)


def was_active(unit: Thing) -> bool:
    """Whether a unit ran before the run."""
    return unit.before.startswith("active")


def stop(unit: Thing) -> None:
    """Stop a unit that did not run, and take its links; what is masked or gone needs neither."""
    if states.of_unit(unit.name) == states.ABSENT:
        return
    run("systemctl", "stop", "--", unit.name)
    enable(unit)
    if unit.before == states.ABSENT:
        run("systemctl", "--quiet", "disable", "--", unit.name)


def start(unit: Thing) -> None:
    """Have a unit that ran run again, with what its files say now."""
    if states.of_unit(unit.name) == states.ABSENT:
        return
    enable(unit)
    verb = {"reloaded": "reload-or-restart", "restarted": "restart"}
    run("systemctl", verb.get(unit.detail.get("how", ""), "start"), "--", unit.name)


def enable(unit: Thing) -> None:
    """Enable or disable a unit as it was."""
    was, now = (state.partition(" ")[2] for state in (unit.before, states.of_unit(unit.name)))
    if was != now and was in ("enabled", "disabled"):
        run("systemctl", "--quiet", was.removesuffix("d"), "--", unit.name)


def allow(thing: Thing) -> None:
    """Give a path its mode again, through a handle: what is at the path may be swapped."""
    if states.of_access(thing.name) in (states.ABSENT, "link"):
        return
    mode, _, owner = thing.before.partition(" ")
    handle = os.open(thing.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(handle)
        if f"{found.st_uid}:{found.st_gid}" != owner:
            raise NotUndoneError("it is another's now")
        os.fchmod(handle, int(mode, 8))
    finally:
        os.close(handle)


def unmount(thing: Thing) -> None:
    """Take away a mount that was not there, or give it its options again."""
    if thing.before == states.ABSENT:
        # What has files open in it goes on: what is beneath is the same folder.
        run("umount", "--lazy", thing.name)
    else:
        run("mount", "-o", f"remount,bind,{thing.before}", thing.name)


def set_parameter(thing: Thing) -> None:
    """Set a kernel parameter."""
    (states.KERNEL / thing.name).write_text(thing.before, encoding="ascii")


def packages(things: Sequence[Thing]) -> list[str]:
    """Remove what was installed, and install what was removed."""
    gone = [thing.name for thing in things if thing.before == states.ABSENT]
    back = [thing.name for thing in things if thing.before != states.ABSENT]
    problems = []
    for verb, names in (("purge", gone), ("install", back)):
        try:
            if names:
                apt(verb, "--", *names)
        except (AptError, OSError) as error:
            problems.append(f"packages {' '.join(names)}: {error}")
    return problems


def mark(thing: Thing) -> None:
    """Mark a package as installed for others again, where it is there."""
    if states.of_package(thing.name) != states.ABSENT:
        run("apt-mark", "auto", "--", thing.name)


def read_again(files: Iterable[Thing]) -> list[str]:
    """Have those settings read that no unit of the record reads; return what failed."""
    problems = []
    names = [file.name for file in files]
    for start, command in READ_BY:
        if any(name.startswith(start) for name in names):
            try:
                run(*command)
            except NotUndoneError as error:
                problems.append(f"{' '.join(command)}: {error}")
    return problems


def account(thing: Thing) -> None:
    """Remove an account that was made; give another one its home and shell again."""
    if states.of_account(thing.name) == states.ABSENT:
        return
    if thing.before != states.ABSENT:
        _, _, home, shell = thing.before.split(":", 3)
        run("usermod", "--home", home, "--shell", shell, thing.name)
        return
    try:
        run("userdel", thing.name)
    except NotUndoneError as error:
        run("usermod", "--lock", "--expiredate", "1", thing.name)
        raise NotUndoneError(f"locked, not removed: {error}") from None


def group(thing: Thing) -> None:
    """Remove a group that was made."""
    if thing.before == states.ABSENT and states.of_group(thing.name) != states.ABSENT:
        run("groupdel", thing.name)


def forget(folders: Iterable[Path]) -> list[str]:
    """Remove files of ours, and folders with all in them; return what could not be."""
    problems = []
    for folder in folders:
        try:
            if folder.is_dir() and not folder.is_symlink():
                shutil.rmtree(folder)
            else:
                folder.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{error.filename}: {error.strerror}")
    return problems
