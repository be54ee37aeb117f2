"""The store catches up with the audits' own files; a lost store is made anew from them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select

from monitors.audit.archive.runs import AuditError, load, run_files
from monitors.audit.archive.stamps import stamp
from monitors.audit.history.database import DamagedError, reading, sqlite_file, writing
from monitors.audit.history.record import record
from monitors.audit.history.tables import hosts, runs

BESIDE = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """How many runs were recorded now, and the files that could not be read, with the reason."""

    recorded: int
    problems: tuple[str, ...] = ()


def catch_up(url: str, state: Path, estate: str) -> CaughtUp:
    """Record every run of `<state>/audits` that the store has not yet, oldest first.

    A file that cannot be read becomes a problem and stops nothing. Raises StoreError.
    """
    recorded_already, recorded, problems = _recorded_stems(url, estate), 0, []
    for file in reversed(run_files(state)):
        if file.stem in recorded_already:
            continue
        try:
            run = load(file)
        except AuditError as error:
            problems.append(str(error))
            continue
        if run.estate != estate:
            problems.append(f"{file}: an audit of the estate {run.estate}, expected {estate}")
            continue
        recorded += record(url, run)
    return CaughtUp(recorded, tuple(problems))


def rebuild(url: str, state: Path, estate: str) -> CaughtUp:
    """Forget an estate's history and make it anew from the files of `<state>/audits`.

    A damaged SQLite file is moved aside first, never removed. Raises StoreError.
    """
    try:
        _forget(url, estate)
    except DamagedError:
        _move_aside(url)
    return catch_up(url, state, estate)


def _recorded_stems(url: str, estate: str) -> set[str]:
    with reading(url) as connection:
        if connection is None:
            return set()
        rows = connection.execute(
            select(runs.c.started, runs.c.label).where(runs.c.estate == estate)
        )
        return {f"{stamp(run.started)}-{run.label}" for run in rows}


def _forget(url: str, estate: str) -> None:
    with writing(url) as connection:
        for table in (runs, hosts):
            connection.execute(delete(table).where(table.c.estate == estate))


def _move_aside(url: str) -> None:
    file = sqlite_file(url)
    if file is None:
        raise DamagedError("the PostgreSQL database says that it is damaged; ask its administrator")
    now = stamp(datetime.now(UTC))
    for ending in BESIDE:
        part = file.with_name(file.name + ending)
        if part.exists():
            part.rename(file.with_name(f"{file.name}.damaged-{now}{ending}"))
