"""A policy, what it is asked about, and what came of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from infra.errors import Problem
from inventory.model.estate import Estate
from inventory.model.waivers import PolicyWaiver


class Strength(StrEnum):
    """What a policy does that does not hold: it is told, or nothing is changed."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"


@dataclass(frozen=True, slots=True)
class Removal:
    """A resource that an engine would take away, or make anew, by its type token and name."""

    type: str
    name: str
    replaced: bool


@dataclass(frozen=True, slots=True)
class Breach:
    """A place where a policy does not hold; `tenant` is empty where no tenant can be told."""

    tenant: str
    problem: Problem


Check = Callable[[Estate, tuple[Removal, ...]], Iterable[Breach]]


@dataclass(frozen=True, slots=True)
class Policy:
    """A row of the table: what must hold, how strong it is, and who finds where it does not."""

    id: str
    title: str
    strength: Strength
    check: Check


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach with its policy, and the waiver that accepts it, if one does."""

    policy: Policy
    breach: Breach
    waiver: PolicyWaiver | None

    @property
    def stops(self) -> bool:
        """Whether nothing may be changed because of it."""
        return self.policy.strength is Strength.MANDATORY and self.waiver is None
