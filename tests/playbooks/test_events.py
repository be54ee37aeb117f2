"""The events of playbooks: in check mode what would change too, and nothing of secret tasks."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.ansible import ansible_playbook

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Write
      ansible.builtin.copy: {content: "open\\n", dest: "FOLDER/open", mode: "0644"}
    - name: Keep to itself
      ansible.builtin.copy: {content: "hidden\\n", dest: "FOLDER/hidden", mode: "0600"}
      no_log: true
    - name: Show no difference
      ansible.builtin.copy: {content: "hidden\\n", dest: "FOLDER/quiet", mode: "0600"}
      diff: false
    - name: Do what nobody can predict
      ansible.builtin.command: "true"
      changed_when: true
    - name: Leave out
      ansible.builtin.command: "true"
      when: false
    - name: Have nothing to do
      ansible.builtin.command: "true"
      loop: []
    - name: Tell
      ansible.builtin.command: echo told
      check_mode: false
      changed_when: true
    - name: Go on after a failure
      block:
        - name: Fail
          ansible.builtin.command: sh -c 'echo estate.yml:37 is wrong; echo bad >&2; exit 2'
          check_mode: false
      rescue: [{ansible.builtin.meta: noop}]
    - name: Report
      ansible.builtin.set_fact: {patching_done: {held: [nginx]}, other: fact}
    - name: Report a secret
      ansible.builtin.set_fact: {isolation_done: {evidence: "hidden\\n"}}
      no_log: true
"""


@dataclass(frozen=True)
class Run:
    """One run of the play: its folder, and its tasks' events by name."""

    folder: Path
    tasks: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Run the play with arguments, once with the same ones: no test changes what it left."""

    @cache
    def once(*arguments: str) -> Run:
        folder = tmp_path_factory.mktemp("run")
        return Run(folder, tasks_of(folder, *arguments))

    return once


def tasks_of(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    (folder / "play.yml").write_text(PLAY.replace("FOLDER", str(folder)))
    events = folder / "events"
    done = ansible_playbook(
        folder / "play.yml",
        *("-i", "localhost,", *arguments),
        ANSIBLE_CALLBACKS_ENABLED="bastide_events",
        BASTIDE_EVENTS=str(events),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hidden\\n" not in events.read_text()
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    return {line["task"]: line for line in lines if line["event"] == "task"}


def test_of_facts_only_reports_are_told(run: Callable[..., Run]) -> None:
    tasks = run().tasks
    assert tasks["Report"]["patching_done"] == {"held": ["nginx"]}
    assert "other" not in tasks["Report"]
    assert "isolation_done" not in tasks["Report a secret"]


def test_check_mode_with_diffs_tells_what_would_change(run: Callable[..., Run]) -> None:
    done = run("--check", "--diff")
    tasks = done.tasks
    (written,) = tasks["Write"]["changes"]
    assert [(d["before"], d["after"]) for d in written["diff"]] == [("", "open\n")]
    assert tasks["Write"]["dest"] == f"{done.folder}/open"
    assert (tasks["Keep to itself"]["changes"], tasks["Keep to itself"]["dest"]) == ([], "")
    assert "diff" not in tasks["Show no difference"]["changes"][0]
    assert tasks["Tell"]["changes"] == [{"stdout": "told"}]
    assert not (done.folder / "open").exists()


def test_a_task_that_cannot_tell_is_named_and_one_that_is_left_out_is_not(
    run: Callable[..., Run],
) -> None:
    tasks = run("--check", "--diff").tasks
    assert tasks["Do what nobody can predict"]["outcome"] == "unpredictable"
    assert not {"Leave out", "Have nothing to do"} & tasks.keys()


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_without_diffs_results_are_written_nowhere(
    arguments: tuple[str, ...], run: Callable[..., Run]
) -> None:
    tasks = run(*arguments).tasks
    assert not any(
        "changes" in task or task["outcome"] == "unpredictable" for task in tasks.values()
    )


def test_what_failed_is_told_with_what_it_printed(run: Callable[..., Run]) -> None:
    said = run().tasks["Fail"]["message"]
    assert said.splitlines()[0] == "estate.yml:37 is wrong"
    assert "bad" in said
