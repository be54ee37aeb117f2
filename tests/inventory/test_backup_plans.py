"""The backup plans in force: those of managed hosts, each kept on the vault that it names."""

from pathlib import Path

import pytest

from inventory.backup_plans import backup_plans, copies_kept_on, pulled_by
from inventory.entries import hosts
from inventory.enums import Level
from inventory.hostvars import host_variables
from inventory.load import load_estate
from inventory.logins import logins
from inventory.model.estate import Estate
from inventory.outputs import Outputs
from inventory.paths import SHIPPED_ESTATES
from tests.inventory.test_load import edited_lab


@pytest.fixture(scope="module")
def lab() -> Estate:
    return load_estate(SHIPPED_ESTATES / "lab")


def with_second_targets(folder: Path) -> Path:
    """The lab with two more vaults: one pulls for a town, one for a plan that names it."""
    made = edited_lab(folder, {"file": "central.yml", "find": "ops", "write": "ops"})
    towns = made / "municipalities"
    edits = {
        "kastrava.yml": [
            ("tier: town\n", "tier: town\nsecond_target: velgora-files\n"),
            ("roles: [web, database]", "roles: [web, database, vault]"),
        ],
        "velgora.yml": [
            ("roles: [file_server]", "roles: [file_server, vault]"),
            ("database: permits\n", "database: permits\n        second_target: kastrava-app\n"),
        ],
    }
    for name, pairs in edits.items():
        text = (towns / name).read_text()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        (towns / name).write_text(text)
    return made


def kept(estate: Estate, vault: str) -> set[tuple[str, str]]:
    (target,) = (entry for entry in hosts(estate) if entry.name == vault)
    return {(copy.client.name, copy.plan.id) for copy in copies_kept_on(target)}


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


def test_a_second_target_keeps_what_it_pulls_and_the_plans_own_word_goes_before_the_towns(
    tmp_path: Path,
) -> None:
    estate = load_estate(with_second_targets(tmp_path))
    by_name = {entry.name: entry for entry in hosts(estate)}
    pulled = {(copy.name, copy.pulled_from) for copy in copies_kept_on(by_name["velgora-files"])}
    assert pulled == {("kastrava-app/permits", "central-vault")}
    assert kept(estate, "kastrava-app") == {("velgora-app", "permits")}
    assert pulled_by(by_name["central-vault"]) == {
        "velgora-files": ["kastrava-app/permits"],
        "kastrava-app": ["velgora-app/permits"],
    }
    assert pulled_by(by_name["velgora-files"]) == {}
    assert ("kastrava-app", "permits") in kept(estate, "central-vault")
    second, first = (by_name[name] for name in ("velgora-files", "central-vault"))
    assert {login.account for login in logins(first)} - {
        login.account for login in logins(second)
    } == {"bastide-pull", "bastide-witness"}
    variables = host_variables(by_name["kastrava-app"], tmp_path, tmp_path, Outputs(estate="lab"))
    (plan,) = variables["bastide_backups"]
    assert [copy["target"] for copy in plan["copies"]] == ["velgora-files"]
