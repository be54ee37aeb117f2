"""Who is on call by each rota of an estate, for people to read."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from inventory.model.estate import Estate
from inventory.model.rotas import Rota
from inventory.on_call import Turn, turn


@dataclass(frozen=True, slots=True)
class ListedTurn:
    """Who is on call by a rota; nobody, where its shifts have a gap."""

    rota: Rota
    turn: Turn | None

    def cells(self) -> tuple[str, str, str, str, str]:
        """Return rota, person, telephone, until when, and who takes over."""
        if self.turn is None:
            return self.rota.id, "nobody", "", "", ""
        person, following = self.turn.person, self.turn.following
        then = following.name if following else ""
        return self.rota.id, person.name, person.phone, self._until(), then

    def line(self) -> str:
        """Return it as a line."""
        rota, name, phone, until, _ = self.cells()
        who = ", ".join(filter(None, (name, phone)))
        return f"on call ({rota}): {who}" + (f", until {until}" if until else "")

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values; times in UTC (RFC 3339)."""
        there = self.turn
        return {
            "rota": self.rota.id,
            "person": there.person.name if there else None,
            "phone": there.person.phone if there else None,
            "until": there.until.isoformat() if there and there.until else None,
            "following": there.following.name if there and there.following else None,
        }

    def _until(self) -> str:
        if self.turn is None or self.turn.until is None:
            return ""
        return f"{self.turn.until.astimezone(ZoneInfo(self.rota.timezone)):%a %Y-%m-%d %H:%M %Z}"


def turns(estate: Estate, at: datetime | None = None) -> tuple[ListedTurn, ...]:
    """Return who is on call; ``at``: when by each rota's own clock, default: now."""
    notify = estate.notify
    if notify is None:
        return ()
    return tuple(ListedTurn(rota, turn(notify, rota, _moment(rota, at))) for rota in notify.rotas)


def _moment(rota: Rota, at: datetime | None) -> datetime:
    return datetime.now(UTC) if at is None else at.replace(tzinfo=ZoneInfo(rota.timezone))
