"""What each device's newest runs came to, as files that the exporter reads."""

from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from inventory.files import write_whole
from inventory.frozen import Frozen

FOLDER = "configurations"
MAX_BYTES = 65536


class Record(Frozen):
    """What a device's runs came to.

    `succeeded` is when its configuration was last read whole and kept, `changed` when it last
    differed from the version before it; `problem` is why the newest run kept nothing.
    """

    tried: AwareDatetime
    succeeded: AwareDatetime | None = None
    changed: AwareDatetime | None = None
    kind: str = ""
    problem: str = ""


def repository_folder(state: Path) -> Path:
    """Return where redacted configurations are kept."""
    return state / FOLDER / "repository"


def read_record(state: Path, device: str) -> Record | None:
    """Return a device's record; None when there is none, or it is damaged."""
    path = _path(state, device)
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        return Record.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def write_record(state: Path, device: str, record: Record) -> None:
    """Put a device's record in place of the one that was there."""
    # The exporter reads it with an account of its own.
    write_whole(_path(state, device), record.model_dump_json(), 0o644)


def _path(state: Path, device: str) -> Path:
    return state / FOLDER / "status" / f"{device}.json"
