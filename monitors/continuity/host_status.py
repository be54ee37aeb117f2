"""The backup status that each host reported, read from its newest audit bundle."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitors.audit.collect.backends import UndeterminedError, answering_host, from_answers
from monitors.audit.collect.bundle import MAX_PACKED_BYTES, BundleError, unpack
from monitors.audit.facts.system import kept_content
from monitors.continuity.records import ContinuityError, HostStatus, read_status

STATUS = "/var/lib/bastide/backup/status.json"
CLOCK_TOLERANCE = timedelta(minutes=5)


def newest_status(state: Path, host: str) -> HostStatus | None:
    """Return the backup status that a host last reported, None when it was never audited.

    Raises ContinuityError when the newest bundle cannot be read, has no status, has that of
    another host, or names a time in the future.
    """
    bundles = sorted((state / "bundles" / host).glob("*.json.gz"))
    if not bundles:
        return None
    path = bundles[-1]
    status = read_status(_status_text(path), str(path))
    if status.host != host:
        raise ContinuityError(f"{path}: answers for {status.host!r}, expected {host!r}")
    _refuse_future(status, path)
    return status


def _status_text(path: Path) -> str:
    """Return the status that the host's own timer had written when the bundle was made."""
    try:
        if path.stat().st_size > MAX_PACKED_BYTES:
            raise ContinuityError(f"{path}: larger than {MAX_PACKED_BYTES} bytes")
        bundle = unpack(path.read_bytes())
        host, _ = answering_host(bundle.host, from_answers(bundle.answers()))
        return kept_content(host, STATUS)
    except (BundleError, UndeterminedError, OSError, ValueError) as error:
        raise ContinuityError(f"{path}: {error}") from None


def _refuse_future(status: HostStatus, path: Path) -> None:
    """Refuse times to come: a snapshot from the future would look fresh for ever."""
    latest = datetime.now(UTC) + CLOCK_TOLERANCE
    times = [plan.snapshot.time for plan in status.plans if plan.snapshot]
    if any(time > latest for time in (status.at, *times)):
        raise ContinuityError(f"{path}: names a time in the future; check the host's clock")
