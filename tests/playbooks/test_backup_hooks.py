"""Programs that run before and after a backup: real ones, around a real restic repository."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.programs import program
from tests.playbooks.test_backup_program import Stand, stand

__all__ = ["stand"]  # pytest finds fixtures by their names here

pytestmark = pytest.mark.root

hooks = program("bastide_hooks")

Hooked = Callable[..., Stand]


@pytest.fixture
def hooked(stand: Stand) -> Hooked:
    """Give the stand's plan programs of these shell lines; `said` is where they may write."""

    def put(before: str = "", after: str = "", limit_seconds: float = 20) -> Stand:
        made = {}
        for name, lines in (("before", before), ("after", after)):
            file = stand.folder / name
            file.write_text(f"#!/bin/sh\n{lines}\n")
            file.chmod(0o755)
            made[name] = hooks.Hook(str(file), limit_seconds) if lines else None
        stand.plan = replace(stand.plan, **made)
        return stand

    return put


def said(stand: Stand) -> str:
    file = stand.folder / "said"
    return file.read_text() if file.exists() else ""


def speak(text: str) -> str:
    """Return a shell line that writes down a text."""
    return f'echo {text} >>"$(dirname "$0")"/said'


def test_one_that_fails_before_fails_the_run_and_nothing_is_sent(hooked: Hooked) -> None:
    stand = hooked("echo one; echo two >&2; exit 3", speak("after $BASTIDE_OUTCOME"))
    result = stand.run()
    assert (result["ok"], result.get("snapshot")) == (False, None)
    assert result["error"] == f"{stand.folder}/before ended with 3: one / two"
    assert said(stand) == "after failed\n"


def test_one_that_fails_after_fails_the_run_whose_snapshot_stays(hooked: Hooked) -> None:
    stand = hooked(after="echo still stopped; exit 1")
    result = stand.run()
    assert not result["ok"]
    assert result["error"] == (
        f"the snapshot was made, but {stand.folder}/after ended with 1: still stopped"
    )
    assert stand.backup.status(stand.plan)["snapshot"]["snapshots"] == 1


def test_one_runs_after_a_backup_that_failed_and_both_are_told(hooked: Hooked) -> None:
    stand = hooked(after=f"{speak('after $BASTIDE_OUTCOME')}; exit 5")
    (stand.files / "plan.txt").unlink()
    stand.files.rmdir()
    error = stand.run()["error"]
    assert f"not there: {stand.files}; and then: {stand.folder}/after ended with 5" in error
    assert said(stand) == "after failed\n"


def test_one_that_hangs_is_stopped_with_all_that_it_has_started(hooked: Hooked) -> None:
    lines = 'sleep 300 & echo $! >"$(dirname "$0")/said"; echo waiting; wait'
    stand = hooked(lines, limit_seconds=3)
    began = time.monotonic()
    result = stand.run()
    assert time.monotonic() - began < 30
    assert "ended with nothing after 3 s, and was stopped: waiting" in result["error"]
    state = Path(f"/proc/{said(stand).strip()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_one_that_leaves_something_running_is_not_waited_for(
    hooked: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "GRACE_SECONDS", 0.2)
    stand = hooked('sleep 60 & echo $! >"$(dirname "$0")/said"')
    began = time.monotonic()
    assert stand.run()["ok"]
    assert time.monotonic() - began < 30
    os.kill(int(said(stand)), signal.SIGKILL)


@pytest.mark.parametrize(
    "line",
    [
        "mysqldump --password=hunter2 failed",
        "DB_PASSWORD: 'hunter2 hunter2'",
        'the "api_key": "hunter2" is refused',
        "the password is hunter2",
        "Authorization: Bearer hunter2",
        "cannot reach https://backup:hunter2@vault.test/",
        "mysqldump -phunter2 permits",
        "key hunter2AKIA0123456789ABCDEF",
        "opened with correct horse: hunter2 token=hunter2",
    ],
)
def test_what_looks_like_a_secret_is_not_shown(line: str, hooked: Hooked, tmp_path: Path) -> None:
    shown = hooks.Hooks("shares", None, None, tmp_path / "owed", tmp_path / "password")
    (tmp_path / "password").write_text("correct horse: hunter2\n")
    (tmp_path / "line").write_text(line)
    program_ = tmp_path / "program"
    program_.write_text(f"#!/bin/sh\ncat {tmp_path}/line; exit 1\n")
    program_.chmod(0o755)
    with pytest.raises(hooks.BackupError) as error:
        shown.run(hooks.Hook(str(program_), 20), "running")
    assert "hunter2" not in str(error.value)
    assert "[hidden]" in str(error.value)


@pytest.mark.parametrize(
    "line", ["occ: maintenance mode is on", "cannot stop permits.service: Unit not loaded"]
)
def test_what_is_no_secret_is_shown(line: str, tmp_path: Path) -> None:
    shown = hooks.Hooks("shares", None, None, tmp_path / "owed", tmp_path / "password")
    assert shown.shown(line) == line


def test_only_the_last_lines_are_told_and_no_long_one_whole(hooked: Hooked) -> None:
    stand = hooked("seq 1 100000; printf '%s' \"$(seq -s ' ' 1 9999)\"; exit 1")
    error = stand.run()["error"]
    assert "ended with 1: 99998 / 99999 / 100000 / 1 2 3" in error
    assert len(error) < 500


def world_writable(file: Path) -> None:
    file.chmod(0o757)


def of_a_group(file: Path) -> None:
    file.chmod(0o775)


def of_another(file: Path) -> None:
    os.chown(file, 1, -1)


def in_anothers_folder(file: Path) -> None:
    os.chown(file.parent, 1, -1)


def in_an_open_folder(file: Path) -> None:
    file.parent.chmod(0o777)


def through_a_link_to_an_open_one(file: Path) -> None:
    real = file.rename(file.with_name("real"))
    real.chmod(0o777)
    file.symlink_to(real)


@pytest.mark.parametrize(
    "spoil",
    [world_writable, of_a_group, of_another, in_anothers_folder, in_an_open_folder,
     through_a_link_to_an_open_one],
)  # fmt: skip
def test_one_that_others_can_change_is_not_run(
    spoil: Callable[[Path], None], hooked: Hooked
) -> None:
    stand = hooked(speak("before"))
    spoil(stand.folder / "before")
    result = stand.run()
    assert not result["ok"]
    assert "before is not run: others than root can change" in result["error"]
    assert said(stand) == ""


def test_one_that_is_not_there_or_no_program_is_named(hooked: Hooked) -> None:
    stand = hooked("exit 0")
    (stand.folder / "before").chmod(0o644)
    assert "before is not a program" in stand.run()["error"]
    (stand.folder / "before").chmod(0o755)
    (stand.folder / "before").write_text("no program at all")
    assert "before: Exec format error" in stand.run()["error"]
    (stand.folder / "before").unlink()
    assert "before: No such file or directory" in stand.run()["error"]


def test_both_run_around_the_dump_and_know_whose_it_is(hooked: Hooked) -> None:
    stand = hooked(speak("$BASTIDE_OUTCOME"), speak("$BASTIDE_OUTCOME $BASTIDE_PLAN"))
    assert stand.run()["ok"]
    assert said(stand) == "running\nok shares\n"
    assert not (stand.folder / "state" / "shares.owed").exists()


def test_neither_runs_where_a_young_snapshot_makes_the_run_unnecessary(hooked: Hooked) -> None:
    stand = hooked(speak("before"), speak("after"))
    stand.run()
    assert not stand.run(600)["ran"]
    assert said(stand) == "before\nafter\n"


def cut_off(stand: Stand, with_signal: int) -> None:
    """End a run by a signal while its snapshot is made."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as the program itself does
        try:
            stand.run()
        finally:
            os._exit(0)
    while not (stand.plan.staging / "manifest.json").exists():
        time.sleep(0.01)
    os.kill(child, with_signal)
    os.waitpid(child, 0)


@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGTERM])
def test_one_runs_once_after_a_run_that_was_cut_off(
    with_signal: int, hooked: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand = hooked(after=speak("after $BASTIDE_OUTCOME"))
    monkeypatch.setattr(stand.backup, "snapshot", lambda _: time.sleep(60))
    cut_off(stand, with_signal)
    assert stand.backup.settle(stand.plan)
    assert said(stand) == "after failed\n"


def test_one_that_fails_after_a_run_that_was_cut_off_is_told(
    hooked: Hooked, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand = hooked(after="echo still stopped; exit 1")
    monkeypatch.setattr(stand.backup, "snapshot", lambda _: time.sleep(60))
    cut_off(stand, signal.SIGTERM)
    assert stand.backup.settle(stand.plan)
    result = stand.backup.read_result(stand.folder / "state" / "shares.json")
    assert "cut off" in result["error"]
    assert "still stopped" in result["error"]


def test_a_plans_programs_are_read_from_its_file(tmp_path: Path) -> None:
    backup = program("bastide_backup")
    entry: dict[str, Any] = {
        "id": "shares", "host": "files", "municipality": "velgora", "target": "vault",
        "target_address": "192.0.2.1", "target_user": "nobody", "paths": [], "database": "",
        "before": {"program": "/usr/local/sbin/pause", "limit_seconds": 30}, "after": None,
    }  # fmt: skip
    plan = backup.made(json.loads(json.dumps(entry)))
    assert (plan.before.program, plan.before.limit_seconds, plan.after) == (
        *("/usr/local/sbin/pause", 30),
        None,
    )
