"""Past runs: one JSON file each, `<state>/audits/<stamp>-<label>.json`."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from monitors.audit.archive.stamps import write_stamped
from monitors.audit.model.results import AuditRun


class AuditError(Exception):
    """An audit's file cannot be read or written, or there is none."""


def save(run: AuditRun, state: Path) -> Path:
    """Write a run's file, whole; no other run is replaced."""
    content = run.model_dump_json(indent=1) + "\n"
    return write_stamped(state / "audits", run.started, f"-{run.label}.json", content)


def load(path: Path) -> AuditRun:
    """Read a run's file; AuditError says what is wrong with it."""
    try:
        return AuditRun.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise AuditError(
            f"{path}: not an audit's results: {error}; run `bastide audit run`"
        ) from None


def run_files(state: Path, label: str | None = None) -> tuple[Path, ...]:
    """Return the files of past runs (with a label), newest first."""
    files = (state / "audits").glob(f"*Z-{label or '*'}.json")
    return tuple(sorted(files, reverse=True))


def past_runs(state: Path, label: str | None = None) -> Iterator[AuditRun]:
    """Yield past runs (with a label), newest first, each read when it is wanted.

    Raises AuditError when the next one's file is damaged.
    """
    return map(load, run_files(state, label))


def load_latest(state: Path, label: str | None = None, *, whole: bool = False) -> AuditRun | None:
    """Return the newest run (with a label, of all hosts), or None when there was none.

    Raises AuditError when its file, or one that is newer, is damaged.
    """
    runs = past_runs(state, label)
    return next((run for run in runs if run.whole or not whole), None)


def load_previous(state: Path, later: AuditRun) -> AuditRun | None:
    """Return the newest run of all hosts that began before another; None when there was none.

    Raises AuditError when its file, or one that is newer, is damaged.
    """
    runs = past_runs(state)
    return next((run for run in runs if run.whole and run.started < later.started), None)
