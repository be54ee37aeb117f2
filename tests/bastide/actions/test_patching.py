"""The plan of updates for people and programs, and what is read out of a run."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bastide.actions.patching import HostPatched, Patching, patched, plan
from bastide.actions.playbook_recap import Event, HostRecap, Recap
from bastide.support.errors import CommandError
from inventory.model.estate import Estate
from inventory.model.restart_window import RestartWindow
from tests.bastide.context import environment_of, lab_context
from tests.command import bastide_here, bastide_json
from tests.monitors.audit.estates import lab

# A Tuesday.
NOW = datetime(2027, 1, 5, 1, 30, tzinfo=UTC)
REPORT = {
    "packages": ["openssl"],
    "held": ["linux-image-amd64"],
    "restart_due": ["updated: linux-image"],
    "restarted": False,
    "restart_waits": "outside the maintenance window",
    "problem": "",
}


def with_window(**values: object) -> Estate:
    window = RestartWindow.model_validate({"timezone": "Europe/Belgrade", **values})
    return lab().model_copy(update={"maintenance": window})


def test_a_plan_says_of_each_host_when_it_may_be_restarted() -> None:
    closed = plan(lab(), (), NOW).restarts
    assert set(closed.values()) == {"never: no maintenance window"}
    opened = plan(with_window(start="02:00", end="04:00"), (), NOW).restarts
    assert set(opened.values()) == {"now, for 90 min"}
    later = plan(with_window(start="01:00", end="02:00", days=["sunday"]), (), NOW).restarts
    assert set(later.values()) == {"from Sun 2027-01-10 01:00 Europe/Belgrade"}


def test_only_hosts_that_may_be_changed_can_be_named() -> None:
    assert plan(lab(), ("velgora-app", "velgora-edge"), NOW).hosts == (
        "velgora-app",
        "velgora-edge",
    )
    with pytest.raises(CommandError, match="nobody: expected a host at baseline or full, one of:"):
        plan(lab(), ("velgora-app", "nobody"), NOW)


def test_hosts_that_are_only_watched_are_named_with_their_level() -> None:
    first, *others = lab().municipalities
    estate = lab().model_copy(
        update={"municipalities": (first.model_copy(update={"manage": "watch"}), *others)}
    )
    planned = plan(estate, (), NOW)
    watched = {f"{first.municipality}-{host.id}": "watch" for host in first.hosts}
    assert planned.left_alone == watched
    assert not watched.keys() & set(planned.hosts)


def test_the_command_shows_steps_and_says_the_same_as_json(tmp_path: Path) -> None:
    environment = environment_of(lab_context(tmp_path / "state" / "lab"))
    done = bastide_here(
        "patch", "plan", "--host", "velgora-app", "--host", "kastrava-app", **environment
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("│")[1:-1] for line in done.stdout.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row[:3]] for row in rows] == [
        ["1", "canary", "velgora-app"],
        ["2", "towns", "kastrava-app"],
    ]
    assert {row[3].strip() for row in rows} == {"never: no maintenance window"}
    values = bastide_json("patch", "plan", "--host", "velgora-app", **environment)
    assert values["waves"] == [{"name": "canary", "batches": [["velgora-app"]]}]


def test_naming_an_unknown_host_is_wrong_use(tmp_path: Path) -> None:
    environment = environment_of(lab_context(tmp_path / "state" / "lab"))
    for command in ("plan", "run"):
        done = bastide_here("patch", command, "--host", "nobody", **environment)
        assert done.returncode == 2
        assert "nobody: expected a host at baseline or full" in done.stderr


def test_what_the_playbook_reports_is_read_and_nothing_else() -> None:
    events: list[Event] = [
        {"event": "start", "task": "Report what was done"},
        {"event": "task", "host": "a", "task": "Report what was done", "patching_done": REPORT},
        {"event": "task", "host": "b", "task": "Install the updates"},
    ]
    (host,) = patched(events)
    assert host == HostPatched(
        "a",
        ("openssl",),
        ("linux-image-amd64",),
        ("updated: linux-image",),
        restart_waits="outside the maintenance window",
    )
    row = host.as_row()
    assert row.cells == (
        "a",
        "1",
        "linux-image-amd64",
        "due (updated: linux-image); outside the maintenance window",
        "",
    )
    assert not row.bad
    broken = HostPatched("a", restarted=True, problem="broken")
    assert broken.as_row().bad
    assert broken.as_row().cells[3] == "restarted"
    assert broken.as_row(dry=True).cells[3] == "would be restarted"


def test_hosts_that_are_left_are_no_success() -> None:
    recap = Recap({"a": HostRecap(2, 1, 0, 0)})
    assert Patching(recap, (HostPatched("a"),), ()).well
    assert not Patching(recap, (HostPatched("a"),), ("b",)).well
    assert not Patching(Recap(returncode=2), (), ()).well
