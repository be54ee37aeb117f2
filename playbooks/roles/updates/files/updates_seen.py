#!/usr/bin/python3 -I
"""Writes which updates are pending and since when, for audits (JSON) and node_exporter (metrics).

usage: updates-seen FOLDER METRICS_FILE
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

LISTS = Path("/var/lib/apt/lists")
# unattended-upgrades writes it at the end of a run that succeeded.
SUCCESS = Path("/var/lib/apt/periodic/unattended-upgrades-stamp")
RESTART = Path("/run/reboot-required")
PROCESSES = Path("/proc")
# A program or library that is being run and that its package has replaced: its file is deleted.
REPLACED = re.compile(r"^\S+ ..x\S? .* /(?:usr/|lib|s?bin/)\S* \(deleted\)$", re.MULTILINE)
SERVICE = re.compile(r":/(?:system\.slice/(?:\S+/)?)?([^/\s]+\.service|init\.scope)$", re.MULTILINE)
REPOSITORY = ("uri", "origin", "label", "codename", "trusted")
FORMAT = "$(REPO_URI)|$(ORIGIN)|$(LABEL)|$(CODENAME)|$(TRUSTED)"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
METRICS = """\
# HELP bastide_updates_pending Packages with an update that is not installed.
# TYPE bastide_updates_pending gauge
bastide_updates_pending{{class="security"}} {security}
bastide_updates_pending{{class="other"}} {other}
# HELP bastide_updates_restart_required Whether an installed update waits for a restart of the host.
# TYPE bastide_updates_restart_required gauge
bastide_updates_restart_required {restart}
# HELP bastide_updates_restart_required_since_timestamp_seconds When it began to wait, or 0.
# TYPE bastide_updates_restart_required_since_timestamp_seconds gauge
bastide_updates_restart_required_since_timestamp_seconds {restart_since}
# HELP bastide_updates_service_outdated_since_timestamp_seconds When it first ran old files.
# TYPE bastide_updates_service_outdated_since_timestamp_seconds gauge
{outdated}\
# HELP bastide_updates_lists_timestamp_seconds When the package lists last changed.
# TYPE bastide_updates_lists_timestamp_seconds gauge
bastide_updates_lists_timestamp_seconds {lists}
"""
OUTDATED = 'bastide_updates_service_outdated_since_timestamp_seconds{{unit="{}"}} {}\n'


def lines(*command: str) -> list[str]:
    """Return what a command printed; its failure ends the run, and the old result grows old."""
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=True)
    return done.stdout.splitlines()


def changed(path: Path) -> float | None:
    """Return when a file last changed, or None when it is not there."""
    return path.stat().st_mtime if path.exists() else None


def outdated(processes: Path) -> Iterator[str]:
    """Yield the units of processes that run what is deleted; of sessions and containers none."""
    for process in processes.glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            maps = (process / "maps").read_text(errors="replace")
            units = SERVICE.findall((process / "cgroup").read_text())
            if units and REPLACED.search(maps):
                yield units[0]


def last_result(path: Path) -> dict[str, Any]:
    """Return what the last run wrote, or nothing before the first and after a damage."""
    try:
        result = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return result if isinstance(result, dict) else {}


def write(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.replace(path)


def main() -> None:
    """Ask apt once, remember since when each security update has been pending."""
    folder, metrics = Path(sys.argv[1]), Path(sys.argv[2])
    now, last = time.time(), last_result(folder / "updates.json")
    plan = lines("apt-get", "--simulate", "-o", "Debug::NoLocking=true", "dist-upgrade")
    pending = [line for line in plan if line.startswith("Inst ")]
    security = [line.split()[1] for line in pending if "Debian-Security" in line]
    security += [line.split()[1] for line in pending if "-security" in line and "Ubuntu" in line]
    pending_since, outdated_since = last.get("security", {}), last.get("outdated", {})
    repositories = {
        tuple(row.split("|")) for row in lines("apt-get", "indextargets", "--format", FORMAT)
    }
    result = {
        "at": now,
        "since": last.get("since", now),
        "security": {name: pending_since.get(name, now) for name in security},
        "other": len(pending) - len(security),
        "held": lines("apt-mark", "showhold"),
        "lists": changed(LISTS),
        "last_success": changed(SUCCESS),
        "restart_required_since": changed(RESTART),
        "outdated": {
            unit: outdated_since.get(unit, now) for unit in sorted({*outdated(PROCESSES)})
        },
        "repositories": [dict(zip(REPOSITORY, row, strict=True)) for row in sorted(repositories)],
    }
    write(folder / "updates.json", json.dumps(result, indent=1) + "\n", 0o600)
    if metrics.parent.is_dir():
        values = {
            "security": len(security),
            "other": result["other"],
            "restart": int(RESTART.exists()),
            "restart_since": int(changed(RESTART) or 0),
            "outdated": "".join(OUTDATED.format(*row) for row in result["outdated"].items()),
            "lists": int(changed(LISTS) or 0),
        }
        write(metrics, METRICS.format(**values), 0o644)


if __name__ == "__main__":
    main()
