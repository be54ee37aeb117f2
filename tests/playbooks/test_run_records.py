"""Records of runs: kept before anything is changed, and put back from; the unhappy ways first."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from run_records import plan, record, states, undo
from run_records.record import Record, RecordError, Records

from tests.playbooks.ansible import PLAYBOOKS, run_module

FIRST, SECOND, THIRD = (f"2026112{day}T161500Z-0001" for day in (7, 8, 9))
RUN_MODULE = """
import json, sys
from tests.playbooks.ansible import run_module
run_module(sys.argv[1], **json.loads(sys.argv[2]))
"""


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "records")


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


def install(records: Records, run: str, **files: str) -> dict[str, Any]:
    """Install files by name with the module, as a part of a run."""
    owner = {"owner": "root", "group": "root", "kind": "file"} if os.geteuid() == 0 else {}
    folder = records.root.parent / "etc"
    entries = [
        {**owner, "path": str(folder / name.replace("__", "/")), "content": content}
        for name, content in files.items()
    ]
    return run_module("install_files", entries=entries, run=run, records=str(records.root))


def undo_run(records: Records, target: str, run: str, **options: Any) -> dict[str, Any]:
    return run_module("undo_run", undo=target, run=run, records=str(records.root), **options)


def whole(folder: Path) -> dict[str, tuple[str, int, bytes]]:
    """Return all that is in a folder: state, time and attributes."""
    return {
        str(path): (
            states.of_file(str(path)),
            0 if path.is_dir() else path.lstat().st_mtime_ns,
            repr(sorted((n, os.getxattr(path, n)) for n in os.listxattr(path))).encode(),
        )
        for path in folder.rglob("*")
    }


def test_what_a_run_changed_is_put_back_whole(records: Records, etc: Path) -> None:
    (etc / "kept").write_bytes(b"old \xff\n")
    (etc / "kept").chmod(0o640)
    os.setxattr(etc / "kept", "user.note", b"of the administrator")
    (etc / "link").symlink_to("kept")
    before = whole(etc)
    assert install(records, FIRST, kept="new", link="a file", made__here="x")["changed"]
    assert (etc / "made" / "here").exists()

    done = undo_run(records, FIRST, SECOND)

    assert (done.get("failed", False), done["changed"], done["problems"]) == (False, True, [])
    assert whole(etc) == before


def test_a_run_that_changes_nothing_leaves_no_record(records: Records, etc: Path) -> None:
    install(records, FIRST, same="x")
    assert not install(records, SECOND, same="x")["changed"]
    assert records.runs() == [FIRST]


def test_without_a_run_nothing_is_recorded(records: Records, etc: Path) -> None:
    install(records, "", same="x")
    assert not records.root.exists()


def test_a_record_is_root_s_alone(records: Records, etc: Path) -> None:
    (etc / "secret").write_text("hunter2")
    answer = install(records, FIRST, secret="new")
    assert "hunter2" not in json.dumps(answer)
    modes = {p.name: p.stat().st_mode & 0o777 for p in (records.root, *records.root.rglob("*"))}
    assert (modes["records"], modes[FIRST], modes["1"]) == (0o700, 0o700, 0o600)


def test_a_second_change_in_one_run_keeps_the_first_state(records: Records, etc: Path) -> None:
    (etc / "a").write_text("first")
    install(records, FIRST, a="second")
    install(records, FIRST, a="third")
    assert not undo_run(records, FIRST, SECOND).get("failed")
    assert (etc / "a").read_text() == "first"


def test_what_a_later_run_changed_too_is_refused_and_named(records: Records, etc: Path) -> None:
    install(records, FIRST, a="1", b="1")
    install(records, SECOND, a="2")

    done = undo_run(records, FIRST, THIRD)

    assert done["failed"]
    assert f"{etc}/a (file): changed again by {SECOND}" in done["msg"]
    assert f"{etc}/b" not in done["msg"]
    assert ((etc / "a").read_text(), (etc / "b").read_text()) == ("2", "1")
    assert THIRD not in records.runs()


def test_once_the_later_run_is_undone_the_earlier_one_can_be(records: Records, etc: Path) -> None:
    install(records, FIRST, a="1")
    install(records, SECOND, a="2")
    assert not undo_run(records, SECOND, THIRD).get("failed")
    assert (etc / "a").read_text() == "1"

    assert not undo_run(records, FIRST, "20261130T000000Z-0001").get("failed")
    assert not (etc / "a").exists()


def test_undoing_is_undone_like_any_run(records: Records, etc: Path) -> None:
    install(records, FIRST, a="1")
    undo_run(records, FIRST, SECOND)
    again = undo_run(records, FIRST, THIRD)
    assert f"{FIRST} is undone already, by {SECOND}" in again["msg"]

    assert not undo_run(records, SECOND, THIRD).get("failed")
    assert (etc / "a").read_text() == "1"
    assert undo_run(records, FIRST, "20261130T000000Z-0001")["changed"]


def test_a_file_that_somebody_changed_since_is_refused_unless_forced(
    records: Records, etc: Path
) -> None:
    (etc / "a").write_text("old")
    install(records, FIRST, a="ours")
    (etc / "a").write_text("by hand")

    done = undo_run(records, FIRST, SECOND)
    assert "somebody has changed it since" in done["msg"]
    assert (etc / "a").read_text() == "by hand"

    assert not undo_run(records, FIRST, SECOND, force=True).get("failed")
    assert (etc / "a").read_text() == "old"
    assert not undo_run(records, SECOND, THIRD).get("failed")
    assert (etc / "a").read_text() == "by hand"


def test_a_dry_run_changes_nothing_and_says_what_would_be(records: Records, etc: Path) -> None:
    install(records, FIRST, a="1")
    done = undo_run(records, FIRST, SECOND, _ansible_check_mode=True)
    assert (done["changed"], done["things"]) == (True, [f"file {etc}/a"])
    assert (etc / "a").exists()
    assert records.runs() == [FIRST]


def test_a_run_that_a_host_has_no_record_of_is_nothing_to_undo(records: Records, etc: Path) -> None:
    done = undo_run(records, FIRST, SECOND)
    assert (done["changed"], done["things"]) == (False, [])
    assert records.runs() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_on_a_full_disk_nothing_is_changed(records: Records, etc: Path) -> None:
    (etc / "a").write_text("old" * 1000)
    records.root.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(records.root)]
    subprocess.run(small, check=True)
    try:
        done = install(records, FIRST, a="new")
    finally:
        subprocess.run(["umount", str(records.root)], check=True)
    assert done["failed"]
    assert "cannot be kept" in done["msg"]
    assert (etc / "a").read_text() == "old" * 1000


def test_a_line_that_was_cut_off_was_of_a_change_not_begun(records: Records, etc: Path) -> None:
    install(records, FIRST, a="1")
    with (records.root / FIRST / "things.jsonl").open("a") as file:
        file.write('{"kind": "file", "na')
    install(records, FIRST, b="1")
    assert not undo_run(records, FIRST, SECOND).get("failed")
    assert list(etc.iterdir()) == []


@pytest.mark.parametrize("line", ["no json\n", "{}\n", "[]\n"])
def test_a_damaged_record_is_refused_with_its_line(records: Records, etc: Path, line: str) -> None:
    install(records, FIRST, a="1", b="2")
    file = records.root / FIRST / "things.jsonl"
    file.write_text(line + file.read_text())
    done = undo_run(records, FIRST, SECOND, force=True)
    assert f"{file}, line 1: damaged" in done["msg"]
    assert (etc / "a").read_text() == "1"


def test_damaged_bytes_are_never_put_back(records: Records, etc: Path) -> None:
    (etc / "a").write_text("old")
    install(records, FIRST, a="new", b="new")
    (records.root / FIRST / "1").write_text("else")

    done = undo_run(records, FIRST, SECOND)
    assert f"{etc}/a: what was kept of it is damaged" in done["msg"]

    forced = undo_run(records, FIRST, SECOND, force=True)
    assert f"{etc}/a: what was kept of it is damaged" in forced["stays"]
    assert ((etc / "a").read_text(), (etc / "b").exists()) == ("new", False)


def test_a_later_damaged_record_is_no_yes(records: Records, etc: Path) -> None:
    install(records, FIRST, a="1")
    install(records, SECOND, b="1")
    (records.root / SECOND / "things.jsonl").write_text("?\n")
    assert "cannot be told" in undo_run(records, FIRST, THIRD)["msg"]


def test_a_path_that_became_a_folder_is_put_back_when_it_is_empty(
    records: Records, etc: Path
) -> None:
    (etc / "a").write_text("old")
    install(records, FIRST, a="new")
    (etc / "a").unlink()
    (etc / "a").mkdir()
    (etc / "a" / "theirs").write_text("x")

    full = undo_run(records, FIRST, SECOND, force=True)
    assert "not empty" in str(full["problems"])
    (etc / "a" / "theirs").unlink()
    again = undo_run(records, FIRST, THIRD, force=True)
    assert (again["problems"], (etc / "a").read_text()) == ([], "old")


def test_a_folder_that_others_have_used_since_stays(records: Records, etc: Path) -> None:
    install(records, FIRST, made__ours="x")
    (etc / "made" / "theirs").write_text("y")
    done = undo_run(records, FIRST, SECOND)
    assert "made" in str(done["problems"])
    assert [path.name for path in (etc / "made").iterdir()] == ["theirs"]


def test_killed_in_the_middle_it_is_undone_as_far_as_it_went(records: Records, etc: Path) -> None:
    """A program is killed after it has written one of two files: neither is lost."""
    for name in ("a", "b"):
        (etc / name).write_text("old")
    program = f"printf new >{etc}/a; sleep 60; printf new >{etc}/b"
    arguments = {
        "argv": ["sh", "-c", program],
        "files": [f"{etc}/a", f"{etc}/b", f"{etc}/c"],
        "run": FIRST,
        "records": str(records.root),
    }
    killed = subprocess.Popen(
        [sys.executable, "-c", RUN_MODULE, "recorded_command", json.dumps(arguments)],
        cwd=PLAYBOOKS.parent,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while (etc / "a").read_text() != "new" and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()

    refused = undo_run(records, FIRST, SECOND)
    assert "the run was cut off here" in refused["msg"]
    assert not undo_run(records, FIRST, SECOND, force=True).get("failed")
    assert [(p.name, p.read_text()) for p in sorted(etc.iterdir())] == [("a", "old"), ("b", "old")]


def test_a_program_s_changes_are_kept_and_the_rest_forgotten(records: Records, etc: Path) -> None:
    for name in ("a", "b", "c"):
        (etc / name).write_text("old")
        (etc / name).chmod(0o644)
    done = run_module(
        "recorded_command",
        argv=["sh", "-c", f"printf new >{etc}/a; chmod 600 {etc}/c; echo said"],
        files=[f"{etc}/[ab]", f"{etc}/none"],
        access=[f"{etc}/*"],
        run=FIRST,
        records=str(records.root),
    )
    assert done["stdout"] == "said"
    assert set(records.things(FIRST)) == {("file", f"{etc}/a"), ("access", f"{etc}/c")}
    assert sorted(p.name for p in (records.root / FIRST).iterdir()) == ["1", "things.jsonl"]

    assert not undo_run(records, FIRST, SECOND).get("failed")
    assert (etc / "a").read_text() == "old"
    assert (etc / "c").stat().st_mode & 0o777 == 0o644


def test_a_program_that_changes_nothing_leaves_no_record(records: Records, etc: Path) -> None:
    (etc / "a").write_text("old")
    run_module(
        "recorded_command",
        argv=["true"],
        files=[f"{etc}/a", f"{etc}/no/folder"],
        access=["~/.*"],
        run=FIRST,
        records=str(records.root),
    )
    assert records.runs() == []


def test_old_runs_are_forgotten_but_for_the_first_states(
    records: Records, etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "RUNS_KEPT", 3)
    (etc / "a").write_text("0")
    for number in range(1, 8):
        name = str(etc / "a")
        Record(records, f"2026112{number}T161500Z-0001").files({name: ""})
        (etc / "a").write_text(str(number))
        Record(records, f"2026112{number}T161500Z-0001").ended([("file", name)])

    assert len(records.runs()) == 3
    things, folders = record.originals(records)
    first = things["file", str(etc / "a")]
    blob = folders[first.key] / str(first.detail["number"])
    assert blob.read_text() == "0"
    assert plan.of_all(records).refusals == ()
    undo.restore(plan.of_all(records))
    assert (etc / "a").read_text() == "0"


def test_too_many_bytes_are_forgotten_too(
    records: Records, etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "BYTES_KEPT", 4000)
    for run in (FIRST, SECOND, THIRD):
        (etc / run).write_text("x" * 2000)
        Record(records, run).files({str(etc / run): ""})
    assert records.runs() == [SECOND, THIRD]


def test_a_damaged_old_run_keeps_nobody_from_working(
    records: Records, etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "RUNS_KEPT", 1)
    install(records, FIRST, a="1")
    (records.root / FIRST / "things.jsonl").write_text("?\n")
    Record(records, SECOND).files({str(etc / "b"): ""})
    assert records.runs() == [FIRST, SECOND]
    with pytest.raises(RecordError, match="damaged"):
        plan.of_all(records)


def test_everything_that_any_run_changed_is_put_back(records: Records, etc: Path) -> None:
    (etc / "a").write_text("old")
    before = whole(etc)
    install(records, FIRST, a="1", b="1")
    install(records, SECOND, a="2", c="2")
    assert not undo_run(records, record.ORIGINAL, THIRD).get("failed")
    assert whole(etc) == before


@pytest.mark.parametrize("run", ["../../etc", "today", "20261127T161500Z-"])
def test_no_odd_run_becomes_a_folder(records: Records, etc: Path, run: str) -> None:
    assert "expected a run such as" in install(records, run, a="1")["msg"]
    assert not (etc / "a").exists()


def test_what_is_ours_goes_whole_and_the_records_last(records: Records, etc: Path) -> None:
    (etc / "theirs").write_text("old")
    before = whole(etc)
    install(records, FIRST, theirs="new", ours__settings="x")
    (etc / "ours" / "key").write_text("made on the host")
    forgotten = [str(etc / "ours"), str(records.root.parent / "none"), str(records.root)]

    dry = undo_run(records, "original", SECOND, forget=forgotten, _ansible_check_mode=True)
    assert (etc / "ours" / "key").exists()
    done = undo_run(records, "original", SECOND, forget=forgotten)

    assert dry["things"] == done["things"]
    assert (done["problems"], whole(etc), records.root.exists()) == ([], before, False)


def test_the_records_stay_while_something_is_not_back(records: Records, etc: Path) -> None:
    install(records, FIRST, made__ours="x")
    (etc / "made" / "theirs").write_text("y")
    done = undo_run(records, "original", SECOND, forget=[str(records.root)])
    assert "made" in str(done["problems"])
    assert set(records.runs()) == {FIRST, SECOND}


def test_packages_that_came_before_python_go_with_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are of no run: nothing could have kept a record then. Python itself stays."""
    # What else of this machine needs them is not asked.
    monkeypatch.setattr(plan, "removable", lambda names: {})
    monkeypatch.setitem(states.READERS, "package", lambda name: "1.0")
    records = Records(tmp_path / "runs")
    (tmp_path / "python-packages").write_text("python3-apt\ndistro-info-data\n")
    found = plan.of_all(records)
    undo.keep(found, Record(records, FIRST), "original")
    assert [thing.name for thing in plan.of_all(records).things] == [
        "python3-apt",
        "distro-info-data",
    ]
    (tmp_path / "python-packages").write_text("python3\npython3-apt\n")
    kept = plan.of_all(records)

    assert [thing.name for thing in found.things] == ["python3-apt", "distro-info-data"]
    assert not kept.things
    assert kept.stays == (
        "package python3: this runs by it; by hand: apt-get purge python3 python3-apt",
    )


def test_what_a_rollback_lists_before_it_begins_is_not_put_back(tmp_path: Path) -> None:
    """Else its second step would take away again what its first has put back."""
    records = Records(tmp_path / "runs")
    listed = states.listing()
    listed["account"]["gone"] = "0:0:/:/bin/sh"
    folder = records.root / FIRST
    folder.mkdir(parents=True)
    (folder / record.LISTING).write_text(json.dumps(listed))
    assert ("account", "gone") in {thing.key for thing in plan.of_all(records).things}

    (folder / record.UNDOES).write_text(f"original {record.INCOMPLETE}")

    assert plan.of_all(records).things == ()


def test_a_listing_of_a_version_that_kept_no_marks_has_none_to_put_back(tmp_path: Path) -> None:
    records = Records(tmp_path / "runs")
    folder = records.root / FIRST
    folder.mkdir(parents=True)
    listed = {kind: names for kind, names in states.listing().items() if kind != "mark"}
    (folder / record.LISTING).write_text(json.dumps(listed))

    assert plan.of_all(records).things == ()
