"""Reads kernel parameters, running and saved; `kernel_parameters MODE`, text of sysctl.d on stdin.

`predict` prints as JSON what the text would change. `running` prints what it names, and what the
host's own files name, as a file of sysctl.d that sets it so again. `differing` prints what of the
text's parameters does not run as all of the host's files say.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

KERNEL = Path("/proc/sys")
SAVED = ("/lib/systemd/systemd-sysctl", "--cat-config")


def assignments(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name, with slashes, and its value."""
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith(("#", ";")):
            name = name.strip().lstrip("-").strip()
            slashed = name if "/" in name.partition(".")[0] else name.replace(".", "/")
            yield slashed, " ".join(value.split())


def wanted(lines: Iterable[str]) -> dict[Path, str]:
    """Return the value of each parameter: a name counts before a pattern, a later line before."""
    patterns: dict[Path, str] = {}
    names: dict[Path, str] = {}
    for name, value in assignments(lines):
        chosen = patterns if any(sign in name for sign in "*?[") else names
        chosen |= {path: value for path in sorted(KERNEL.glob(name)) if path.is_file()}
    return patterns | names


def running(paths: Iterable[Path]) -> dict[Path, str]:
    """Return the values of those that can be set here: some may be the outer machine's."""
    values = {}
    for path in paths:
        try:
            if os.access(path, os.W_OK):
                values[path] = " ".join(path.read_text(encoding="ascii").split())
        except (OSError, UnicodeDecodeError):
            continue
    return values


def saved() -> list[str]:
    """Return the lines of all of the host's own files, in the order in which they are read."""
    return subprocess.run(SAVED, check=True, capture_output=True, text=True).stdout.splitlines()


def differences(values: dict[Path, str]) -> Iterator[tuple[str, str, str]]:
    """Yield name, running value and wanted value of what differs."""
    for path, now in running(values).items():
        if now != values[path]:
            yield ".".join(path.relative_to(KERNEL).parts), now, values[path]


def main() -> None:
    """Print what the mode asks for."""
    text = sys.stdin.read().splitlines() if len(sys.argv) < 3 else sys.argv[2].splitlines()
    if sys.argv[1] == "predict":
        for name, before, after in differences(wanted(text)):
            print(json.dumps({"parameter": name, "before": before, "after": after}))
    elif sys.argv[1] == "running":
        values = running(wanted([*text, *saved()]))
        # First: a change of forwarding sets the interfaces' parameters back to their defaults.
        for path in sorted(values, key=lambda path: "forward" not in path.name):
            print(f"-{path.relative_to(KERNEL)} = {values[path]}")
    else:
        ours, everything = wanted(text), wanted(saved())
        for name, before, after in differences({p: everything.get(p, ours[p]) for p in ours}):
            print(f"{name}: {before}, saved as {after}")


if __name__ == "__main__":
    main()
