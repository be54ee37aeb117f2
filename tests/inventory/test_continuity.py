"""What a class promises, and what follows for plans: schedule, retention, drills."""

from itertools import pairwise

import pytest

from inventory.continuity import (
    LAG_HOURS,
    calendar,
    host_promise,
    plan_terms,
    promise_of,
    schedule_hours,
    strictest,
)
from inventory.entries import hosts
from inventory.enums import Continuity, Tier
from inventory.load import load_estate
from inventory.model.hosts import SCHEDULES_HOURS, BackupPlan
from inventory.model.tenants import Service
from inventory.paths import SHIPPED_ESTATES
from inventory.tiers import CLASSES

PLAN = BackupPlan(id="all", target="v", paths=("/srv",), password="generated:a")


def service(**said: object) -> Service:
    values = {"id": "permits", "name": "Permits", "url": "https://a.example/", "hosts": ("app",)}
    return Service.model_validate(values | said)


@pytest.mark.parametrize("kind", Continuity)
def test_every_class_is_kept_by_the_schedule_that_follows_from_it(kind: Continuity) -> None:
    rpo = CLASSES[kind].rpo_hours
    assert schedule_hours(rpo) + LAG_HOURS <= rpo


def test_what_costs_more_is_never_promised_less() -> None:
    terms = [CLASSES[kind] for kind in Continuity]
    for better, worse in pairwise(terms):
        assert better.rpo_hours < worse.rpo_hours
        assert better.rto_hours < worse.rto_hours
        assert better.keep_within_days >= worse.keep_within_days
        assert better.drill_factor >= worse.drill_factor


@pytest.mark.parametrize(
    ("rpo", "hours"), [(1, 1), (3, 1), (4, 2), (5.9, 3), (6, 4), (26, 24), (25.9, 12), (500, 24)]
)
def test_the_schedule_is_the_longest_that_keeps_the_rpo(rpo: float, hours: int) -> None:
    assert schedule_hours(rpo) == hours


@pytest.mark.parametrize(
    ("at", "hours", "expected"),
    [
        ("02:30", 24, "*-*-* 02:30:00"),
        ("02:30", 2, "*-*-* 00/2:30:00"),
        ("23:05", 12, "*-*-* 11/12:05:00"),
        ("00:00", 1, "*-*-* 00/1:00:00"),
    ],
)
def test_a_schedule_as_systemd_reads_it(at: str, hours: int, expected: str) -> None:
    assert hours in SCHEDULES_HOURS
    assert calendar(at, hours) == expected


def test_of_several_services_each_promise_is_kept() -> None:
    promise = strictest(
        (service(continuity="C", rto_hours=2), service(continuity="B", rpo_hours=12))
    )
    assert (promise.continuity, promise.rpo_hours, promise.rto_hours) == (Continuity.B, 12, 2)


def test_without_a_service_a_host_is_of_class_c() -> None:
    assert strictest(()) == promise_of(service())
    assert promise_of(service()).continuity is Continuity.C


def test_a_plan_follows_its_class_and_tier_unless_it_says_otherwise() -> None:
    vital = promise_of(service(continuity="A"))
    terms = plan_terms(PLAN, vital, Tier.TOWN)
    assert (terms.every_hours, terms.keep_within_days, terms.drill_every_days) == (2, 180, 30)
    assert plan_terms(PLAN, vital, None).drill_every_days == 15
    own = PLAN.model_copy(update={"every_hours": 1, "keep_within_days": 7})
    terms = plan_terms(own, vital, Tier.VILLAGE)
    assert (terms.every_hours, terms.keep_within_days, terms.drill_every_days) == (1, 7, 45)


def test_the_shipped_lab_keeps_to_what_it_kept_to() -> None:
    entries = {entry.name: entry for entry in hosts(load_estate(SHIPPED_ESTATES / "lab"))}
    terms = {
        name: plan_terms(plan, host_promise(entry), entry.tenant.tier)
        for name, entry in entries.items()
        for plan in entry.host.backups
    }
    assert {t.every_hours for t in terms.values()} == {24}
    assert {t.keep_within_days for t in terms.values()} == {90}
    assert {n: t.promise.rpo_hours for n, t in terms.items()} == {
        "velgora-app": 26, "velgora-files": 50, "kastrava-app": 26, "aynzuhur-server": 26,
    }  # fmt: skip
