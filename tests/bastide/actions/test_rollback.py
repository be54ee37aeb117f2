"""Which hosts a run is rolled back on, and what is said of it."""

from pathlib import Path

import pytest

from bastide.actions import runs
from bastide.actions.playbook_recap import Event, HostRecap, Recap
from bastide.actions.rollback import HostUndone, Rollback, chosen_hosts, show_rollback, undone
from bastide.support.errors import CommandError
from tests.bastide.context import lab_context, new_context

RUN = "20261127T161500Z-3fa9"
CHANGED = HostRecap(2, 1, 0, 0)


def test_by_default_it_is_the_hosts_that_the_run_changed(tmp_path: Path) -> None:
    context = lab_context(tmp_path)
    hosts = {"central-ops": CHANGED, "gone-host": CHANGED}
    runs.remember(tmp_path, Recap(hosts, run=RUN), ["harden"])

    assert chosen_hosts(context, RUN, ()) == ["central-ops"]
    assert chosen_hosts(context, RUN, ("central-vault",)) == ["central-vault"]


def test_a_run_of_another_machine_is_looked_for_everywhere(tmp_path: Path) -> None:
    chosen = chosen_hosts(lab_context(tmp_path), RUN, ())
    assert {"central-ops", "central-vault"} < set(chosen)


def test_a_host_that_is_not_managed_is_refused_by_name(tmp_path: Path) -> None:
    context = new_context(tmp_path, "127.88.1.", managed=True)
    with pytest.raises(CommandError, match="nobody: expected a host at baseline or full, one of:"):
        chosen_hosts(context, RUN, ("nobody",))


def event(host: str, task: str, **more: object) -> Event:
    return {"event": "task", "host": host, "task": task, **more}


def test_only_the_task_that_changes_something_counts() -> None:
    values: dict[str, object] = {
        "things": ["file /etc/a"],
        "refusals": [],
        "stays": ["package b: needed by c"],
        "problems": [],
    }
    first = "Find what speaks against it, on all hosts before the first is changed"
    last = "Put back what the run changed"
    events: list[Event] = [
        event("a", first, **values),
        {"event": "start", "task": last},
        event("b", last),
    ]
    assert undone(events) == ()
    assert undone([*events, event("a", last, **values)]) == (
        HostUndone("a", ("file /etc/a",), (), ("package b: needed by c",)),
    )


def test_what_stays_is_no_success() -> None:
    recap = Recap({"a": CHANGED})
    assert Rollback(recap, (HostUndone("a"),)).well
    assert not Rollback(recap, (HostUndone("a", stays=("x",)),)).well
    failed = Rollback(recap, (HostUndone("a", problems=("x",)),))
    assert (failed.well, failed.complete) == (False, False)
    assert Rollback(recap, (HostUndone("a", stays=("x",)),)).complete
    assert not Rollback(Recap({"a": CHANGED}, returncode=2), (HostUndone("a"),)).well


def test_it_prints_what_was_put_back_and_what_was_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    values = ("/etc/a: changed",), ("package c: d",), ("/etc/e: no space",)
    host = HostUndone("a", ("file /etc/a", "unit b"), *values)
    show_rollback(Rollback(Recap({"a": CHANGED}, run=RUN), (host, HostUndone("b"))), dry=False)
    assert capsys.readouterr().out.splitlines() == [
        "a: 2 put back",
        "  file /etc/a",
        "  unit b",
        "  in spite of: /etc/a: changed",
        "  STAYS: package c: d",
        "  FAILED: /etc/e: no space",
        "b: 0 put back",
    ]


def test_a_dry_run_says_would(capsys: pytest.CaptureFixture[str]) -> None:
    result = Rollback(Recap({"a": CHANGED}, run=RUN), (HostUndone("a", ("file /etc/a",)),))
    show_rollback(result, dry=True)
    assert capsys.readouterr().out == "a: 1 would be put back\n  file /etc/a\n"
