"""`bastide playbook`: a recap per host, for people and for programs."""

import json
from pathlib import Path

import pytest

from bastide.actions.playbook_recap import HostRecap, Recap, read_recap
from bastide.actions.runs import remember
from bastide.commands.playbook import as_json_values, show
from tests.bastide.actions.test_playbook_recap import recorded
from tests.bastide.context import environment_of, new_context
from tests.command import bastide_here


def test_every_host_has_a_row_whether_it_finished_or_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(read_recap(recorded(), lambda event: None))
    lines = capsys.readouterr().out.splitlines()
    numbers = {
        cells[0].strip(): [cell.strip() for cell in cells[1:5]]
        for line in lines
        if line.startswith("│") and (cells := line.strip("│").split("│"))
    }
    assert numbers == {
        "town-app": ["3", "2", "1", "0"],
        "town-edge": ["0", "0", "0", "1"],
        "town-files": ["4", "3", "0", "0"],
    }


def test_programs_get_the_counts_and_the_failures() -> None:
    values = as_json_values(read_recap(recorded(), lambda event: None))
    assert values["changed"] == {"town-app": 2, "town-edge": 0, "town-files": 3}
    assert values["hosts"]["town-edge"]["unreachable"] == 1
    assert [failure["host"] for failure in values["failures"]] == ["town-edge", "town-app"]
    json.dumps(values)


def test_hosts_that_cannot_be_reached_are_findings_with_a_recap(tmp_path: Path) -> None:
    context = new_context(tmp_path, "127.88.0.", managed=True)
    done = bastide_here(
        "playbook", "run", "backup", "--limit", "gornjilug-server", **environment_of(context)
    )
    assert done.returncode == 1
    (row,) = (line for line in done.stdout.splitlines() if "gornjilug-server" in line)
    assert row.count("1") == 1
    assert f"log: {context.state}/logs/backup.log" in done.stdout


def test_a_first_run_makes_the_keys_that_the_playbooks_install(tmp_path: Path) -> None:
    context = new_context(tmp_path, "127.88.0.", managed=True)
    bastide_here(
        "playbook", "run", "configure", "--limit", "gornjilug-server", **environment_of(context)
    )
    assert (context.state / "ssh" / "audit.pub").exists()


def test_an_unknown_playbook_is_wrong_use() -> None:
    done = bastide_here("playbook", "run", "nothing", "--estate", "lab")
    assert done.returncode == 2
    assert "expected one of: backup, collect" in done.stderr


def test_runs_are_listed_and_say_how_to_be_undone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = new_context(tmp_path, "127.88.0.")
    environment = environment_of(context)
    assert bastide_here("playbook", "runs", "--json", **environment).stdout == "[]\n"
    recap = Recap({"gornjilug-server": HostRecap(2, 1, 0, 0)}, run="20261127T161500Z-3fa9")
    remember(context.state, recap, ["harden"])

    assert "20261127T161500Z-3fa9" in bastide_here("playbook", "runs", **environment).stdout
    (run,) = json.loads(bastide_here("playbook", "runs", "--json", **environment).stdout)
    assert run["changed"] == {"gornjilug-server": 1}

    show(recap)
    assert "undo: bastide playbook rollback 20261127T161500Z-3fa9" in capsys.readouterr().out


def test_where_no_host_is_managed_no_run_can_be_rolled_back(tmp_path: Path) -> None:
    context = new_context(tmp_path, "127.88.0.")
    done = bastide_here(
        "playbook", "rollback", "x", "--host", "gornjilug-server", **environment_of(context)
    )
    assert done.returncode == 2
    assert "expected a host at baseline or full" in done.stderr
