"""`bastide backup`: the exit status says whether every plan could be restored today."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bastide.actions.backup_output import describe_drill, show_backups, show_drills
from bastide.actions.playbook_recap import Failure, HostRecap, Recap
from bastide.support.estate import EstateContext
from monitors.continuity.drill_history import latest_drills
from monitors.continuity.objectives import backup_objectives
from tests.bastide.context import environment_of, new_context
from tests.command import bastide_here, bastide_json
from tests.monitors.continuity.state_folder import (
    ago,
    put_bundle,
    put_drill,
    put_failed_drill,
    status_text,
)

HOST = "gornjilug-server"


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    """An estate with one plan, of which nothing is known yet."""
    return new_context(tmp_path, "127.82.0.", managed=True)


def snapshot(context: EstateContext, at: datetime) -> None:
    put_bundle(context.state, ago(minutes=1), status_text(at, host=HOST), host=HOST)


def drilled(context: EstateContext, **changed: Any) -> None:
    put_drill(context.state, ago(hours=1), host=HOST, municipality="gornjilug", **changed)


def status(context: EstateContext) -> int:
    return bastide_here("backup", "status", **environment_of(context)).returncode


def test_a_fresh_snapshot_and_a_drill_that_succeeded_are_well(context: EstateContext) -> None:
    snapshot(context, ago(minutes=30))
    drilled(context)
    assert status(context) == 0


def test_a_plan_that_was_never_drilled_is_a_finding(context: EstateContext) -> None:
    snapshot(context, ago(minutes=30))
    assert status(context) == 1


def test_a_failed_drill_is_a_finding_although_an_older_one_succeeded(
    context: EstateContext,
) -> None:
    snapshot(context, ago(minutes=30))
    drilled(context)
    put_failed_drill(context.state, ago(minutes=10), host=HOST, municipality="gornjilug")
    done = bastide_here("backup", "status", **environment_of(context))
    assert done.returncode == 1
    assert "FAILED: no snapshot" in done.stdout


def test_a_snapshot_older_than_the_rpo_is_a_finding(context: EstateContext) -> None:
    snapshot(context, ago(days=30))
    drilled(context)
    assert status(context) == 1


def test_a_host_that_was_never_audited_is_a_finding(context: EstateContext) -> None:
    drilled(context)
    done = bastide_here("backup", "status", **environment_of(context))
    assert done.returncode == 1
    assert "the host was not audited yet" in done.stdout


def test_the_status_is_json_for_programs(context: EstateContext) -> None:
    snapshot(context, ago(minutes=30))
    drilled(context)
    (plan,) = bastide_json("backup", "status", **environment_of(context))
    assert (plan["host"], plan["plan"]) == (HOST, "permits")
    assert plan["within_rpo"] is True
    assert 1800 <= plan["age_seconds"] < 7200  # the module may have been loaded long ago
    assert plan["drill"]["ok"] is True


def test_plans_are_listed_with_their_objectives(context: EstateContext) -> None:
    done = bastide_here("backup", "plan", **environment_of(context))
    assert done.returncode == 0
    assert HOST in done.stdout
    (plan,) = bastide_json("backup", "plan", **environment_of(context))
    assert plan["rpo_seconds"] > 0
    assert plan["rto_seconds"] > 0


@pytest.mark.parametrize(
    "arguments",
    [("run", "--host", "nobody"), ("drill", "--host", "nobody"), ("drill", "--plan", "nothing")],
)
def test_an_unknown_host_or_plan_is_wrong_use_and_lists_those_there_are(
    arguments: tuple[str, ...], context: EstateContext
) -> None:
    done = bastide_here("backup", *arguments, **environment_of(context))
    assert done.returncode == 2
    assert f"the estate has: {HOST} permits" in done.stderr


def backed_up(context: EstateContext, recap: Recap, capsys: pytest.CaptureFixture[str]) -> Any:
    show_backups(backup_objectives(context.estate), recap, as_json=True)
    return json.loads(capsys.readouterr().out)


def test_a_backup_that_ran_is_shown_as_such(
    context: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    recap = Recap({HOST: HostRecap(1, 1, 0, 0)})
    assert backed_up(context, recap, capsys) == [
        {"host": HOST, "plans": ["permits"], "ok": True, "error": None}
    ]


@pytest.mark.parametrize(
    "recap",
    [
        Recap({HOST: HostRecap(0, 0, 1, 0)}, (Failure(HOST, "Make", "", "disk full"),), 2),
        Recap({HOST: HostRecap(0, 1, 1, 0)}, (Failure(HOST, "Make", "", "disk full"),), 2),
        Recap({HOST: HostRecap(0, 0, 0, 1)}, (Failure(HOST, "Make", "", "disk full"),), 4),
    ],
)
def test_a_backup_that_failed_says_why(
    recap: Recap, context: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    (result,) = backed_up(context, recap, capsys)
    assert not result["ok"]
    assert result["error"] == "disk full"


@pytest.mark.parametrize("recap", [Recap(), Recap({HOST: HostRecap(1, 0, 0, 0)})])
def test_a_host_on_which_nothing_was_made_is_not_backed_up(
    recap: Recap, context: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    show_backups(backup_objectives(context.estate), recap, as_json=False)
    assert "FAILED: see the log" in capsys.readouterr().out


def test_a_drill_is_shown_with_what_it_proved_and_measured(
    context: EstateContext, capsys: pytest.CaptureFixture[str]
) -> None:
    drilled(context)
    (result,) = latest_drills(context.state)
    show_drills([result], as_json=False)
    table = capsys.readouterr().out
    assert describe_drill(result) in table
    assert str(sum(result.rows.values())) in table
    assert describe_drill(None) == "never"
