"""Tells which kernel parameters would change: a file of sysctl.d comes in, JSON lines go out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

KERNEL = Path("/proc/sys")


def wanted(lines: Iterator[str]) -> Iterator[tuple[Path, str]]:
    """Yield the parameters' files, each once for what a pattern stands for, with the value."""
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith(("#", ";")):
            for path in sorted(KERNEL.glob(name.strip().lstrip("-").replace(".", "/"))):
                yield path, value.strip()


def main() -> None:
    """Print what differs and can be set here: in a container some of it is another machine's."""
    for path, value in dict(wanted(iter(sys.stdin))).items():
        try:
            now = " ".join(path.read_text(encoding="ascii").split())
        except OSError:
            continue
        if now != value and os.access(path, os.W_OK):
            name = ".".join(path.relative_to(KERNEL).parts)
            print(json.dumps({"parameter": name, "before": now, "after": value}))


if __name__ == "__main__":
    main()
