"""ansible-playbook run as a program: its events followed, its log and status kept."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from bastide.actions import ansible
from bastide.actions.playbook_recap import Event
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from tests.bastide.context import new_context


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> EstateContext:
    return new_context(tmp_path_factory.mktemp("ansible"), "127.79.0.", managed=True)


def writer(events: Path, *steps: str) -> "subprocess.Popen[bytes]":
    """A process that appends to the file of events as a slow playbook does."""
    return subprocess.Popen(
        ["sh", "-c", "; ".join(steps)], env={**os.environ, "EVENTS": str(events)}
    )


def test_an_unknown_playbook_is_wrong_use_and_lists_those_there_are(context: EstateContext) -> None:
    with pytest.raises(CommandError, match=r"backup, collect, configure, .*harden") as caught:
        ansible.run(context, ["backup", "../site"], lambda event: None)
    assert caught.value.code is Exit.WRONG_USE
    assert not (context.state / "logs").exists()


def test_a_playbook_runs_on_the_estate_and_its_log_is_kept(context: EstateContext) -> None:
    recap = ansible.run(context, ["backup"], lambda event: None, arguments=["--list-hosts"])
    assert recap.ok
    assert recap.seconds > 0
    log = recap.log.read_text()
    assert "gornjilug-server" in log
    assert "central-vault" in log
    assert recap.log.parent.stat().st_mode & 0o077 == 0


def test_playbooks_run_in_order_in_one_process_with_one_log(context: EstateContext) -> None:
    recap = ansible.run(
        context,
        ["harden", "backup"],
        lambda event: None,
        log_name="night",
        arguments=["--list-tasks"],
    )
    log = recap.log.read_text()
    assert recap.log.name == "night.log"
    assert re.findall(r"^playbook: .*/(\w+)\.yml$", log, re.MULTILINE) == ["harden", "backup"]


def test_what_ansible_refuses_is_not_ok(context: EstateContext) -> None:
    recap = ansible.run(context, ["backup"], lambda event: None, arguments=["--no-such-option"])
    assert not recap.ok
    assert "no-such-option" in recap.log.read_text()


def test_a_line_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("")
    seen: list[Event] = []
    process = writer(
        events,
        """printf '{"event": "start", "ta' >> $EVENTS""",
        "sleep 0.5",
        """printf 'sk": "Write"}\\n{"event": "start", "task": "Read"}\\n' >> $EVENTS""",
    )
    recap = ansible.follow(process, events, seen.append)
    assert [event["task"] for event in seen] == ["Write", "Read"]
    assert recap.ok


def test_what_is_written_last_is_read_and_the_status_kept(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("")
    seen: list[Event] = []
    process = writer(events, """echo '{"event": "start", "task": "Last"}' >> $EVENTS""", "exit 4")
    recap = ansible.follow(process, events, seen.append)
    assert len(seen) == 1
    assert recap.returncode == 4
    assert not recap.ok


def test_an_interrupted_run_ends_the_process(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text('{"event": "start", "task": "Wait"}\n')
    process = writer(events, "exec sleep 60")

    def interrupt(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ansible.follow(process, events, interrupt)
    assert process.returncode is not None


def test_mitogen_can_be_switched_off(
    context: EstateContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BASTIDE_MITOGEN", raising=False)
    assert ansible.environment(context)["ANSIBLE_STRATEGY"] == "mitogen_linear"
    monkeypatch.setenv("BASTIDE_MITOGEN", "0")
    environment = ansible.environment(context)
    assert "ANSIBLE_STRATEGY" not in environment
    assert environment["BASTIDE_ESTATE"] == str(context.folder)
