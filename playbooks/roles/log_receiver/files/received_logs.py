#!/usr/bin/python3 -I
"""Writes when each host's newest log line is from, and keeps received logs within their share.

usage: received-logs JOURNALS FOLDER

systemd's receiver has no bound of its own before version 253.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

WINDOW = "-20min"
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


def main() -> None:
    """Bound, look and write the result whole, for root alone."""
    journals, folder = Path(sys.argv[1]), Path(sys.argv[2])
    path = folder / "received-logs.json"
    subprocess.run(["journalctl", "--quiet", f"--directory={journals}", *BOUND], check=True)
    hosts = {**last_hosts(path), **newest(journals)}
    used = sum(file.stat().st_blocks * 512 for file in journals.glob("*.journal"))
    fresh = folder / f".received.{os.getpid()}"
    fresh.write_text(json.dumps({"at": time.time(), "hosts": hosts, "bytes": used}, indent=1))
    fresh.replace(path)


if __name__ == "__main__":
    main()
