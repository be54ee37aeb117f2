"""What each host reported of its backups, and each target of buckets, in its newest audit."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from monitors.continuity.records import (
    CLOCK_TOLERANCE,
    ContinuityError,
    HostStatus,
    read_buckets,
    read_status,
)

STATUS = "/var/lib/bastide/backup/status.json"
BUCKETS = "/var/lib/bastide/vault/buckets.json"

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


def bucket_copies(
    state: Path, target: str, read_file: ReadFile
) -> dict[tuple[str, str, str], datetime]:
    """Return when the newest snapshot came of each copy that a target has put into a bucket.

    By host, plan and bucket; ContinuityError where the target has not said so, or nothing sure.
    """
    try:
        kept = read_file(state, target, BUCKETS)
    except ValueError as error:
        raise ContinuityError(str(error)) from None
    if kept is None:
        raise ContinuityError(f"{target} was not audited yet")
    path, text = kept
    limit = (datetime.now(UTC) + CLOCK_TOLERANCE).timestamp()
    copies = read_buckets(text, str(path)).copies
    if any((copy.newest or 0) > limit for copy in copies):
        raise ContinuityError(f"{path}: names a time in the future; check the target's clock")
    return {
        (copy.host, copy.plan, copy.target): datetime.fromtimestamp(copy.newest, UTC)
        for copy in copies
        if copy.newest
    }


def _refuse_future(status: HostStatus, path: Path) -> None:
    """Refuse times to come: a snapshot from the future would look fresh for ever."""
    latest = datetime.now(UTC) + CLOCK_TOLERANCE
    held = [plan.snapshot for plan in status.plans]
    held += [copy.snapshot for plan in status.plans for copy in plan.copies]
    times = [snapshot.time for snapshot in held if snapshot]
    if any(time > latest for time in (status.at, *times)):
        raise ContinuityError(f"{path}: names a time in the future; check the host's clock")
