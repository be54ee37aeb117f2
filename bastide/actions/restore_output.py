"""A restore as tables: what it will do, and what it did."""

import shlex
from datetime import datetime

from bastide.actions.restoring import Wanted
from bastide.support.durations import duration, long_or_short
from bastide.support.output import print_table, row
from bastide.support.sizes import size
from monitors.continuity.estimates import estimated_seconds
from monitors.continuity.records import DrillResult
from monitors.continuity.restorable import Restorable
from monitors.text import escaped_line


def show_outlook(
    wanted: Wanted, found: Restorable, drill: DrillResult | None, now: datetime
) -> None:
    """Print what a restore will do: which snapshot, how much, where to, how long."""
    age = duration((now - found.time).total_seconds())
    lines = {
        "snapshot": f"{found.snapshot[:8]} of {_local(found.time)}, {age} old, on {found.target}",
        "newer, not taken": "; ".join(f"{one.id[:8]} {one.why}" for one in found.doubted),
        "lost": f"what was entered after {_local(found.time)}" if wanted.over else "",
        "brings": f"{holds(found)}{_begun(found)}",
        "paths": ", ".join(found.paths) or "all of the plan",
        "comes to": f"{found.beside} on {wanted.host}, where {size(found.free_octets)} are free",
        "then": _then(wanted, found),
        "takes": describe_time(found, drill),
    }
    _print(f"restore {wanted.plan} of {wanted.host}", lines)


def show_result(wanted: Wanted, done: Restorable, over: str) -> None:
    """Print what was restored and verified, and what to do next; `over`: the command for that."""
    others = (one.kept for one in done.databases)
    lines = {
        "verified": f"{holds(done)}: as backed up at {_local(done.time)}",
        "lies in": f"{done.beside} on {wanted.host}",
        "database": done.database_names,
        "replaced": "nothing" if done.replaced is None else f"{done.replaced} files and folders",
        "kept": ", ".join(filter(None, (done.kept, done.database_kept, *others))),
        "look at it": f"ls -lR {shlex.quote(done.beside)} | less",
        "put in place": "" if wanted.over else over,
    }
    _print(f"restored {wanted.plan} of {wanted.host}", lines)


def holds(found: Restorable) -> str:
    """Return how much a restore brings."""
    rows = f", {sum(found.rows.values())} rows" if found.database_names else ""
    return f"{found.files} files{rows}, {size(found.octets)}"


def describe_time(found: Restorable, drill: DrillResult | None) -> str:
    """Return how long a restore will take by the last drill, or that no drill has measured it."""
    seconds = estimated_seconds(drill, found.lacking_octets) if drill else None
    if drill is None or seconds is None:
        return "not known: no drill has restored this plan yet"
    return f"about {long_or_short(seconds)}, by the drill of {drill.started:%Y-%m-%d}"


def _begun(found: Restorable) -> str:
    there = found.octets - found.lacking_octets
    return f"; {size(there)} of it are there already" if there > 0 else ""


def _then(wanted: Wanted, found: Restorable) -> str:
    if not wanted.over:
        return "nothing is replaced"
    names = found.database_names
    database = f", the database {names}" if names else ""
    return f"REPLACES what is on {wanted.host}{database}; what was there is kept"


def _local(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M %z}"


def _print(title: str, lines: dict[str, str]) -> None:
    rows = [row(name, escaped_line(text)) for name, text in lines.items() if text]
    print_table(("", title), rows)
