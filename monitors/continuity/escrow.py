"""Escrow of repositories' passwords: which plans are in it, and when a drill has opened them."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from pydantic import AwareDatetime, ValidationError

from inventory.model.estate import Estate
from monitors.continuity.records import CLOCK_TOLERANCE, HostRecord

Record = TypeVar("Record", bound=HostRecord)


class Sealed(HostRecord):
    """What is in the newest escrow: plans as HOST/PLAN, and the holders' public keys."""

    at: AwareDatetime
    plans: tuple[str, ...]
    keys: tuple[str, ...]


class Tried(HostRecord):
    """A repository that a drill tried to open with its password of the escrow: how restic ended."""

    plan: str
    rc: int

    @property
    def ok(self) -> bool:
        """Whether it was opened."""
        return self.rc == 0


class EscrowDrill(HostRecord):
    """What a drill of the escrow has opened on one vault."""

    at: AwareDatetime
    vault: str
    tried: tuple[Tried, ...]


def folder(state: Path) -> Path:
    """Return where the escrow and its drills are kept."""
    return state / "escrow"


def sealed_plans(state: Path, estate: Estate) -> frozenset[str]:
    """Return the plans that every holder of today can open; none where it cannot be read."""
    sealed = _read(folder(state) / "sealed.json", Sealed)
    holders = {holder.key for holder in estate.escrow}
    return frozenset(sealed.plans) if sealed and set(sealed.keys) == holders else frozenset()


def last_opened(state: Path, now: datetime) -> dict[str, datetime]:
    """Return when each plan was opened last with its password of the escrow alone."""
    opened: dict[str, datetime] = {}
    for drill in drills(state):
        if drill.at <= now + CLOCK_TOLERANCE:
            opened |= {one.plan: drill.at for one in drill.tried if one.ok}
    return opened


def drills(state: Path) -> Iterator[EscrowDrill]:
    """Yield the newest drill of each vault; one that cannot be read proves nothing."""
    for path in sorted(folder(state).glob("drill-*.json")):
        if drill := _read(path, EscrowDrill):
            yield drill


def _read(path: Path, model: type[Record]) -> Record | None:
    """Return a record; None where there is none that can be read: it then proves nothing."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
