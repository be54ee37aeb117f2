"""Changes that were confirmed from outside: in the run's record, and taken back in the same way."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from run_records import confirmed, plan, snapshot, undo
from run_records.record import Record, Records

from tests.playbooks.ansible import PLAYBOOKS, ROLES

ACTION = runpy.run_path(str(PLAYBOOKS / "action_plugins" / "undo_run.py"))["ActionModule"]
RUN, LATER = "20261127T161500Z-0001", "20261128T161500Z-0001"
ID = "20261127T161600Z-ssh-x"


class Change:
    """A confirmed change of one file and of one that was not there, as a host keeps it."""

    def __init__(self, folder: Path) -> None:
        self.records = Records(folder / "records")
        self.etc, self.kept = folder / "etc", folder / "changes" / ID
        for made in (self.etc, self.kept):
            made.mkdir(parents=True)
        (self.etc / "sshd").write_text("old")
        (self.etc / "same").write_text("same")
        paths = [self.etc / name for name in ("sshd", "new", "same")]
        states = snapshot.keep(paths, self.kept)
        (self.kept / "states.json").write_text(json.dumps([s.as_json() for s in states]))
        (self.kept / "before").write_text("rules")
        self.told = folder / "told"
        values = {
            "name": "ssh",
            "capture": {"before": ["nft"]},
            "activate": [["sh", "-c", f"echo activate >>{self.told}"]],
            "undo": [["sh", "-c", f"cat {{before}} >>{self.told}"]],
            "last_resort": [["nft", "delete"]],
        }
        (self.kept / "plan.json").write_text(json.dumps(values))
        (self.etc / "sshd").write_text("ours")
        (self.etc / "new").write_text("ours")

    def record(self) -> None:
        confirmed.record(Record(self.records, RUN), self.kept)

    def contents(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.etc.iterdir()}


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path)


BEFORE = {"sshd": "old", "same": "same"}


def test_what_a_change_kept_is_in_the_run_s_record(change: Change) -> None:
    change.record()
    things = change.records.things(RUN)
    assert [key[1].removeprefix(f"{change.etc}/") for key in things] == ["sshd", "new", "ssh"]
    assert things["change", "ssh"].detail["undo"][0][2].startswith(f"cat {change.kept}/before")


def test_without_the_host_s_program_it_is_taken_back_at_once(change: Change) -> None:
    change.record()
    found = plan.of_run(change.records, RUN)
    own = Record(change.records, LATER)
    undo.keep(found, own, RUN)

    assert undo.restore(found) == []
    undo.end(own, RUN, [])
    assert change.contents() == BEFORE
    assert change.told.read_text() == "rules"

    again = plan.of_run(change.records, LATER)
    assert undo.restore(again) == []
    assert change.contents() == {"sshd": "ours", "new": "ours", "same": "same"}
    assert change.told.read_text() == "rulesactivate\n"


def test_with_it_the_way_back_is_a_change_that_has_to_be_confirmed(
    change: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirmed, "PROGRAM", tmp_path)
    change.record()
    found = plan.of_run(change.records, RUN)
    own = Record(change.records, LATER)
    undo.keep(found, own, RUN)

    asked: dict[str, Any] = json.loads(confirmed.way_back(found, own))

    assert asked["keeps"] == [f"{change.etc}/sshd", f"{change.etc}/new"]
    assert asked["activate"][0][2:4] == [str(tmp_path), "put-back"]
    assert asked["activate"][1][2].startswith("cat ")
    assert asked["undo"][0][2].startswith("echo activate")
    assert asked["last_resort"] == [["nft", "delete"]]
    (part,) = json.loads(Path(asked["activate"][0][4]).read_text())
    snapshot.put_back(map(snapshot.of_json, part["states"]), Path(part["folder"]))
    assert change.contents() == BEFORE

    rest = plan.of_run(change.records, RUN)
    assert (rest.refusals, [thing.kind for thing in rest.things]) == ((), ["change"])
    assert undo.restore(rest, is_confirmed=True) == []
    assert not change.told.exists()


def test_a_run_without_such_changes_needs_no_confirmation(change: Change) -> None:
    Record(change.records, RUN).files({str(change.etc / "same"): ""})
    (change.etc / "same").write_text("other")
    assert confirmed.way_back(plan.of_run(change.records, RUN), Record(change.records, RUN)) == ""


STEPS = {
    "nothing to confirm": ({"change": ""}, {}, ["confirm", "all"]),
    "confirmed": ({"change": "x"}, {"changed": True}, ["confirm", "x", "rest"]),
    "nobody gets in": ({"change": "x"}, {"failed": True, "msg": "no"}, ["confirm", "x"]),
    "refused": ({"failed": True, "msg": "later"}, {}, ["confirm"]),
}


@pytest.mark.parametrize(("first", "kept", "asked"), STEPS.values(), ids=STEPS)
def test_the_rest_is_put_back_only_once_somebody_got_in(
    first: dict[str, Any], kept: dict[str, Any], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    answers = {"confirm": {"things": ["file a"], **first}}

    def step(name: str, variables: dict[str, Any]) -> dict[str, Any]:
        done.append(name)
        return answers.get(name, {"things": ["file b"]})

    def confirm(change: str, variables: dict[str, Any]) -> dict[str, Any]:
        done.append(change)
        return kept

    action = ACTION(SimpleNamespace(check_mode=False), *[None] * 5)
    monkeypatch.setattr(action, "step", step)
    monkeypatch.setattr(action, "confirm", confirm)
    monkeypatch.setattr(ActionBase, "run", lambda *arguments: {})

    result = action.run(None, {})

    assert done == asked
    assert bool(result.get("failed")) == ("rest" not in asked and "all" not in asked)
    if "rest" in asked:
        assert result["things"] == ["file a"]


def test_the_host_s_program_puts_back_what_runs_have_kept(change: Change) -> None:
    change.record()
    found = plan.of_run(change.records, RUN)
    file = change.kept / "put-back.json"
    kept = [plan.kept_state(t).as_json() for t in found.things if t.kind == "file"]
    folder = str(change.records.root / RUN)
    file.write_text(json.dumps([{"folder": folder, "states": kept}]))
    installed = ROLES / "commit_confirmed" / "files" / "commit_confirmed"
    command = [sys.executable, "-I", "-B", str(installed), "put-back", str(file)]

    subprocess.run(command, check=True)
    assert change.contents() == BEFORE

    (change.etc / "sshd").unlink()
    (change.etc / "sshd" / "theirs").mkdir(parents=True)
    failed = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (failed.returncode, "Directory not empty" in failed.stderr) == (1, True)
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("came_through", [True, False])
def test_what_an_unfinished_rollback_wrote_down_first_is_nobody_s_change(
    change: Change, came_through: bool
) -> None:
    """Its second step, and a run after one that the host has reverted, go on from what is there."""
    change.record()
    found = plan.of_all(change.records)
    undo.keep(found, Record(change.records, LATER), "original")
    if came_through:
        assert not undo.put_back([t for t in found.things if t.kind == "file"], found)

    again = plan.of_all(change.records)

    assert again.refusals == ()
    left = [] if came_through else ["new", "sshd"]
    assert sorted(Path(t.name).name for t in again.things if t.kind == "file") == left


def test_somebody_s_change_after_an_unfinished_rollback_is_still_seen(change: Change) -> None:
    change.record()
    undo.keep(plan.of_all(change.records), Record(change.records, LATER), "original")
    (change.etc / "sshd").write_text("by hand")

    (refusal,) = plan.of_all(change.records).refusals

    assert "sshd: no longer what the run left" in refusal
