"""Measures `bastide backup status` for 200 plans: `python -m tests.bench.backup_status [PLANS]`.

One host and plan a municipality; of each a year of audits' newest bundle as a real host sends it,
and the drills of a year. The command is a process of its own, from its start to its last line.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from monitors.audit.archive.bundles import keep
from monitors.audit.facts.system import KEPT
from monitors.collection.bundle import RecordedCommand, pack
from monitors.continuity.host_status import STATUS
from tests.bench.processes import python
from tests.bench.report import table, write_section
from tests.monitors.audit.estates import recorded
from tests.monitors.continuity.state_folder import NOW, put_drill, status_text

PLANS, DRILLS, BUNDLES, RUNS = 200, 12, 24, 5
GOAL_SECONDS = 2.0
ESTATE = """
estate: bench
title: Bench
domain: bench.test
provider: lab
management: [10.0.0.0/24]
lab: {range: 10.0.0.0/8, wan: 10.255.0.0/16, uplink: 10.254.0.0/30}
"""
CENTRAL = """
name: Central
contacts: [{name: Duty desk, duty: operations}]
sites: [{id: centre, name: Centre, network: 10.0.0.0/24, gateway: 10.0.0.1}]
hosts:
  - {id: ops, site: centre, address: 10.0.0.10, roles: [operations]}
  - {id: vault, site: centre, address: 10.0.0.11, roles: [vault]}
"""
TOWN = """
municipality: town{n:03}
name: Town {n}
tier: town
country: XX
contacts: [{{name: Desk, duty: IT administrator}}]
sites: [{{id: hall, name: Hall, network: 10.1.{n}.0/24, gateway: 10.1.{n}.1}}]
hosts:
  - id: app
    site: hall
    address: 10.1.{n}.10
    backups:
      - {{id: permits, target: central-vault, paths: [/srv], password: "generated:restic-{n}"}}
services:
  - {{id: permits, name: P, url: "https://app.town{n:03}.bench.test/", hosts: [app], continuity: B}}
"""


def write_estate(folder: Path, plans: int) -> None:
    """Write an estate of so many municipalities with one plan each."""
    (folder / "municipalities").mkdir(parents=True)
    (folder / "estate.yml").write_text(ESTATE)
    (folder / "central.yml").write_text(CENTRAL)
    for number in range(plans):
        text = TOWN.format(n=number)
        (folder / "municipalities" / f"town{number:03}.yml").write_text(text)


def write_state(state: Path, plans: int) -> None:
    """Keep what audits and drills leave of so many hosts."""
    for number in range(plans):
        host = f"town{number:03}-app"
        sent = bundle(host)
        for hours in range(BUNDLES):
            keep(sent, state, host, NOW - timedelta(hours=hours))
        for month in range(DRILLS):
            started = NOW - timedelta(days=30 * month + 1)
            put_drill(state, started, host=host, municipality=f"town{number:03}")


def bundle(host: str) -> bytes:
    """Return a real host's bundle, with what its target was asked."""
    lines = status_text(NOW - timedelta(hours=2), host=host).splitlines()
    kept = "\n".join(
        [f"{NOW.timestamp():.0f}", f"{STATUS} root 644", *(f"{STATUS}:{line}" for line in lines)]
    )
    real = recorded("hardened")
    others = [one for one in real.recorded if one.command != KEPT]
    told = RecordedCommand(command=KEPT, rc=0, stdout=kept, stderr="", seconds=1)
    return pack(real.model_copy(update={"host": host, "recorded": (*others, told)}))


def run_seconds(estate: Path, home: Path, plans: int) -> tuple[float, float]:
    """Return the seconds and CPU seconds of one run; it must have known every plan's snapshot."""
    command = python("-m", "bastide", "backup", "status", "--json", "--estate", str(estate))
    used, began = _cpu_seconds(), time.monotonic()
    done = subprocess.run(
        command, env={"BASTIDE_STATE_HOME": str(home)}, capture_output=True, text=True, check=False
    )
    took = (time.monotonic() - began, _cpu_seconds() - used)
    known = [plan for plan in json.loads(done.stdout) if plan["within_rpo"] and plan["drill"]]
    if done.returncode or len(known) != plans:
        raise SystemExit(f"not measured: {len(known)} of {plans} plans known: {done.stderr}")
    return took


def _cpu_seconds() -> float:
    """User and system time of the processes that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def main() -> None:
    """Measure and write the section."""
    plans = int(sys.argv[1]) if len(sys.argv) > 1 else PLANS
    with tempfile.TemporaryDirectory() as name:
        home, estate = Path(name) / "state", Path(name) / "estate"
        write_estate(estate, plans)
        write_state(home / "bench", plans)
        took = [run_seconds(estate, home, plans) for _ in range(RUNS)]
    rows = []
    for what, found in zip(("seconds", "CPU seconds"), zip(*took, strict=True), strict=True):
        median = statistics.median(found)
        shown = f"{median:.2f} ({min(found):.2f} to {max(found):.2f})"
        rows.append(
            [f"{what}, {plans} plans of {plans} hosts", shown, f"{median / GOAL_SECONDS:.2f}"]
        )
    load = Path("/proc/loadavg").read_text().split()[0]
    about = f"{RUNS} runs, each a process of its own, at a load of {load}"
    lines = [f"{about}; goal: {GOAL_SECONDS:.0f} s.", ""]
    lines += table(("`bastide backup status`", "median (least to most)", "of the goal"), rows)
    text = "\n".join(lines)
    if plans == PLANS:
        text = write_section("Backup status", "python -m tests.bench.backup_status", lines)
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
