"""plans_to_drill: which plans restore_drill.yml restores now."""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inventory.entries import hosts
from inventory.hostvars import host_variables
from inventory.load import find_estate, load_estate
from inventory.outputs import Outputs
from monitors.continuity.objectives import BackupObjectives, backup_objectives
from tests.inventory.test_backup_plans import with_second_targets
from tests.inventory.test_buckets import TOWN, with_bucket
from tests.monitors.continuity.state_folder import ago, put_drill, put_failed_drill
from tests.own_estate import RIVER
from tests.playbooks.ansible import PLAYBOOKS

FILTERS = runpy.run_path(str(PLAYBOOKS / "filter_plugins" / "drills.py"))[
    "FilterModule"
]().filters()
PLANS_TO_DRILL: Callable[..., list[dict[str, Any]]] = FILTERS["plans_to_drill"]
# More than a whole run of the tests takes: times are counted from its start.
DAY_SECONDS = 24 * 3600
FOLDER = find_estate("lab")
ESTATE = load_estate(FOLDER)
PLANS = backup_objectives(ESTATE)
HOSTVARS = {
    entry.name: host_variables(entry, FOLDER, Path("/state"), Outputs(estate="lab"))
    for entry in hosts(ESTATE)
}


def due(state: Path, **options: Any) -> set[tuple[str, str]]:
    """Return host and plan of what is to be drilled."""
    plans = PLANS_TO_DRILL(HOSTVARS, str(state), str(FOLDER), **options)
    return {(plan["host"], plan["plan"]) for plan in plans}


def names(*plans: BackupObjectives) -> set[tuple[str, str]]:
    return {(plan.host, plan.plan) for plan in plans}


def drilled(state: Path, plan: BackupObjectives, seconds: float, *, ok: bool = True) -> None:
    """Save the result of a drill that started some seconds ago."""
    put = put_drill if ok else put_failed_drill
    put(state, ago(seconds=seconds), **plan.labels)


def test_a_plan_that_the_inventory_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no backup plan nothing of any$"):
        due(tmp_path, plan="nothing")
    with pytest.raises(ValueError, match=r"no backup plan at all of central-ops$"):
        due(tmp_path, host="central-ops")


def test_an_estate_without_plans_has_nothing_to_drill(tmp_path: Path) -> None:
    assert PLANS_TO_DRILL({}, str(tmp_path), str(RIVER)) == []


@pytest.mark.parametrize("name", ["collector", "drills", "secrets"])
def test_a_filter_finds_the_project_wherever_ansible_runs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", ["/nowhere", *sys.path])
    runpy.run_path(str(PLAYBOOKS / "filter_plugins" / f"{name}.py"))
    assert sys.path[:2] == [str(PLAYBOOKS.parent), "/nowhere"]


def test_what_was_never_drilled_is_due(tmp_path: Path) -> None:
    assert len(PLANS) > 2
    assert due(tmp_path) == names(*PLANS)


def test_a_plan_that_was_restored_of_late_is_not_due(tmp_path: Path) -> None:
    drilled(tmp_path, PLANS[0], 60)
    assert due(tmp_path) == names(*PLANS[1:])


def test_a_drill_that_failed_does_not_count(tmp_path: Path) -> None:
    drilled(tmp_path, PLANS[0], 60, ok=False)
    assert due(tmp_path) == names(*PLANS)


def test_how_often_is_the_tiers_word_unless_another_is_given(tmp_path: Path) -> None:
    drilled(tmp_path, PLANS[0], PLANS[0].drill_every_seconds + DAY_SECONDS)
    drilled(tmp_path, PLANS[1], PLANS[1].drill_every_seconds - DAY_SECONDS)

    assert due(tmp_path) == names(PLANS[0], *PLANS[2:])
    assert due(tmp_path, max_age_seconds="3600") == names(*PLANS)
    assert due(tmp_path, max_age_seconds=10**9) == names(*PLANS[2:])


def test_force_takes_all_and_names_narrow_it_down(tmp_path: Path) -> None:
    for plan in PLANS:
        drilled(tmp_path, plan, 60)

    assert due(tmp_path) == set()
    assert due(tmp_path, force=True) == names(*PLANS)
    assert due(tmp_path, force=True, host=PLANS[0].host) == names(PLANS[0])
    assert due(tmp_path, host=PLANS[0].host) == set()


def test_a_plan_comes_with_the_arguments_of_the_drill_program(tmp_path: Path) -> None:
    first = PLANS[0]
    (plan,) = PLANS_TO_DRILL(HOSTVARS, str(tmp_path), str(FOLDER), host=first.host)

    assert plan["municipality"] == first.municipality
    assert plan["rpo_seconds"] == first.rpo_seconds
    (declared,) = HOSTVARS[first.host]["bastide_backups"]
    assert {key: plan[key] for key in declared} == declared
    assert plan["earlier"] == "{}"
    assert {"database", "target_address", "password_file"} <= set(plan)


def test_a_plan_comes_with_what_its_last_good_drill_counted(tmp_path: Path) -> None:
    first = PLANS[0]
    counted = {
        "files_verified": 40,
        "files_moved": 4,
        "bytes_restored": 9000,
        "rows": {"public.permits": 360},
    }
    put_drill(tmp_path, ago(seconds=120), **first.labels, **counted)
    drilled(tmp_path, first, 60, ok=False)
    (plan,) = PLANS_TO_DRILL(HOSTVARS, str(tmp_path), str(FOLDER), host=first.host, force=True)
    assert json.loads(plan["earlier"]) == {
        "files": 44,
        "octets": 9000,
        "rows": {"public.permits": 360},
    }
    assert plan["keep_seconds"] == first.keep_seconds


@pytest.fixture(scope="module")
def second_targets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The lab with second targets, and what Ansible knows of its hosts."""
    folder = with_second_targets(tmp_path_factory.mktemp("second"))
    told = {
        entry.name: host_variables(entry, folder, Path("/state"), Outputs(estate="lab"))
        for entry in hosts(load_estate(folder))
    }
    return folder, told


def test_a_copy_in_a_bucket_comes_with_its_reader_and_is_put_there_first(tmp_path: Path) -> None:
    folder = with_bucket(tmp_path, TOWN)
    told = {
        entry.name: host_variables(entry, folder, Path("/state"), Outputs(estate="lab"))
        for entry in hosts(load_estate(folder))
    }
    asked = {"host": "velgora-app", "force": True, "target": "offsite"}
    (plan,) = PLANS_TO_DRILL(told, str(tmp_path), str(folder), **asked)
    assert (plan["target"], plan["target_address"], plan["first"]) == ("offsite", "", True)
    assert plan["bucket"]["access_key"] == "reader"
    assert plan["filled"] == {"on": "central-vault", "by": "bastide-vault-push.service"}
    every = PLANS_TO_DRILL(told, str(tmp_path), str(folder), host="velgora-app")
    assert [(plan["target"], plan["bucket"] != {}) for plan in every] == [
        ("central-vault", False),
        ("offsite", True),
    ]


def test_a_second_copy_comes_with_its_own_address_and_as_one_to_pull_first(
    tmp_path: Path, second_targets: tuple[Path, dict[str, Any]]
) -> None:
    folder, told = second_targets
    asked = {"host": "velgora-app", "plan": "permits"}
    first, second = PLANS_TO_DRILL(told, str(tmp_path), str(folder), **asked)
    assert (first["target"], first["filled"]) == ("central-vault", {})
    assert first["target_address"] == told["central-vault"]["bastide_address"]
    assert (second["target"], second["first"]) == ("kastrava-app", True)
    assert second["filled"] == {"on": "kastrava-app", "by": "bastide-vault-pull.service"}
    assert second["target_address"] == told["kastrava-app"]["bastide_address"]
    assert second["password_file"] == first["password_file"]

    put_drill(tmp_path, ago(seconds=60), **asked, target="central-vault")
    put_drill(tmp_path, ago(seconds=50), **asked, target="kastrava-app")
    assert PLANS_TO_DRILL(told, str(tmp_path), str(folder), **asked) == []
    (turn,) = PLANS_TO_DRILL(told, str(tmp_path), str(folder), force=True, **asked)
    assert (turn["target"], turn["first"]) == ("central-vault", False)
    (named,) = PLANS_TO_DRILL(told, str(tmp_path), str(folder), target="kastrava-app", **asked)
    assert named["target"] == "kastrava-app"
    with pytest.raises(ValueError, match=r"permits of velgora-app with a copy on central-ops$"):
        PLANS_TO_DRILL(told, str(tmp_path), str(folder), target="central-ops", **asked)
