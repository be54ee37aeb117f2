"""Goals of services that cannot be watched: a lost probe would wake somebody, or nothing would."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from inventory.model.tenants import Service
from inventory.objectives import (
    BURNS,
    FEWEST_FAILURES,
    JOURNEY_INTERVAL,
    PROBE_INTERVAL,
    Burn,
    Due,
    budget,
    failures_to_fire,
    never_fires,
    possible_objectives,
)
from inventory.parsed import ParsedTenant
from inventory.problems import Problem
from inventory.service_hours import most_due, share_of_week
from inventory.source import PathKey

HOUR_SECONDS, MINUTE_SECONDS = 3600, 60


def find_objective_problems(tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    """Yield goals that cannot be watched, one problem a service."""
    for tenant in tenants:
        for number, service in enumerate(tenant.value.services):
            if reason := _reason(service):
                share = share_of_week(service.hours)
                lowest, highest = possible_objectives(share, _interval(service), _due(service))
                yield tenant.problem(
                    _place(number, service),
                    reason,
                    f"an objective from {lowest:.4f} to {highest:.4f}"
                    f"{' with these hours' if service.hours else ''}",
                    f"choose a goal that can be kept and told, or other {_others(service)}",
                )


def _place(number: int, service: Service) -> PathKey:
    key = "objective" if "objective" in service.model_fields_set else "hours"
    return ("services", number, key)


def _others(service: Service) -> str:
    counting = _interval(service) > PROBE_INTERVAL
    return "`hours`, or a journey that does not count" if counting else "`hours`"


def _interval(service: Service) -> timedelta:
    """Return how long the shortest failure lasts that may count."""
    counting = any(journey.counts for journey in service.journeys)
    return JOURNEY_INTERVAL if counting else PROBE_INTERVAL


def _due(service: Service) -> Due:
    """Return how much of a window counts at most."""
    return partial(most_due, service.hours)


def _reason(service: Service) -> str:
    """Return why the alerts of a goal cannot work; nothing when they can."""
    allowed = budget(service.objective, share_of_week(service.hours))
    for burn in BURNS:
        if never_fires(burn, allowed, _due(service)):
            return (
                f"an alert could never fire: a goal of {service.objective:g} is told when "
                f"{_minutes(burn.limit(allowed))} minutes are missed within {_hours(burn)}"
                f"{_counting(burn, _due(service)(burn.long))}"
            )
        needed = failures_to_fire(burn, allowed, _interval(service))
        if needed < FEWEST_FAILURES:
            lost = "one lost probe" if needed == 1 else f"{needed} lost probes"
            return (
                f"{lost} would wake somebody: a goal of {service.objective:g} lets "
                f"{allowed.total_seconds() / 60:.1f} minutes a month be missed, and "
                f"{burn.share:.0%} of that within {_hours(burn)} is told"
            )
    return ""


def _counting(burn: Burn, due: timedelta) -> str:
    return f", of which at most {_minutes(due)} count" if due < burn.long else ""


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / MINUTE_SECONDS:.0f}"


def _hours(burn: Burn) -> str:
    hours = burn.long.total_seconds() / HOUR_SECONDS
    return "an hour" if hours == 1 else f"{hours:.0f} hours"
