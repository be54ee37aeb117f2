"""What a drill measures, step by step, and the one JSON document that it ends as."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bastide_manifest import CLOCK_TOLERANCE_SECONDS

# What each depth proves; a depth is reached when every step up to it has passed.
DEPTHS = {
    "L0": "a backup job ended well: there is a snapshot",
    "L1": "the newest snapshot is within the RPO",
    "L2": "the repository's structure is whole",
    "L3": "the repository's data can be read",
    "L4": "the restored files are those of the manifest",
    "L5": "the databases hold the manifest's rows and the service answers",
}


class DrillError(Exception):
    """A step did not pass; the text says what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it does, the depth it is part of, and whether recovery needs it.

    Only the steps that a real recovery takes count towards the RTO. A step that is not
    `fatal` lets the drill go on: what follows can still be learned.
    """

    name: str
    depth: int
    act: Callable[["Drill"], None]
    recovery: bool = True
    fatal: bool = True
    # Which of the request's it needs: database, mariadb, sqlite, rows (any of them), or nothing.
    needs: str = ""


@dataclass(slots=True)
class Request:
    """What is to be drilled, and which of its copies: the target that holds it, and its address.

    Of a copy in a bucket, `bucket` says where that is and who reads it.
    """

    host: str
    municipality: str
    plan: str
    database: str
    target: str
    target_address: str
    rpo_seconds: float
    subset: str
    # What the last good drill counted, {"files": 7, "octets": 9000, "rows": {"public.fees": 30}},
    # and which snapshots the host has seen, {"snapshots": {ID: TIME}, "keep_seconds": 86400}.
    earlier: dict[str, Any] = field(default_factory=dict)
    bucket: dict[str, str] = field(default_factory=dict)
    mariadb: str = ""
    sqlite: list[str] = field(default_factory=list)

    @property
    def rows(self) -> bool:
        """Whether the plan has a database of any kind."""
        return bool(self.database or self.mariadb or self.sqlite)

    def takes(self, step: Step) -> bool:
        """Whether a step is one of the plan's."""
        return not step.needs or bool(getattr(self, step.needs))


@dataclass(slots=True)
class Drill:
    """A drill under way: what it was asked, where it works, and what it has found so far."""

    request: Request
    password: str
    work: str
    started: float = field(default_factory=time.time)
    snapshot: dict[str, Any] = field(default_factory=dict)
    secret_key: str = ""
    future: tuple[str, ...] = ()
    found: list[str] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    files_verified: int = 0
    files_moved: int = 0
    octets: int = 0
    rows: dict[str, int] = field(default_factory=dict)


def climb(drill: Drill, steps: tuple[Step, ...]) -> None:
    """Take the steps in order until a fatal one fails; each leaves its result in the drill."""
    for step in steps:
        if not drill.request.takes(step):
            continue
        clock, error = time.monotonic(), None
        try:
            step.act(drill)
        except (DrillError, OSError, ValueError, KeyError, TypeError) as failure:
            error = str(failure) if isinstance(failure, DrillError) else repr(failure)
        drill.steps.append(
            {
                "name": step.name,
                "depth": f"L{step.depth}",
                "recovery": step.recovery,
                "ok": error is None,
                "seconds": round(time.monotonic() - clock, 3),
                "error": error,
            }
        )
        if error and step.fatal:
            return


def result(drill: Drill, steps: tuple[Step, ...], data_time: float | None) -> dict[str, Any]:
    """Return the drill's JSON document.

    `rpo_seconds` is how old the restored data was when the drill began, `rto_seconds` how long
    the recovery steps took; both only when all of those passed, and neither is ever negative.
    """
    wanted = [s for s in steps if drill.request.takes(s)]
    passed = {s["name"] for s in drill.steps if s["ok"]}
    failed = [s for s in drill.steps if not s["ok"]]
    timed = data_time is not None and data_time <= drill.started + CLOCK_TOLERANCE_SECONDS
    recovered = timed and {s.name for s in wanted if s.recovery} <= passed
    recovery = sum(s["seconds"] for s in drill.steps if s["recovery"])
    return {
        "host": drill.request.host,
        "municipality": drill.request.municipality,
        "plan": drill.request.plan,
        "target": drill.request.target,
        "ok": {s.name for s in wanted} == passed,
        "depth": _depth(wanted, passed),
        "snapshot": drill.snapshot.get("id"),
        "snapshot_time": drill.snapshot.get("time"),
        "rpo_seconds": round(max(0, drill.started - (data_time or 0)), 3) if recovered else None,
        "rto_seconds": round(recovery, 3) if recovered else None,
        "rows": drill.rows,
        "files_verified": drill.files_verified,
        "files_moved": drill.files_moved,
        "bytes_restored": drill.octets if recovered else None,
        "started": _stamp(drill.started),
        "finished": _stamp(time.time()),
        "error": f"{failed[0]['name']}: {failed[0]['error']}" if failed else None,
        "steps": drill.steps,
    }


def _depth(wanted: list[Step], passed: set[str]) -> str | None:
    """Return the deepest depth with every step up to it passed, or None."""
    reached = None
    for depth in sorted({step.depth for step in wanted}):
        if not {step.name for step in wanted if step.depth <= depth} <= passed:
            break
        reached = f"L{depth}"
    return reached


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
