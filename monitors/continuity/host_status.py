"""The backup status that each host reported, read from its newest audit bundle."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from monitors.continuity.records import CLOCK_TOLERANCE, ContinuityError, HostStatus, read_status

STATUS = "/var/lib/bastide/backup/status.json"

ReadFile = Callable[[Path, str, str], tuple[Path, str] | None]
"""Given the state folder, a host and a file of it: the newest audit bundle and the file's text.

None when no bundle ever came; ValueError when it has no trustworthy text of the file.
"""


def newest_status(state: Path, host: str, read_file: ReadFile) -> HostStatus | None:
    """Return the backup status that a host last reported, None when it was never audited.

    Raises ContinuityError when the newest bundle cannot be read, has no status, has that of
    another host, or names a time in the future.
    """
    try:
        kept = read_file(state, host, STATUS)
    except ValueError as error:
        raise ContinuityError(str(error)) from None
    if kept is None:
        return None
    path, text = kept
    status = read_status(text, str(path))
    if status.host != host:
        raise ContinuityError(f"{path}: answers for {status.host!r}, expected {host!r}")
    _refuse_future(status, path)
    return status


def _refuse_future(status: HostStatus, path: Path) -> None:
    """Refuse times to come: a snapshot from the future would look fresh for ever."""
    latest = datetime.now(UTC) + CLOCK_TOLERANCE
    held = [plan.snapshot for plan in status.plans]
    held += [copy.snapshot for plan in status.plans for copy in plan.copies]
    times = [snapshot.time for snapshot in held if snapshot]
    if any(time > latest for time in (status.at, *times)):
        raise ContinuityError(f"{path}: names a time in the future; check the host's clock")
