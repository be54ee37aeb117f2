"""The goals of services: what they answered in 30 days, and how much they may still miss."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inventory.entries import services
from inventory.model.estate import Estate

GOALS = "{__name__=~'service:(available|budget_left|measured):ratio_30d'}"
# Less than this left of the budget is worth a look.
SCARCE = 0.25
# A gap of less than this is that of any restart.
WHOLE = 0.99
UNKNOWN = -math.inf


@dataclass(frozen=True, slots=True)
class Goal:
    """A service's goal and what is known of it, as shares from 0 to 1; None: nothing is.

    `budget_left` is below 0 where the goal is missed; `measured`: how much of 30 days was, as far
    as it counts.
    """

    service: str
    municipality: str
    objective: float
    available: float | None = None
    budget_left: float | None = None
    measured: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether nothing says that it is missed."""
        return self.budget_left is None or self.budget_left >= 0

    @property
    def is_safe(self) -> bool:
        """Whether it is known to have enough left."""
        return self.budget_left is not None and self.budget_left >= SCARCE

    def line(self) -> str:
        """Return it in words."""
        if self.available is None or self.budget_left is None:
            return f"{self.service}: nothing is measured (goal {_percent(self.objective)})"
        left = (
            f"{_percent(self.budget_left, 0)} of what it may miss is left"
            if self.budget_left >= 0
            else f"missed: {_percent(1 - self.budget_left, 0)} of what it may miss"
        )
        answered = f"{_percent(self.available, 3)} answered of {_percent(self.objective)}"
        return f"{self.service}: {answered}, {left}{self._gap()}"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "service": self.service,
            "municipality": self.municipality,
            "objective": self.objective,
            "available": self.available,
            "budgetLeft": self.budget_left,
            "measured": self.measured,
        }

    def _gap(self) -> str:
        if self.measured is None or self.measured >= WHOLE:
            return ""
        return f" ({_percent(self.measured, 1)} of 30 days measured)"


def goals_of(
    estate: Estate, samples: Iterable[tuple[Mapping[str, str], float]]
) -> tuple[Goal, ...]:
    """Return every service's goal with what Prometheus answered to `GOALS`, the least left first.

    What it knows nothing of comes before all.
    """
    known: dict[tuple[str, str], float] = {}
    for labels, value in samples:
        if math.isfinite(value):
            _, what, _ = labels["__name__"].split(":")
            known[labels.get("service", ""), what] = value
    found = (
        Goal(
            entry.name,
            entry.tenant.id,
            entry.service.objective,
            *(known.get((entry.name, what)) for what in ("available", "budget_left", "measured")),
        )
        for entry in services(estate)
    )
    return tuple(sorted(found, key=_left))


def _left(goal: Goal) -> tuple[float, str]:
    return (UNKNOWN if goal.budget_left is None else goal.budget_left, goal.service)


def _percent(share: float, digits: int = 2) -> str:
    """Return a share in percent; what is not whole is never rounded to it."""
    shown = math.floor(share * 100 * 10**digits + 1e-9) / 10**digits
    return f"{shown:.{digits}f}".rstrip("0").rstrip(".") + " %" if digits else f"{shown:.0f} %"
