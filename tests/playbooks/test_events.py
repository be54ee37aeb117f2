"""The events of playbooks: in check mode what would change too, and nothing of secret tasks."""

import json
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


def run(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """Run the play and return its tasks' events by name."""
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


def test_of_facts_only_reports_are_told(tmp_path: Path) -> None:
    tasks = run(tmp_path)
    assert tasks["Report"]["patching_done"] == {"held": ["nginx"]}
    assert "other" not in tasks["Report"]
    assert "isolation_done" not in tasks["Report a secret"]


def test_check_mode_with_diffs_tells_what_would_change(tmp_path: Path) -> None:
    tasks = run(tmp_path, "--check", "--diff")
    (written,) = tasks["Write"]["changes"]
    assert [(d["before"], d["after"]) for d in written["diff"]] == [("", "open\n")]
    assert tasks["Write"]["dest"] == f"{tmp_path}/open"
    assert (tasks["Keep to itself"]["changes"], tasks["Keep to itself"]["dest"]) == ([], "")
    assert "diff" not in tasks["Show no difference"]["changes"][0]
    assert tasks["Tell"]["changes"] == [{"stdout": "told"}]
    assert not (tmp_path / "open").exists()


def test_a_task_that_cannot_tell_is_named_and_one_that_is_left_out_is_not(tmp_path: Path) -> None:
    tasks = run(tmp_path, "--check", "--diff")
    assert tasks["Do what nobody can predict"]["outcome"] == "unpredictable"
    assert not {"Leave out", "Have nothing to do"} & tasks.keys()


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_without_diffs_results_are_written_nowhere(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    tasks = run(tmp_path, *arguments)
    assert not any(
        "changes" in task or task["outcome"] == "unpredictable" for task in tasks.values()
    )


def test_what_failed_is_told_with_what_it_printed(tmp_path: Path) -> None:
    said = run(tmp_path)["Fail"]["message"]
    assert said.splitlines()[0] == "estate.yml:37 is wrong"
    assert "bad" in said
