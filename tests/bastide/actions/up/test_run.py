"""One run of `up`: what it prints for programs and its exit status say the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from bastide.actions.playbook_recap import HostRecap, Recap
from bastide.actions.prometheus import Alert, ScrapeTarget
from bastide.actions.status import Finding, Status
from bastide.actions.up.results import StageResults, UpRun
from bastide.actions.up.run import as_json_values, exit_of
from bastide.actions.up.summary import headline, rows
from bastide.support.errors import Exit
from bastide.support.progress import Progress
from infra.engine import EngineResult
from inventory.entries import hosts
from tests.bastide.context import new_context
from tests.monitors.continuity.state_folder import ago, put_drill

TARGETS = (
    ScrapeTarget("node", {"host": "town-app"}, "up", ""),
    ScrapeTarget("snmp", {"device": "town-switch"}, "down", "timeout"),
)
ALERT = Alert("HostDown", {"severity": "page"}, {})


def status(*, wrong: tuple[str, ...] = (), alerts: tuple[Alert, ...] = ()) -> Status:
    findings = tuple(Finding(text.split(":")[0], text) for text in wrong)
    return Status("http://ops:9090", "http://ops:9093", TARGETS, findings, alerts)


@pytest.fixture
def up(tmp_path: Path) -> UpRun:
    return UpRun(new_context(tmp_path, "127.87.0.", managed=True), Progress())


@pytest.mark.parametrize(
    ("results", "exit_status"),
    [
        (StageResults(status=status()), Exit.WELL),
        (StageResults(status=status(wrong=("town-switch: snmp target is down",))), Exit.FINDINGS),
        (StageResults(status=status(alerts=(ALERT,))), Exit.FINDINGS),
        (StageResults(), Exit.FINDINGS),
    ],
    ids=["well", "target down", "alert", "nothing known"],
)
def test_well_and_exit_0_are_the_same_thing(
    results: StageResults, exit_status: Exit, up: UpRun
) -> None:
    assert exit_of(results) is exit_status
    assert as_json_values(up, results, 1.0)["well"] is (exit_status is Exit.WELL)


def test_what_is_not_well_is_named(up: UpRun) -> None:
    values = as_json_values(up, StageResults(status=status(wrong=("x",), alerts=(ALERT,))), 1.0)
    assert values["wrong"] == ["x"]
    assert values["alerts"] == ["HostDown"]


def test_what_changed_is_counted_without_what_stayed_as_it_was(up: UpRun) -> None:
    changes = {"create": 2, "update": 1, "same": 30, "read": 4, "refresh": 5}
    recap = Recap(
        {"a": HostRecap(9, 2, 0, 0), "b": HostRecap(9, 0, 0, 0)}, changed_tasks=("a: x", "a: y")
    )
    results = StageResults(provisioned=EngineResult(changes, {}, (), ok=True), recaps=(recap,))
    values = as_json_values(up, results, 2.5)
    assert values["changed_resources"] == 3
    assert values["changed_tasks"] == 2
    assert values["changed"] == ["a: x", "a: y"]
    assert values["seconds"] == 2.5
    assert headline(results) == "3 resources, 2 tasks changed"
    assert headline(StageResults()) == "nothing changed"


def test_the_summary_says_what_is_up_and_what_was_proved(up: UpRun) -> None:
    put_drill(up.context.state, ago(hours=1))
    summary = dict(rows(up, StageResults(status=status(alerts=(ALERT,))), 12.4))
    assert summary["hosts"] == "1 of 1 up; 1 of 2 Prometheus targets up"
    assert summary["alerts"] == "HostDown"
    assert summary["drill"] == "none of 0 proved a restore"
    assert summary["snapshots"] == "0 of 1 plans have one"
    assert summary["took"] == "12 s"
    assert "report" not in summary


def test_one_municipality_is_brought_up_with_central_and_no_other(up: UpRun) -> None:
    one = replace(up, municipality="gornjilug")
    names = {entry.name for entry in hosts(up.context.estate)}
    assert {entry.name for entry in up.chosen(hosts(up.context.estate))} == names
    assert {e.tenant.id for e in one.chosen(hosts(up.context.estate))} == {"gornjilug", "central"}
    other = replace(up, municipality="other")
    assert {e.tenant.id for e in other.chosen(hosts(up.context.estate))} == {"central"}
    assert (up.limit, one.limit) == ((), ("--limit", "gornjilug:central"))
