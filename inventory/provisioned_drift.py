"""What differs from what was provisioned, as the machine with the state last saw it.

`<state>/infra/drift.json`: written where the state is, sent to the operations host, served there.
"""

from pathlib import Path

from pydantic import ValidationError

from inventory.files import write_whole
from inventory.frozen import Frozen


class DriftedResource(Frozen):
    """A resource that is gone, or of which the named properties are others than the state has."""

    name: str
    type: str
    gone: bool = False
    properties: tuple[str, ...] = ()


class UnreadResource(Frozen):
    """A resource that could not be looked at: nothing is known of it."""

    name: str
    type: str
    reason: str


class ProvisionedDrift(Frozen):
    """One look; `at` is when it began, in seconds since 1970 by the clock of who looked."""

    estate: str
    at: float
    looked_at: int
    drifted: tuple[DriftedResource, ...] = ()
    unread: tuple[UnreadResource, ...] = ()


class DriftError(Exception):
    """The look that is kept cannot be read; the text says what to do."""


def drift_path(state: Path) -> Path:
    """Return where the newest look is kept."""
    return state / "infra" / "drift.json"


def keep_drift(state: Path, drift: ProvisionedDrift) -> None:
    """Keep a look as the newest one."""
    write_whole(drift_path(state), drift.model_dump_json(indent=1))


def kept_drift(state: Path) -> ProvisionedDrift | None:
    """Return the newest look, None when there never was one; DriftError when it is damaged."""
    path = drift_path(state)
    try:
        return ProvisionedDrift.model_validate_json(path.read_bytes(), extra="ignore")
    except FileNotFoundError:
        return None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise DriftError(
            f"{path}: {first['msg']} at {first['loc']}\n    expected: a look as "
            "`bastide infra drift` keeps it\n    do: run `bastide infra drift --send` again"
        ) from None
