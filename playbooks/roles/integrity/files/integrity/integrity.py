#!/usr/bin/python3 -EsB
"""Writes what changed among programs and settings since the last comparison, as JSON.

usage: integrity FOLDER METRICS_FILE [EXPECTED_PATH…]

Runs AIDE against the state that the last run kept in FOLDER, then keeps the present one: a change
is told once, by the run that finds it. Programs that differ from their packages always are.
Programs that neither a package nor a run of Bastide has changed are told for a day.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bastide_explained import DAY, PROGRAMS, Explained, differing, let_dpkg_end

CONFIG = "/etc/bastide/aide.conf"
LIST_MAX = 50
# As labels of a metric: who put more there has done so by a tool of theirs.
TOLD_MAX = 20
# AIDE's exit status: 0 to 7 say in three bits what differs, all above is a failure of its own.
DIFFERENCES = 7
# All packages are verified daily; between, those of what changed or differed.
FULL_SECONDS = 20 * 3600.0
KINDS = ("added", "removed", "changed")
METRICS = """\
# HELP bastide_integrity_changes Programs and settings that differ from the last comparison.
# TYPE bastide_integrity_changes gauge
"""
UNEXPLAINED = """\
# HELP bastide_integrity_unexplained A program that no package and no run has changed.
# TYPE bastide_integrity_unexplained gauge
"""


def compared(folder: Path) -> tuple[float | None, int, dict[str, str]]:
    """Compare with the last state and keep the present one; the first run has none.

    Returns when the last state was, how many files there are, and the kind of each one's change.
    """
    reference, fresh = folder / "aide.db", folder / "aide.db.new"
    action = "--update" if reference.exists() else "--init"
    since = reference.stat().st_mtime if reference.exists() else None
    done = subprocess.run(["aide", f"--config={CONFIG}", action], capture_output=True, check=False)
    if done.returncode > DIFFERENCES:
        said = (done.stderr or done.stdout).decode("utf-8", "backslashreplace").strip()
        sys.exit(f"aide {action} failed with {done.returncode}: {said[:400]}")
    report = json.loads(done.stdout)
    fresh.replace(reference)
    changes = {path: kind for kind in KINDS for path in report.get(kind, {})}
    return since, report["number_of_entries"]["total"], changes


def foreign(last: dict[str, object], changed: list[str], now: float) -> dict[str, object]:
    """Return the programs that are not as packages brought them, and when all were looked at."""
    full = float(str(last.get("verified", 0)))
    if now - full > FULL_SECONDS:
        return {"verified": now, "foreign": differing()}
    before = [str(path) for path in list(last.get("foreign", []))]  # type: ignore[call-overload]
    programs = [path for path in (*before, *changed) if path.startswith(PROGRAMS)]
    return {"verified": full, "foreign": differing(programs) if programs else []}


def unexplained(
    last: dict[str, object], changes: dict[str, str], explained: Explained, now: float
) -> dict[str, object]:
    """Return the programs that nobody has accounted for in a day: kind, and when it was found."""
    fresh = {p: {"kind": changes[p], "at": now} for p in explained.left(changes)}
    before = last.get("unexplained", {})
    old = {p: e for p, e in before.items() if e["at"] > now - DAY}  # type: ignore[attr-defined]
    gone = {p for p, e in old.items() if e["kind"] == "added" and changes.get(p) == "removed"}
    well = explained.verified([*old])
    kept = {p: e for p, e in (old | fresh).items() if p not in gone | well}
    return dict(sorted(kept.items())[:TOLD_MAX])


def read(path: Path) -> dict[str, object]:
    """Return the last result; nothing when there is none that can be read."""
    try:
        result = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return result if isinstance(result, dict) else {}


def write(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8", errors="backslashreplace")
    fresh.chmod(mode)
    fresh.replace(path)


def exposed(result: dict[str, object]) -> str:
    """Return what node_exporter hands over."""
    lines = [f'bastide_integrity_changes{{kind="{kind}"}} {result[kind]}' for kind in KINDS]
    told = dict(result["unexplained"])  # type: ignore[call-overload]
    named = [
        f'bastide_integrity_unexplained{{kind="{entry["kind"]}",path="{label(path)}"}} 1'
        for path, entry in told.items()
    ]
    return METRICS + "\n".join(lines) + "\n" + UNEXPLAINED + "".join(f"{n}\n" for n in named)


def label(text: str) -> str:
    """Return a path as the value of a label: what does not print is an escape."""
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return plain.replace("\\", "\\\\").replace('"', '\\"')


def main() -> None:
    """Write the result for root alone, and what is to be told for node_exporter."""
    folder, metrics, *expected = sys.argv[1:]
    kept = Path(folder) / "integrity.json"
    if kept.exists():  # the first run has nothing to compare with, and audits wait for its result
        let_dpkg_end()
    started = time.time()
    last = read(kept)
    since, files, changes = compared(Path(folder))
    result: dict[str, object] = {
        "at": started,
        "since": since,
        "files": files,
        **{kind: list(changes.values()).count(kind) for kind in KINDS},
        "paths": sorted(changes)[:LIST_MAX],
        **foreign(last, sorted(changes), started),
        "unexplained": unexplained(last, changes, Explained(since, tuple(expected)), started),
    }
    result["seconds"] = round(time.time() - started, 2)
    write(kept, json.dumps(result, indent=1) + "\n", 0o600)
    if Path(metrics).parent.is_dir():
        write(Path(metrics), exposed(result), 0o644)


if __name__ == "__main__":
    main()
