#!/usr/bin/python3 -I
"""Writes what changed among programs and settings since the last comparison, as JSON.

usage: integrity FOLDER METRICS_FILE

Runs AIDE against the state that the last run kept in FOLDER, then keeps today's: a change is told
once, on the day when it is found. Programs that differ from their packages are told every time.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

CONFIG = "/etc/bastide/aide.conf"
LIST_MAX = 50
# AIDE's exit status: 0 to 7 say in three bits what differs, all above is a failure of its own.
DIFFERENCES = 7
PROGRAMS = ("/bin/", "/sbin/", "/lib/", "/usr/bin/", "/usr/sbin/", "/usr/lib/")
DIGEST_DIFFERS = 2
KINDS = ("added", "removed", "changed")
METRICS = """\
# HELP bastide_integrity_changes Programs and settings that differ from the day before.
# TYPE bastide_integrity_changes gauge
"""


def compared(folder: Path) -> dict[str, object]:
    """Compare with the last state and keep today's; the first run has nothing to compare with."""
    reference, fresh = folder / "aide.db", folder / "aide.db.new"
    action = "--update" if reference.exists() else "--init"
    since = reference.stat().st_mtime if reference.exists() else None
    done = subprocess.run(["aide", f"--config={CONFIG}", action], capture_output=True, check=False)
    if done.returncode > DIFFERENCES:
        said = (done.stderr or done.stdout).decode("utf-8", "backslashreplace").strip()
        sys.exit(f"aide {action} failed with {done.returncode}: {said[:400]}")
    report = json.loads(done.stdout)
    fresh.replace(reference)
    found = {kind: sorted(report.get(kind, {})) for kind in KINDS}
    return {
        "since": since,
        "files": report["number_of_entries"]["total"],
        **{kind: len(paths) for kind, paths in found.items()},
        "paths": sorted(path for paths in found.values() for path in paths)[:LIST_MAX],
    }


def foreign() -> list[str]:
    """Return the programs and libraries whose content is not that of their package."""
    done = subprocess.run(["dpkg", "--verify"], capture_output=True, text=True, check=False)
    rows = (line.split() for line in done.stdout.splitlines() if line.startswith("?"))
    return sorted(
        row[-1] for row in rows if row[0][DIGEST_DIFFERS] == "5" and row[-1].startswith(PROGRAMS)
    )


def write(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.replace(path)


def main() -> None:
    """Write the result for root alone, and how much it found for node_exporter."""
    folder, metrics = Path(sys.argv[1]), Path(sys.argv[2])
    started = time.time()
    result = {"at": started, **compared(folder), "foreign": foreign()}
    result["seconds"] = round(time.time() - started, 2)
    write(folder / "integrity.json", json.dumps(result, indent=1) + "\n", 0o600)
    if metrics.parent.is_dir():
        values = (f'bastide_integrity_changes{{kind="{kind}"}} {result[kind]}' for kind in KINDS)
        write(metrics, METRICS + "\n".join(values) + "\n", 0o644)


if __name__ == "__main__":
    main()
