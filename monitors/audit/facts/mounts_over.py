"""What is mounted over settings and programs, as each process of the host sees it."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import takewhile

from monitors.audit.collect.backends import Host, UndeterminedError

# Of each process the root of its file system and what is mounted below these folders, each such set
# once, of the first process with the number 1 first: its name, then device, path there, where and
# kind (the fields of /proc/PID/mountinfo, proc(5)).
MOUNTED = (
    "cd /proc && grep -sHE "
    "'^[0-9]+ [0-9]+ [^ ]+ [^ ]+ /((etc|usr|s?bin|lib[a-z0-9]*)(/[^ ]*)?)? ' "
    "[0-9]*/mountinfo | sed -E "
    r"'s,^([0-9]+)/mountinfo:[0-9]+ [0-9]+ ([^ ]+ [^ ]+ [^ ]+) .* - ([^ ]+) .*,\1 \2 \3,' | "
    "awk '{ if (!($1 in sets)) pids[++last] = $1; "
    'sets[$1] = sets[$1] " | " $2 " " $3 " " $4 " " $5; rows[$1]++ } '
    "END { for (i = 1; i <= last; i++) { pid = pids[i]; "
    "if ((pid == 1 || rows[pid] > 1) && !seen[sets[pid]]++) print pid sets[pid] } }' | "
    'while read -r pid rest; do echo "$(cat $pid/comm 2>/dev/null) $rest"; done; echo looked'
)
# File systems of their own, as installers offer them; what lies in memory is none.
OWN = ("/usr", "/usr/local")
IN_MEMORY = ("tmpfs", "ramfs", "overlay")
# Where container managers, and systemd at the first start, put one file each.
BY_MANAGERS = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/machine-id")
# What a unit's own settings hide from it (`ProtectKernelModules=`).
HIDDEN = re.compile(r"/(host|systemd)/inaccessible/\w+")
MODULES = ("/usr/lib/modules", "/lib/modules")
# Proxmox' own settings, a file system of its daemons.
PROXMOX = ("/etc/pve", "fuse")

Mount = tuple[str, str, str, str]


def mounted_over(host: Host) -> list[str]:
    """Return what lies over settings and programs; UndeterminedError for half an answer."""
    return _mounted_over(host.check_output(MOUNTED))


@cache
def _mounted_over(said: str) -> list[str]:
    lines = said.splitlines()
    processes = [_process(line) for line in takewhile(lambda line: line != "looked", lines)]
    if lines[-1:] != ["looked"] or not processes or not _root(processes[0][1]):
        raise UndeterminedError("the host did not show its mounts to the end")
    own = _root(processes[0][1])
    # Those in a container have another root: what they see is no business of the host's daemons.
    found = {
        f"{where} is {path} of {device} ({kind})": name
        for name, mounts in reversed(processes)
        if _root(mounts) == own
        for device, path, where, kind in _strange(mounts)
    }
    first = processes[0][0]
    return sorted(text if name == first else f"{text}, for {name}" for text, name in found.items())


def _process(line: str) -> tuple[str, list[Mount]]:
    name, *rows = line.split(" | ")
    mounts = [tuple(row.split(" ")) for row in rows]
    if any(len(mount) != len(Mount.__args__) for mount in mounts):  # type: ignore[attr-defined]
        raise UndeterminedError(f"a mount is not understood: {line[:80]!r}")
    return name.strip(), mounts  # type: ignore[return-value]


def _root(mounts: list[Mount]) -> tuple[str, str] | None:
    roots = [(device, path) for device, path, where, _ in mounts if where == "/"]
    return roots[-1] if roots else None


def _strange(mounts: list[Mount]) -> Iterator[Mount]:
    """Yield what is neither a file system of its own nor what lies there anyway."""
    bases = {"/": _root(mounts)}
    for mount in mounts:
        device, path, where, kind = mount
        if where == "/":
            continue
        if where in OWN and kind not in IN_MEMORY:
            bases[where] = (device, path)
        elif not _is_usual(path, where, kind) and not _is_itself(device, path, where, bases):
            yield mount


def _is_usual(path: str, where: str, kind: str) -> bool:
    hidden = where in MODULES and bool(HIDDEN.fullmatch(path))
    return hidden or where in BY_MANAGERS or (where == PROXMOX[0] and kind.startswith(PROXMOX[1]))


def _is_itself(
    device: str, path: str, where: str, bases: dict[str, tuple[str, str] | None]
) -> bool:
    """Whether a mount shows what lies there without it, as `ProtectSystem=` does."""
    base = max((b for b in bases if where == b or where.startswith(b.rstrip("/") + "/")), key=len)
    of_base = bases[base]
    rest = where.removeprefix(base.rstrip("/"))
    return of_base is not None and (device, path) == (of_base[0], of_base[1].rstrip("/") + rest)
