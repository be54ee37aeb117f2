"""The chain is safe to repeat: what is right already is left alone."""

import pytest

from bastide.support.estate import EstateContext
from tests.command import bastide, bastide_json
from tests.lab_findings import unwell
from tests.lab_ssh import on

pytestmark = pytest.mark.lab


def newest_change(lab: EstateContext, host: str) -> str:
    """Return when a host says that something which audits judge was last changed."""
    command = "systemctl start bastide-changes; cat /var/lib/prometheus/node-exporter/changes.prom"
    return on(lab, host, command)


def test_a_second_up_changes_nothing_and_asks_for_no_audit(lab: EstateContext) -> None:
    hosts = ("velgora-app", "central-vault")
    before = [newest_change(lab, host) for host in hosts]
    result = bastide_json("up", "--estate", "lab")
    assert [newest_change(lab, host) for host in hosts] == before
    assert result["changed"] == []
    assert result["changed_tasks"] == 0
    assert result["changed_resources"] == 0


def test_a_preview_of_what_is_up_has_nothing_to_do(lab: EstateContext) -> None:
    result = bastide_json("infra", "preview", "--estate", "lab")
    assert set(result["changes"]) == {"same"}


def test_status_is_well_when_everything_is_up(lab: EstateContext) -> None:
    done = bastide("status", "--estate", "lab")
    assert done.returncode == 0, unwell(lab)


def test_every_device_answers(lab: EstateContext) -> None:
    done = bastide("snmp", "poll", "--estate", "lab")
    assert done.returncode == 0, done.stdout


def test_hardening_raises_the_score(lab: EstateContext) -> None:
    before, after = (
        bastide_json("audit", "show", "--estate", "lab", "--label", label)
        for label in ("before", "after")
    )
    assert after["counts"]["pass"] > before["counts"]["pass"]
    assert after["counts"].get("error", 0) == 0


def test_every_plan_has_a_snapshot_and_was_drilled(lab: EstateContext) -> None:
    plans = bastide_json("backup", "status", "--estate", "lab")
    assert plans
    assert all(plan["last_snapshot"] for plan in plans)
    assert all(plan["drill"]["rto_seconds"] > 0 for plan in plans)
