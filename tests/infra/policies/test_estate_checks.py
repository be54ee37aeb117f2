"""What policies find in an estate, and where they find nothing."""

from ipaddress import ip_network
from typing import Any

import pytest

from infra.policies.estate_checks import (
    copies_on_their_site,
    nobody_to_ask,
    open_management,
    too_large,
)
from infra.policies.model import Check
from inventory.enums import Access, Level, ProviderName
from inventory.model.estate import Estate
from inventory.model.hosts import BackupPlan, Listen
from inventory.model.hypervisors import OwnMachine
from inventory.tiers import MACHINE_SIZES
from tests.infra.policies.estates import LAB, PILOT, with_host


def found(check: Check, estate: Estate) -> list[tuple[str, str]]:
    return [(one.problem.subject, one.problem.found) for one in check(estate, ())]


@pytest.mark.parametrize("estate", [LAB, PILOT], ids=["lab", "pilot"])
@pytest.mark.parametrize("check", [copies_on_their_site, open_management, nobody_to_ask, too_large])
def test_the_shipped_estates_hold_every_policy(estate: Estate, check: Check) -> None:
    assert found(check, estate) == []


def plan(**change: Any) -> BackupPlan:
    fields = {"id": "home", "target": "velgora-files", "paths": ["/srv/a"], "password": "env:A"}
    return BackupPlan.model_validate(fields | change)


def test_a_copy_on_its_source_s_own_site_is_told() -> None:
    estate = with_host(LAB, "velgora-app", backups=(plan(),))
    assert found(copies_on_their_site, estate) == [
        ("velgora-app", "plan home is kept on velgora-files, on the same site hall")
    ]


def test_a_second_copy_elsewhere_is_enough() -> None:
    away = plan(id="away", target="central-vault")
    assert not found(copies_on_their_site, with_host(LAB, "velgora-app", backups=(plan(), away)))


@pytest.mark.parametrize(
    "away",
    [plan(id="away", target="central-vault", paths=["/srv/b"]), plan(id="away", database="a")],
    ids=["of another folder", "on the same site"],
)
def test_a_second_copy_of_something_else_is_not(away: BackupPlan) -> None:
    assert found(copies_on_their_site, with_host(LAB, "velgora-app", backups=(plan(), away)))


def test_a_database_without_a_copy_elsewhere_is_told() -> None:
    near = plan(paths=[], database="permits")
    away = plan(id="away", target="central-vault", paths=["/srv/a"])
    assert found(copies_on_their_site, with_host(LAB, "velgora-app", backups=(near, away)))


def test_what_bastide_does_not_back_up_is_not_judged() -> None:
    estate = with_host(LAB, "velgora-app", backups=(plan(),), manage=Level.AUDIT)
    assert not found(copies_on_their_site, estate)


def listening(port: int, access: Access = Access.ANYWHERE, **more: Any) -> Estate:
    listen = Listen(port=port, access=access, name="remote")
    return with_host(LAB, "velgora-app", listens=(listen,), **more)


def test_a_management_port_for_anybody_is_told() -> None:
    assert found(open_management, listening(3389)) == [
        ("velgora-app", "RDP at tcp port 3389 for anywhere")
    ]


@pytest.mark.parametrize(
    "estate",
    [
        listening(3389, Access.MANAGEMENT),
        listening(3389, Access.ESTATE),
        listening(443),
        listening(3389, manage=Level.WATCH),
    ],
    ids=["for administrators", "for the estate", "of no management", "of what is only watched"],
)
def test_other_ports_are_not(estate: Estate) -> None:
    assert found(open_management, estate) == []


@pytest.mark.parametrize(("network", "told"), [("51.0.0.0/8", True), ("51.20.0.0/16", False)])
def test_administrators_who_may_come_from_half_the_world_are_told(network: str, told: bool) -> None:
    estate = LAB.model_copy(update={"management": (*LAB.management, ip_network(network))})
    assert any("51." in text for _, text in found(open_management, estate)) == told


def test_a_wide_private_network_is_nobody_else_s() -> None:
    estate = LAB.model_copy(update={"management": (ip_network("10.0.0.0/8"),)})
    assert found(open_management, estate) == []


def test_an_owner_whom_nobody_can_reach_is_told() -> None:
    town = LAB.municipalities[0]
    silent = town.contacts[0].model_copy(update={"email": None, "phone": None})
    changed = town.model_copy(update={"contacts": (silent, *town.contacts[1:])})
    estate = LAB.model_copy(update={"municipalities": (changed, *LAB.municipalities[1:])})
    assert [subject for subject, _ in found(nobody_to_ask, estate)] == [town.municipality]

    phone = silent.model_copy(update={"phone": "+381 64 123456"})
    changed = town.model_copy(update={"contacts": (phone,)})
    estate = LAB.model_copy(update={"municipalities": (changed, *LAB.municipalities[1:])})
    assert found(nobody_to_ask, estate) == []


def test_a_machine_far_above_its_tier_s_size_is_told_and_four_times_that_is_not() -> None:
    tier = next(t.tier for t in LAB.municipalities if t.municipality == "velgora")
    usual = MACHINE_SIZES[tier]
    most = 4 * usual.memory_mib
    assert found(too_large, with_host(LAB, "velgora-app", memory_mib=most)) == []
    above = with_host(LAB, "velgora-app", memory_mib=most + 1)
    told = f"{most + 1} MiB of memory (usual: {usual.memory_mib})"
    assert found(too_large, above) == [("velgora-app", told)]
    assert found(too_large, with_host(LAB, "central-ops", memory_mib=32769))


def test_processors_and_the_system_s_disk_are_held_as_well() -> None:
    machine = OwnMachine(cpus=64, disk_gib=2000)
    (told,) = found(too_large, with_host(LAB, "velgora-app", machine=machine))
    assert "64 processors" in told[1]
    assert "2000 GiB of system disk" in told[1]


def test_the_size_of_a_machine_that_is_there_already_is_its_owner_s_matter() -> None:
    large = {"memory_mib": 10**6, "provider": ProviderName.EXISTING}
    assert found(too_large, with_host(LAB, "velgora-app", **large)) == []
