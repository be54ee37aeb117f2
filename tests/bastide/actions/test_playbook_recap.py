"""A recap out of the events that a real run of ansible-playbook wrote."""

import json
from pathlib import Path
from typing import Any

from bastide.actions.playbook_recap import Failure, HostRecap, PlaybookTime, read_recap

CASES = Path(__file__).parent / "cases"


def recorded() -> list[dict[str, Any]]:
    """One host is unreachable, one fails at its fourth task, one finishes."""
    text = (CASES / "failing_playbook.events.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_host_has_its_counts() -> None:
    recap = read_recap(recorded(), lambda event: None)
    assert recap.hosts == {
        "town-app": HostRecap(ok=3, changed=2, failed=1, unreachable=0),
        "town-edge": HostRecap(ok=0, changed=0, failed=0, unreachable=1),
        "town-files": HostRecap(ok=4, changed=3, failed=0, unreachable=0),
    }
    assert {name for name, host in recap.hosts.items() if host.finished} == {"town-files"}


def test_a_host_says_what_failed_before_what_changed() -> None:
    hosts = read_recap(recorded(), lambda event: None).hosts
    assert str(hosts["town-app"]) == "1 failed, 2 changed"
    assert str(hosts["town-edge"]) == "1 unreachable, nothing to change"
    assert str(hosts["town-files"]) == "3 changed"


def test_failures_have_host_task_and_message_and_what_is_ignored_is_none() -> None:
    unreachable, failed = read_recap(recorded(), lambda event: None).failures
    assert unreachable.host == "town-edge"
    assert "Connection refused" in unreachable.message
    assert failed == Failure(
        "town-app",
        "Ask the service",
        "/srv/bastide/playbooks/example.yml:17",
        "the service does not answer",
    )


def test_changed_tasks_are_listed_by_host_in_the_order_they_came() -> None:
    assert read_recap(recorded(), lambda event: None).changed_tasks == (
        "town-files: Write a file",
        "town-app: Write a file",
        "town-app: Fail softly",
        "town-files: Fail softly",
        "town-files: Write another file",
    )


def test_every_event_is_handed_on_as_it_comes() -> None:
    handed: list[dict[str, Any]] = []
    read_recap(recorded(), handed.append)
    assert handed == recorded()


def test_a_run_that_ended_before_its_recap_knows_no_host() -> None:
    recap = read_recap(recorded()[:3], lambda event: None)
    assert recap.hosts == {}
    assert [failure.host for failure in recap.failures] == ["town-edge"]


def test_a_host_that_failed_in_an_earlier_play_is_not_ok_whatever_the_status_says() -> None:
    recap = read_recap(recorded(), lambda event: None)
    assert recap.returncode == 0
    assert not recap.ok


def test_each_playbook_has_its_seconds_and_tasks() -> None:
    task = {"event": "task", "host": "a", "task": "t", "outcome": "ok"}
    events = [
        {"at": 10.0, "event": "playbook", "name": "configure.yml"},
        {"at": 10.5, "event": "start", "task": "t"},
        {"at": 12.0, **task},
        {"at": 13.0, "event": "playbook", "name": "harden.yml"},
        {"at": 14.0, **task},
        {"at": 15.5, **task},
        {"at": 16.0, "event": "recap", "hosts": {}},
    ]
    assert read_recap(events, lambda event: None).playbooks == (
        PlaybookTime("configure.yml", 2.0, 1),
        PlaybookTime("harden.yml", 3.0, 2),
    )
