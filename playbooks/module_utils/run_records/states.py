"""What a thing on a host is like now, as one line that can be compared and read."""

from __future__ import annotations

import glob
import grp
import hashlib
import os
import pwd
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from . import snapshot

ABSENT = "absent"
# Of a confirmed change, which only its own commands can make or take back.
NOT_MADE, MADE = "not made", "made"
AUTOMATIC = "automatic"
KERNEL = Path("/proc/sys")
# root's, and those of people (login.defs(5)).
PEOPLE = range(1000, 60000)
CHUNK = 1 << 20


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    content = hashlib.sha256()
    with path.open("rb") as reads:
        while chunk := reads.read(CHUNK):
            content.update(chunk)
    return content.hexdigest()


def of_file(name: str) -> str:
    """Return kind, mode, owner and content of what is at a path; ValueError for a device."""
    path = Path(name)
    state = snapshot.look(path)
    if state.kind in (ABSENT, "link"):
        return f"{state.kind} {state.link}".rstrip()
    content = digest(path) if state.kind == "file" else ""
    return file_state(state.kind, state.mode, state.owner, state.group, content)


def file_state(kind: str, mode: int, owner: int, group: int, content: str = "") -> str:
    """Return a file's or folder's state; `content` is the SHA-256 of a file's bytes."""
    return f"{kind} {mode:04o} {owner}:{group} {content}".rstrip()


def of_access(name: str) -> str:
    """Return mode and owner of what is at a path; a link has none of its own."""
    try:
        found = Path(name).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    if stat.S_ISLNK(found.st_mode):
        return "link"
    return f"{stat.S_IMODE(found.st_mode):04o} {found.st_uid}:{found.st_gid}"


def of_unit(name: str) -> str:
    """Return whether a unit is active and how it is enabled, as systemctl says it."""
    shown = output("systemctl", "show", "-p", "LoadState,ActiveState,UnitFileState", "--", name)
    values = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    if values.get("LoadState", "not-found") == "not-found":
        return ABSENT
    return f"{values.get('ActiveState', '')} {values.get('UnitFileState', '')}".rstrip()


def of_package(name: str) -> str:
    """Return the version of a package that is installed."""
    return packages().get(name, ABSENT)


def of_mark(name: str) -> str:
    """Return whether a package was installed for others, and goes when they do (apt-mark(8))."""
    return marks().get(name, ABSENT)


def of_account(name: str) -> str:
    """Return an account's numbers, home and shell; nothing that is secret."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return ABSENT
    return f"{entry.pw_uid}:{entry.pw_gid}:{entry.pw_dir}:{entry.pw_shell}"


def of_group(name: str) -> str:
    """Return a group's number."""
    try:
        return str(grp.getgrnam(name).gr_gid)
    except KeyError:
        return ABSENT


def of_sysctl(name: str) -> str:
    """Return a kernel parameter's value, spaces made equal."""
    try:
        return " ".join((KERNEL / name).read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError):
        return ABSENT


def of_mount(name: str) -> str:
    """Return the options of what is mounted at a folder."""
    lines = output("findmnt", "-rn", "-o", "OPTIONS", "--mountpoint", name).splitlines()
    return lines[-1] if lines else ABSENT


READERS: dict[str, Callable[[str], str]] = {
    "file": of_file,
    "access": of_access,
    "unit": of_unit,
    "package": of_package,
    "mark": of_mark,
    "account": of_account,
    "group": of_group,
    "sysctl": of_sysctl,
    "mount": of_mount,
    "change": lambda name: MADE,
}


def output(*command: str) -> str:
    """Return what a command prints; nothing when it fails or is not there."""
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def packages() -> dict[str, str]:
    """Return the installed packages with their versions, held ones included (dpkg-query(1))."""
    listing = output(
        *("dpkg-query", "--show", "--showformat"),
        r"${db:Status-Abbrev} ${binary:Package} ${Version}\n",
    )
    rows = (line.split() for line in listing.splitlines() if line[1:3] == "i ")
    return {name.partition(":")[0]: version for _, name, version in rows}


def marks() -> dict[str, str]:
    """Return the packages that apt has installed by itself."""
    return dict.fromkeys(output("apt-mark", "showauto").split(), AUTOMATIC)


def listing() -> dict[str, dict[str, str]]:
    """Return the packages, their marks, accounts and groups there are, with their states."""
    return {
        "package": packages(),
        "mark": marks(),
        "account": {entry.pw_name: of_account(entry.pw_name) for entry in pwd.getpwall()},
        "group": {entry.gr_name: str(entry.gr_gid) for entry in grp.getgrall()},
    }


def parameters(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a file of sysctl.d sets and what can be set here: name with slashes, value."""
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith(("#", ";")):
            continue
        for path in sorted(KERNEL.glob(name.strip().lstrip("-").replace(".", "/"))):
            if os.access(path, os.W_OK) and not path.is_dir():
                yield str(path.relative_to(KERNEL)), " ".join(value.split())


def expanded(
    patterns: Iterable[str], people: Sequence[pwd.struct_passwd] | None = None
) -> list[str]:
    """Return the paths of patterns, and a plain path that is not there; `~` is everybody's home."""
    users = pwd.getpwall() if people is None else people
    homes = [user.pw_dir for user in users if user.pw_uid == 0 or user.pw_uid in PEOPLE]
    paths: list[str] = []
    for pattern in patterns:
        places = [home + pattern[1:] for home in homes] if pattern.startswith("~") else [pattern]
        for place in places:
            paths += sorted(glob.glob(place)) if glob.has_magic(place) else [place]  # noqa: PTH207
    return list(dict.fromkeys(path for path in paths if not path.endswith(("/.", "/.."))))
