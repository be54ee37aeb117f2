"""The backup plans in force: those of managed hosts, each kept on the vault that it names."""

import pytest

from inventory.backup_plans import backup_plans, plans_kept_on
from inventory.entries import hosts
from inventory.enums import Level
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.paths import SHIPPED_ESTATES


@pytest.fixture(scope="module")
def lab() -> Estate:
    return load_estate(SHIPPED_ESTATES / "lab")


def kept(estate: Estate, vault: str) -> set[tuple[str, str]]:
    (target,) = (entry for entry in hosts(estate) if entry.name == vault)
    return {(entry.name, plan.id) for entry, plan in plans_kept_on(target)}


def test_what_is_only_watched_or_audited_is_not_backed_up(lab: Estate) -> None:
    for level in (Level.WATCH, Level.AUDIT):
        estate = lab.model_copy(update={"manage": level})
        assert all(backup_plans(entry) == () for entry in hosts(estate))
        assert kept(estate, "central-vault") == set()


def test_a_managed_host_has_the_plans_of_its_file(lab: Estate) -> None:
    plans = {entry.name: backup_plans(entry) for entry in hosts(lab)}
    assert plans == {entry.name: entry.host.backups for entry in hosts(lab)}
    assert {name for name, own in plans.items() if own} == {
        "velgora-app",
        "velgora-files",
        "kastrava-app",
        "aynzuhur-server",
    }


def test_a_vault_keeps_the_plans_that_name_it_and_no_others(lab: Estate) -> None:
    assert {name for name, _ in kept(lab, "central-vault")} == {
        "velgora-app",
        "velgora-files",
        "kastrava-app",
        "aynzuhur-server",
    }
    assert kept(lab, "central-ops") == set()
