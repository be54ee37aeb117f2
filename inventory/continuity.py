"""What the services of a host promise, and what follows from it for its backup plans."""

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.entries import InventoryHost
from inventory.enums import Continuity, Tier
from inventory.model.hosts import SCHEDULES_HOURS, BackupPlan
from inventory.model.tenants import Service
from inventory.tiers import CENTRAL_DRILL_DAYS, CLASSES, DRILL_EVERY_DAYS

LAG_HOURS = 2
"""How much later than its schedule a snapshot is known of: the run, the hourly look, the audit."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The class, RPO and RTO (hours) that are promised."""

    continuity: Continuity
    rpo_hours: float
    rto_hours: float


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What a backup plan keeps to: every so many hours a run, every so many days a drill."""

    promise: Promise
    every_hours: int
    keep_within_days: int
    drill_every_days: int


def promise_of(service: Service) -> Promise:
    """Return what a service promises: its class, and its own hours where it says some."""
    continuity = service.continuity_class
    terms = CLASSES[continuity]
    return Promise(
        continuity,
        service.rpo_hours or terms.rpo_hours,
        service.rto_hours or terms.rto_hours,
    )


def strictest(of_host: Iterable[Service]) -> Promise:
    """Return what is promised of a host by all of its services; class C by none."""
    promises = [promise_of(service) for service in of_host]
    if not promises:
        terms = CLASSES[Continuity.C]
        return Promise(Continuity.C, terms.rpo_hours, terms.rto_hours)
    return Promise(
        min(promise.continuity for promise in promises),
        min(promise.rpo_hours for promise in promises),
        min(promise.rto_hours for promise in promises),
    )


def host_promise(entry: InventoryHost) -> Promise:
    """Return what the services promise that a host has: those of its own tenant."""
    of_tenant = entry.tenant.content.services
    return strictest(service for service in of_tenant if entry.host.id in service.hosts)


def schedule_hours(rpo_hours: float) -> int:
    """Return the longest schedule that keeps an RPO; hourly where none does."""
    kept = (hours for hours in SCHEDULES_HOURS if hours + LAG_HOURS <= rpo_hours)
    return max(kept, default=min(SCHEDULES_HOURS))


def plan_terms(plan: BackupPlan, promise: Promise, tier: Tier | None) -> PlanTerms:
    """Return what a plan keeps to: by its class and tier (None: central), or as it says itself."""
    terms = CLASSES[promise.continuity]
    days = DRILL_EVERY_DAYS[tier] if tier else CENTRAL_DRILL_DAYS
    return PlanTerms(
        promise,
        plan.every_hours or schedule_hours(promise.rpo_hours),
        plan.keep_within_days or terms.keep_within_days,
        days // terms.drill_factor,
    )


def calendar(at: str, every_hours: int) -> str:
    """Return systemd's OnCalendar of a schedule that has a run at a time of day, `HH:MM`."""
    hour, minute = at.split(":")
    if every_hours == max(SCHEDULES_HOURS):
        return f"*-*-* {at}:00"
    return f"*-*-* {int(hour) % every_hours:02}/{every_hours}:{minute}:00"
