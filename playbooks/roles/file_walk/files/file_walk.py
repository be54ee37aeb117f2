#!/usr/bin/python3 -I
"""Walks over all local files once and writes what an audit wants to know of them as JSON.

usage: file-walk RESULT [--seconds N] [--root FOLDER …]

Without --root it walks over the local file systems that are mounted, each folder once: across no
network, and into nothing that the outside lent to a container. Lists are cut off at MAX_ENTRIES
and the walk at N seconds; the result says so.
"""

import argparse
import grp
import json
import os
import pwd
import re
import socket
import stat
import struct
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

MAX_ENTRIES = 200
LOCAL = {"btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "tmpfs", "xfs", "zfs"}
# Lent to a container by the machine outside.
LENT = "/run/host"
# Files here belong to users that systemd makes up while a service runs.
PRIVATE = ("/var/lib/private/", "/var/cache/private/", "/var/log/private/")
MADE_UP = range(61184, 65520)
PEOPLE = range(1000, 60000)
SET_ID = stat.S_ISUID | stat.S_ISGID
LISTS = (
    *("world_writable", "shared_folders", "unowned", "set_id", "capable"),
    *("homes", "dot_files"),
)


class Findings:
    """Lists of findings, bounded but counted to their end."""

    def __init__(self) -> None:
        self.count = dict.fromkeys(LISTS, 0)
        self.entries: dict[str, list[dict[str, Any]]] = {name: [] for name in LISTS}

    def add(self, name: str, path: str, status: os.stat_result | None, **more: Any) -> None:
        """Count a finding and keep it while there is room."""
        self.count[name] += 1
        if len(self.entries[name]) < MAX_ENTRIES:
            printable = os.fsencode(path).decode("utf-8", "backslashreplace")
            self.entries[name].append({"path": printable, **access(status), **more})

    def result(self) -> dict[str, dict[str, Any]]:
        """Return the lists as they are written."""
        return {
            name: {
                "count": self.count[name],
                "truncated": self.count[name] > len(self.entries[name]),
                "entries": self.entries[name],
            }
            for name in LISTS
        }


def access(status: os.stat_result | None) -> dict[str, str]:
    """Return a file's access bits and owners by name; all empty when it is not there."""
    if status is None:
        return {"mode": "", "owner": "", "group": ""}
    return {
        "mode": format(stat.S_IMODE(status.st_mode), "o"),
        "owner": user_name(status.st_uid) or str(status.st_uid),
        "group": group_name(status.st_gid) or str(status.st_gid),
    }


@cache
def user_name(number: int) -> str | None:
    """Return an account's name, None when there is no such account."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return None


@cache
def group_name(number: int) -> str | None:
    """Return a group's name, None when there is no such group."""
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return None


def mounted(table: str) -> tuple[list[str], list[str]]:
    """Return the mount points to walk over and those left out, by their mountinfo(5)."""
    rows = [mount(line) for line in table.splitlines()]
    of_root = [device for device, point, _ in rows if point == "/"]
    local = {
        point
        for device, point, kind in rows
        if kind in LOCAL
        and not (point == LENT or point.startswith(LENT + "/"))
        # The layers of another overlay than the root's are walked over where they are kept.
        and (kind != "overlay" or device in of_root)
    }
    return sorted(local), sorted({point for _, point, _ in rows} - local)


def mount(line: str) -> tuple[str, str, str]:
    """Return the device, the mount point and the kind of file system of a mount."""
    before, _, after = line.partition(" - ")
    _, _, device, _, point = before.split()[:5]
    # Blanks in names are written as octal escapes.
    plain = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)
    return device, plain, after.split()[0]


def walk(roots: list[str], left_out: list[str], findings: Findings, deadline: float) -> None:
    """Judge every file and folder below some, each folder once, within its root's file system.

    Raises TimeoutError when the deadline has passed, OSError when something cannot be read.
    """
    seen: set[tuple[int, int]] = set()
    # Not even looked at: a server that is gone or a user's FUSE would stop the walk.
    foreign = frozenset(left_out)
    for root in present(roots):
        waiting = [root]
        while waiting:
            folder, status = waiting.pop()
            if (status.st_dev, status.st_ino) in seen:
                continue
            if time.monotonic() > deadline:
                raise TimeoutError
            seen.add((status.st_dev, status.st_ino))
            judge(folder, status, findings)
            for path, inside in content(folder, foreign):
                if not stat.S_ISDIR(inside.st_mode):
                    judge(path, inside, findings)
                elif inside.st_dev == status.st_dev:
                    waiting.append((path, inside))


def present(roots: list[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the roots that are still there: what systemd mounts for a service goes with it."""
    for root in roots:
        try:
            status = Path(root).stat()
        except FileNotFoundError:
            continue
        yield root, status


def content(
    folder: str, foreign: frozenset[str] = frozenset()
) -> Iterator[tuple[str, os.stat_result]]:
    """Yield what is in a folder; what vanishes meanwhile is left out."""
    try:
        with os.scandir(folder) as entries:
            for entry in (e for e in entries if e.path not in foreign):
                try:
                    yield entry.path, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
    except (FileNotFoundError, NotADirectoryError):
        return


def judge(path: str, status: os.stat_result, findings: Findings) -> None:
    """Add a file or a folder to the lists that it belongs to."""
    mode = status.st_mode
    if mode & stat.S_IWOTH and stat.S_ISREG(mode):
        findings.add("world_writable", path, status)
    if mode & stat.S_IWOTH and stat.S_ISDIR(mode) and not mode & stat.S_ISVTX:
        findings.add("shared_folders", path, status)
    if unowned(path, status):
        findings.add("unowned", path, status)
    if not stat.S_ISREG(mode) or not mode & 0o111:
        return
    if mode & SET_ID:
        findings.add("set_id", path, status)
    if rights := capabilities(path):
        findings.add("capable", path, status, capabilities=rights)


def unowned(path: str, status: os.stat_result) -> bool:
    """Whether a file's user or group does not exist; those of systemd's dynamic users may."""
    known = user_name(status.st_uid) and group_name(status.st_gid)
    return not known and not (status.st_uid in MADE_UP and path.startswith(PRIVATE))


def capabilities(path: str) -> int:
    """Return the capabilities that a program gets, as the bit mask of capabilities(7)."""
    try:
        packed = os.getxattr(path, "security.capability", follow_symlinks=False)
    except OSError:
        return 0
    words = struct.unpack(f"<{len(packed) // 4}I", packed)
    return int(words[1] | (words[3] << 32 if len(words) > 3 else 0))


def check_homes(accounts: list[pwd.struct_passwd], findings: Findings) -> None:
    """List every account's home, and the dot files of people and of root."""
    for account in accounts:
        home = account.pw_dir
        status = Path(home).stat() if Path(home).is_dir() else None
        more = {"user": account.pw_name, "uid": account.pw_uid, "shell": account.pw_shell}
        findings.add("homes", home, status, **more)
        if status and (account.pw_uid == 0 or account.pw_uid in PEOPLE):
            for path, inside in content(home):
                if Path(path).name.startswith(".") and not stat.S_ISLNK(inside.st_mode):
                    findings.add("dot_files", path, inside, user=account.pw_name)


def write(path: Path, result: dict[str, Any]) -> None:
    """Write the result whole: whoever reads finds the old one or the new one."""
    partial = path.with_suffix(".new")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(result, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def main() -> None:
    """Walk, then write; what was cut off is told and is no failure of the program."""
    wanted = argparse.ArgumentParser(description="Writes an audit's lists of local files.")
    wanted.add_argument("result", type=Path)
    wanted.add_argument("--seconds", type=float, default=1800)
    wanted.add_argument("--root", nargs="*", default=[])
    options = wanted.parse_args()
    started, deadline = time.time(), time.monotonic() + options.seconds
    local, left_out = mounted(Path("/proc/self/mountinfo").read_text(errors="surrogateescape"))
    findings, problem = Findings(), ""
    check_homes(pwd.getpwall(), findings)
    try:
        for named in options.root:
            Path(named).stat()
        walk(options.root or local, left_out, findings, deadline)
    except TimeoutError:
        problem = f"it took longer than {options.seconds:.0f} s"
    except OSError as error:
        problem = f"it could not read on: {error}"
    lists, ended = findings.result(), time.time()
    result = {
        "at": ended,
        "host": socket.gethostname(),
        "started": started,
        "ended": ended,
        "problem": problem,
        "truncated": bool(problem) or any(part["truncated"] for part in lists.values()),
        "walked": options.root or local,
        "left_out": left_out[:MAX_ENTRIES],
        "lists": lists,
    }
    write(options.result, result)


if __name__ == "__main__":
    main()
