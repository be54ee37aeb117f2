"""The looks that are kept of each host: the one that was accepted, and how the newest differs."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from inventory.files import write_whole
from inventory.frozen import Frozen
from inventory.paths import accepted_look
from monitors.inspection.drift import Difference, Kind
from monitors.inspection.model import Inspection

Kept = TypeVar("Kept", bound=Frozen)


class Look(Frozen):
    """A host as it was read; `at` is when, in seconds since 1970 by this machine's clock."""

    host: str
    at: float
    inspection: Inspection


class Newest(Frozen):
    """What the newest look came to."""

    host: str
    at: float
    accepted: float
    differences: tuple[Difference, ...]
    not_compared: tuple[Kind, ...] = ()


class LookError(Exception):
    """A look that is kept cannot be read; the text says what to do."""


def accepted(state: Path, host: str) -> Look | None:
    """Return the look that was accepted, or None when there is none; LookError when damaged."""
    return _read(accepted_look(state, host), Look)


def newest(state: Path, host: str) -> Newest | None:
    """Return what the newest look came to, or None; LookError when it is damaged."""
    return _read(_newest(state, host), Newest)


def accept(state: Path, look: Look) -> None:
    """Keep a look as the one that later looks are held against."""
    write_whole(accepted_look(state, look.host), look.model_dump_json(exclude_defaults=True))


def keep(state: Path, result: Newest) -> None:
    """Keep what the newest look came to."""
    write_whole(_newest(state, result.host), result.model_dump_json(indent=1))


def _newest(state: Path, host: str) -> Path:
    return accepted_look(state, host).with_name(f"{host}.drift.json")


def _read(path: Path, model: type[Kept]) -> Kept | None:
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise LookError(
            f"{path}: {first['msg']} at {first['loc']}\n    expected: a look as "
            "`bastide host look` keeps it\n    do: remove the file; the next look starts anew"
        ) from None
