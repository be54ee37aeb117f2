"""A drill to depth L6: a host is made anew beside the original, restored, and found healthy.

Its municipality and central are made as a lab of their own, with other addresses, by the same
commands that a real recovery takes; the original is only read. Nothing of it stays.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bastide.actions import wheelhouse
from bastide.actions.rebuilt_estate import rebuilt_estate
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from inventory.entries import InventoryHost
from inventory.files import write_whole
from inventory.paths import cache_directory
from inventory.ssh_client import config_path
from monitors.audit.archive.stamps import stamp
from monitors.continuity.drill_history import folder as drills_folder
from monitors.continuity.objectives import BackupObjectives
from monitors.continuity.records import Depth, DrillResult

LONGEST_SECONDS = 2 * 3600
REPOSITORIES = "/srv/backups"
SHOWN = 3
# Alerts end once what they are about has been well for some scrapes.
HEALTHY_SECONDS, AGAIN_SECONDS = 300.0, 10.0
# What runs has read what was there before: the last step of the runbook, whatever the host runs.
RESTART = (
    "systemctl list-units --type=service --state=running --plain --no-legend | cut -d ' ' -f 1 | "
    "grep -vE '^(ssh|systemd-|dbus|console-getty|getty|serial-getty|user@|networking)' | "
    "xargs systemctl try-restart"
)


class StepError(Exception):
    """A step did not pass; the text says why."""


@dataclass(slots=True)
class Rebuild:
    """A rebuild under way: the host's plans, the estate beside, and what has been done."""

    context: EstateContext
    beside: EstateContext
    plans: tuple[BackupObjectives, ...]
    steps: list[dict[str, Any]] = field(default_factory=list)
    restored: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """The host that is rebuilt."""
        return self.plans[0].host


def rebuild(
    context: EstateContext, entry: InventoryHost, plans: tuple[BackupObjectives, ...]
) -> tuple[DrillResult, ...]:
    """Rebuild a host, restore its plans, and leave a result of each; what was made is taken away.

    CommandError where that cannot be begun here.
    """
    home = context.state / "rebuilt"
    beside = rebuilt_estate(context, entry, home)
    work, started = Rebuild(context, beside, plans), datetime.now(UTC)
    packages = _packages(beside)
    try:
        error = _climb(work)
    finally:
        _bastide(work, "down", "--yes")
        for made in (home, *packages.parent.glob(f"{packages.name}*")):
            shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)
    return tuple(_keep(work, plan, started, error) for plan in plans)


def _packages(beside: EstateContext) -> Path:
    """Copy the packages that are here already, whose folder the original goes on using."""
    shared = cache_directory() / "apt"
    own = shared.with_name(f"apt-{beside.estate.estate}")
    if shared.is_dir():
        subprocess.run(["cp", "-a", "--no-target-directory", shared, own], check=True)
    return own


def _climb(work: Rebuild) -> str | None:
    """Take the steps until one fails; return why, None when all have passed."""
    steps: list[tuple[str, bool, Callable[[], object]]] = [
        ("make the machines", True, lambda: _do(work, "infra", "up")),
        ("configure them", True, lambda: _configure(work)),
        ("harden them", True, lambda: _do(work, "playbook", "run", "harden")),
        ("bring the copies beside", False, lambda: _bring(work)),
        ("restore all plans", True, lambda: _restore(work)),
        ("start its services anew", True, lambda: _on(work, RESTART)),
        ("back it up, and drill that", False, lambda: _back_up(work)),
        ("find it compliant", False, lambda: _do(work, "audit", "run", "--host", work.host)),
        ("find it healthy", False, lambda: _healthy(work)),
    ]
    progress = Progress()
    for name, recovery, act in steps:
        clock, error = time.monotonic(), None
        with progress.stage(name):
            try:
                act()
            except (StepError, OSError, ValueError, KeyError, subprocess.SubprocessError) as failed:
                error = str(failed)
                progress.step(work.host, error, good=False)
        work.steps.append(
            {
                "name": name,
                "depth": Depth.HOST.value,
                "recovery": recovery,
                "ok": error is None,
                "seconds": round(time.monotonic() - clock, 3),
                "error": error,
            }
        )
        if error:
            return f"{name}: {error}"
    return None


def _bastide(work: Rebuild, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command on the estate beside, whose state lies below the original's."""
    return subprocess.run(
        [sys.executable, "-m", "bastide", *words, "--estate", str(work.beside.folder)],
        env={**os.environ, "BASTIDE_STATE_HOME": str(work.beside.state.parent)},
        capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS,
    )  # fmt: skip


def _do(work: Rebuild, *words: str) -> str:
    done = _bastide(work, *words)
    if done.returncode:
        raise StepError(f"bastide {' '.join(words)} ({done.returncode}): {_last(done)}")
    return done.stdout


def _last(done: "subprocess.CompletedProcess[str]") -> str:
    said = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    return " / ".join(said[-SHOWN:])


def _configure(work: Rebuild) -> None:
    wheelhouse.build(work.beside.state / "wheelhouse.tar")
    _do(work, "playbook", "run", "configure")


def _ssh(context: EstateContext, host: str, command: str) -> list[str]:
    """Return how a command is run on a host as its administrator, the host's key pinned."""
    quiet = ("-o", "BatchMode=yes", "-o", "LogLevel=ERROR")
    return ["ssh", "-F", str(config_path(context.state)), *quiet, host, command]


def _bring(work: Rebuild) -> None:
    """Copy the plans' repositories from their targets, which are only read, to those beside."""
    for plan in work.plans:
        name = f"{plan.host}/{plan.plan}"
        reading = f"tar -C {REPOSITORIES} -c {name}"
        writing = f"rm -rf {REPOSITORIES}/{name} && tar -C {REPOSITORIES} -x"
        with subprocess.Popen(
            _ssh(work.context, plan.target, reading), stdout=subprocess.PIPE
        ) as source:
            done = subprocess.run(
                _ssh(work.beside, plan.target, writing),
                stdin=source.stdout, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode or source.returncode:
            raise StepError(f"{name} of {plan.target} could not be brought: {_last(done)}")


def _restore(work: Rebuild) -> None:
    """Do what the runbook says on the host beside."""
    for plan in work.plans:
        command = f"bastide-backup restore {plan.plan} --over {plan.plan}"
        work.restored[plan.plan] = json.loads(_on(work, command))


def _on(work: Rebuild, command: str) -> str:
    """Run a command on the host beside and return what it printed."""
    done = subprocess.run(
        _ssh(work.beside, work.host, command), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StepError(f"{command}: {_last(done)}")
    return str(done.stdout)


def _back_up(work: Rebuild) -> None:
    for what in ("run", "drill"):
        _do(work, "backup", what, "--host", work.host)


def _healthy(work: Rebuild) -> None:
    """Collect, and wait until every target of Prometheus is up and no alert fires."""
    _do(work, "playbook", "run", "collect")
    limit = time.monotonic() + HEALTHY_SECONDS
    while (done := _bastide(work, "status")).returncode:
        if time.monotonic() > limit:
            raise StepError(f"bastide status ({done.returncode}): {_last(done)}")
        time.sleep(AGAIN_SECONDS)


def _age(found: dict[str, Any], started: datetime) -> float | None:
    """Return how old the data was when the drill began; None where nothing was restored."""
    if "data_from" not in found:
        return None
    return max(0.0, (started - datetime.fromisoformat(found["data_from"])).total_seconds())


def _keep(
    work: Rebuild, plan: BackupObjectives, started: datetime, error: str | None
) -> DrillResult:
    """Write a plan's result where other drills are; the machine counts for the first plan alone."""
    found = work.restored.get(plan.plan, {})
    steps = [
        step if plan is work.plans[0] else step | {"recovery": step["name"] == "restore all plans"}
        for step in work.steps
    ]
    result = DrillResult.model_validate(
        {
            **plan.labels,
            "target": plan.target,
            "ok": error is None,
            "depth": None if error else Depth.HOST,
            "snapshot": found.get("snapshot"),
            "snapshot_time": found.get("data_from"),
            "rpo_seconds": _age(found, started),
            "rto_seconds": None if error else sum(s["seconds"] for s in steps if s["recovery"]),
            "rows": found.get("rows", {}),
            "files_verified": found.get("files", 0),
            "files_moved": 0,
            "bytes_restored": found.get("octets"),
            "started": started,
            "finished": datetime.now(UTC),
            "error": error,
            "steps": steps,
        }
    )
    path = drills_folder(work.context.state) / f"{stamp(started)}-{plan.host}-{plan.plan}.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, f"{result.model_dump_json(indent=1)}\n", mode=0o600)
    return result
