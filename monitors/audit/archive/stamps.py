"""Files named by the UTC time of what they hold, so that names sort by time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from inventory.files import write_first

STAMP = "%Y%m%dT%H%M%S.%fZ"


def stamp(moment: datetime) -> str:
    """Return a UTC time as file names carry it; they sort by time."""
    return moment.astimezone(UTC).strftime(STAMP)


def moment_of(file: Path) -> datetime:
    """Return the time that a stamped file's name carries; ValueError when it has none."""
    return datetime.strptime(file.name.partition("Z")[0] + "Z", STAMP).replace(tzinfo=UTC)


def write_stamped(folder: Path, moment: datetime, ending: str, content: str | bytes) -> Path:
    """Write `<folder>/<stamp><ending>` whole, under the next free stamp; return its path."""
    while True:
        path = folder / f"{stamp(moment)}{ending}"
        try:
            write_first(path, content)
        except FileExistsError:
            if not path.exists():
                raise  # it is the folder that cannot be made
            moment += timedelta(microseconds=1)
        else:
            return path
