#!/usr/bin/python3 -I
"""Writes when each host's newest log line is from, for audits (JSON) and node_exporter (metrics).

usage: received-logs JOURNALS FOLDER METRICS_FILE

Keeps received logs within their share of the disk: systemd's receiver has no bound of its own
before version 253.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

WINDOW = "-20min"
METRICS = """\
# HELP bastide_logs_received_timestamp_seconds When the newest line of a host's journal is from.
# TYPE bastide_logs_received_timestamp_seconds gauge
"""
RECEIVED = 'bastide_logs_received_timestamp_seconds{{name="{}"}} {}\n'
BOUND = ("--vacuum-size=4G", "--vacuum-time=180d")


def newest(journals: Path) -> dict[str, float]:
    """Return the time of every host's newest line among those of the last minutes.

    A host is who its certificate says, whatever its lines say: journal-sender wrote that down.
    """
    command = ["journalctl", "--quiet", f"--directory={journals}", f"--since={WINDOW}"]
    form = ["--output=json", "--output-fields=BASTIDE_SENDER"]
    newest_lines: dict[str, float] = {}
    with subprocess.Popen([*command, *form], stdout=subprocess.PIPE, text=True) as reading:
        for line in reading.stdout or ():
            entry = json.loads(line)
            host = inventory_name(entry.get("BASTIDE_SENDER"))
            if host:
                at = int(entry["__REALTIME_TIMESTAMP"]) / 1e6
                newest_lines[host] = max(at, newest_lines.get(host, 0.0))
    return newest_lines


def inventory_name(sender: object) -> str:
    """Return TENANT-HOST of a certificate's name HOST.TENANT.DOMAIN; nothing of anything else."""
    parts = sender.split(".") if isinstance(sender, str) else []
    return f"{parts[1]}-{parts[0]}" if len(parts) > 2 else ""


def last_hosts(path: Path) -> dict[str, float]:
    """Return what the last run wrote of the hosts, or nothing before the first."""
    try:
        return dict(json.loads(path.read_text())["hosts"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.replace(path)


def main() -> None:
    """Bound, look and write the result for root alone, and the times for node_exporter."""
    journals, folder, metrics = map(Path, sys.argv[1:4])
    path = folder / "received-logs.json"
    subprocess.run(["journalctl", "--quiet", f"--directory={journals}", *BOUND], check=True)
    hosts = {**last_hosts(path), **newest(journals)}
    used = sum(file.stat().st_blocks * 512 for file in journals.glob("*.journal"))
    write(path, json.dumps({"at": time.time(), "hosts": hosts, "bytes": used}, indent=1), 0o600)
    if metrics.parent.is_dir():
        times = "".join(RECEIVED.format(*row) for row in sorted(hosts.items()))
        write(metrics, METRICS + times, 0o644)


if __name__ == "__main__":
    main()
