"""docs/benchmarks.md: each benchmark writes a section of its own and leaves the others."""

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Ratios are measured over goal (below 1 is better) unless a line says otherwise.
"""


def write_section(title: str, command: str, lines: Iterable[str], file: Path = FILE) -> str:
    """Write or replace the section of a title; return its text."""
    where = (
        f"Written by `{command}`, {datetime.now(UTC):%Y-%m-%d}, {_machine()}, commit {_commit()}."
    )
    text = "\n".join((f"## {title}", "", where, "", *lines)) + "\n"
    before = file.read_text() if file.exists() else HEAD
    parts = before.split("\n## ")
    kept = [
        f"## {part}".strip("\n") + "\n" for part in parts[1:] if not part.startswith(f"{title}\n")
    ]
    file.write_text("\n".join((parts[0].strip("\n") + "\n", *kept, text)))
    return text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table, with an empty line after it."""
    return [
        f"| {' | '.join(head)} |",
        f"|{' --- |' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]


def _machine() -> str:
    names = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(line.split(": ")[1] for line in names if line.startswith("model name"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return f"{os.cpu_count()} cores ({model}), {memory} GiB, Linux {platform.release()}"


def _commit() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return commit.stdout.strip() or "unknown"
