"""The role patching: what it decides, and in check mode a host that is not touched."""

import json
from pathlib import Path

import pytest

from tests.bastide.context import environment_of, new_context
from tests.bastide.prometheus_server import Monitored, serving
from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

DECISIONS = Path(__file__).parent / "cases" / "patching" / "decisions.yml"
NETWORK = "127.83.0."
HOST = "gornjilug-server"
LISTS = Path("/var/lib/apt/lists")


@pytest.mark.parametrize("arguments", [(), ("--check", "--tags", "checked")])
def test_what_it_decides(arguments: tuple[str, ...]) -> None:
    done = ansible_playbook(
        DECISIONS,
        *("-i", "localhost,", "-e", f"playbook_folder={PLAYBOOKS}", *arguments),
        ANSIBLE_FILTER_PLUGINS=str(PLAYBOOKS / "filter_plugins"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok=1" in done.stdout if arguments else "ok=8" in done.stdout


@pytest.mark.root
def test_check_mode_reports_what_would_be_done_and_changes_nothing(tmp_path: Path) -> None:
    context = new_context(tmp_path, NETWORK, managed=True)
    events, monitored = tmp_path / "events", Monitored()
    monitored.scrape(HOST)
    monitored.fire("ControlFailing", host=HOST)
    before = LISTS.stat().st_mtime_ns
    with serving(context, f"{NETWORK}10", monitored):
        done = ansible_playbook(
            *("patch.yml", "--check", "--limit", HOST, "-e", "ansible_connection=local"),
            estate=str(context.folder),
            BASTIDE_STATE_HOME=environment_of(context)["BASTIDE_STATE_HOME"],
            BASTIDE_EVENTS=str(events),
            ANSIBLE_CALLBACKS_ENABLED="bastide_events",
        )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    (report,) = [line["patching_done"] for line in lines if "patching_done" in line]
    assert report["problem"] == ""
    assert not report["restarted"]
    updates = next(line for line in lines if line.get("action") == "apt")
    assert updates["changed"] == bool(report["packages"])
    tasks = {line["task"].partition(" : ")[2] for line in lines if line["event"] == "task"}
    assert "Ask the monitors what is wrong before" in tasks
    assert "Wait until the monitors find it as well as before" not in tasks
    assert LISTS.stat().st_mtime_ns == before
