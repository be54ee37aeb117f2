"""What hosts say of names, time and changes: shell programs that leave node_exporter metrics."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.playbooks.ansible import ROLES

CHANGE, NAMES, TIME = (
    ROLES / file
    for file in (
        "audit/files/note_change.sh",
        "names/files/ask_names.sh",
        "time/files/time_state.sh",
    )
)
FOLLOWED = "^,*,10.77.0.10,3,6,377,21,0.000012,0.000013,0.000310\n"
SILENT = "^,*,10.77.0.10,3,6,370,260,0.000012,0.000013,0.000310\n"
UNREACHED = "^,?,10.77.0.10,0,6,0,4294967295,0.0,0.0,0.0\n"
TRACKING = (
    "0A4D000A,10.77.0.10,4,1795865573.1,0.000004,0.0,0.0,0.0,0.0,0.0,0.001,0.001,64.2,Normal\n"
)
OWN = "7F7F0101,,10,1795865573.1,0.000000,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,Normal\n"


def run(program: Path, *arguments: str | Path, path: Path | None = None) -> None:
    """Run a program with /bin/sh, with programs of ours first on its path."""
    found = f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]
    subprocess.run(["/bin/sh", program, *arguments], check=True, env={"PATH": found}, timeout=60)


def samples(folder: Path) -> dict[str, float]:
    """Return what a program has left: one file, whole, with a type for each sample."""
    (file,) = folder.iterdir()
    assert file.suffix == ".prom"
    text = file.read_text()
    found = dict(re.findall(r"^(bastide_\w+) (\S+)$", text, re.MULTILINE))
    assert set(re.findall(r"^# TYPE (\w+) gauge$", text, re.MULTILINE)) == found.keys()
    return {name: float(value) for name, value in found.items()}


@pytest.mark.parametrize("program", [CHANGE, NAMES, TIME], ids=lambda p: p.stem)
def test_where_node_exporter_is_anothers_nothing_is_left(program: Path, tmp_path: Path) -> None:
    run(program, tmp_path / "none", "host.example")
    assert list(tmp_path.iterdir()) == []


def test_the_newest_change_counts_whatever_the_date_of_the_content(tmp_path: Path) -> None:
    left, watched = tmp_path / "left", tmp_path / "watched"
    left.mkdir()
    watched.mkdir()
    (watched / "sudoers").write_text("x")
    run(CHANGE, left, tmp_path / "none", watched, tmp_path / "not-there")
    (first,) = samples(left).values()
    time.sleep(0.05)
    os.utime(watched / "sudoers", (1, 1))
    run(CHANGE, left, tmp_path / "none", watched)
    (second,) = samples(left).values()
    assert time.time() - 60 < first < second <= time.time()


@pytest.mark.parametrize(("seconds_ago", "is_left"), [(0, False), (120, True)])
def test_a_run_that_is_at_work_is_let_end_first(
    tmp_path: Path, seconds_ago: int, is_left: bool
) -> None:
    left, runs, file = tmp_path / "left", tmp_path / "runs", tmp_path / "sudoers"
    left.mkdir()
    file.write_text("x")
    run(CHANGE, left, runs, file)
    before = samples(left)
    time.sleep(0.05)
    file.write_text("y")
    record = runs / "20261128T120000Z-ab12" / "things.jsonl"
    record.parent.mkdir(parents=True)
    record.touch()
    os.utime(record, (time.time() - seconds_ago,) * 2)
    run(CHANGE, left, runs, file)
    assert (samples(left) != before) is is_left


@pytest.mark.parametrize("change", ["written", "replaced", "removed", "added", "mode"])
def test_each_kind_of_change_is_one(tmp_path: Path, change: str) -> None:
    left, watched = tmp_path / "left", tmp_path / "watched"
    left.mkdir()
    watched.mkdir()
    file = watched / "passwd"
    file.write_text("x")
    run(CHANGE, left, tmp_path / "none", watched)
    before = samples(left)
    time.sleep(0.05)
    if change == "written":
        file.write_text("y")
    elif change == "replaced":
        (tmp_path / "new").write_text("y")
        (tmp_path / "new").rename(file)
    elif change == "removed":
        file.unlink()
    elif change == "added":
        (watched / "shadow").touch()
    else:
        file.chmod(0o600)
    run(CHANGE, left, tmp_path / "none", watched)
    assert samples(left) != before


def test_where_nothing_is_there_nothing_was_changed(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    run(CHANGE, left, tmp_path / "none", tmp_path / "not-there")
    assert samples(left) == {"bastide_host_change_timestamp_seconds": 0.0}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("script", "success"), [("exit 0", 1), ("exit 2", 0), ("sleep 60", 0)])
def test_a_name_is_found_or_not_or_not_in_time(
    tmp_path: Path, programs: Path, script: str, success: int
) -> None:
    put(programs, "getent", script)
    left = tmp_path / "left"
    left.mkdir()
    run(NAMES, left, "app.velgora.lab.test", path=programs)
    found = samples(left)
    assert found["bastide_name_lookup_success"] == success
    assert 0 <= found["bastide_name_lookup_duration_seconds"] < 30


@pytest.mark.parametrize(
    ("tracking", "sources", "online", "success"),
    [
        (TRACKING, FOLLOWED, 1, 1),
        (TRACKING, FOLLOWED + UNREACHED, 2, 1),
        (TRACKING, SILENT, 1, 0),
        (TRACKING, UNREACHED, 1, 0),
        (TRACKING, FOLLOWED, 0, 0),
        (OWN, "", 0, 1),
        (OWN, UNREACHED, 1, 0),
        ("", "", 0, 0),
    ],
    ids=[
        "followed",
        "one of two",
        "silent",
        "never",
        "offline",
        "own clock",
        "own instead",
        "dead",
    ],
)
def test_a_server_is_followed_while_it_answers(
    tmp_path: Path, programs: Path, tracking: str, sources: str, online: int, success: int
) -> None:
    for name, text in (
        ("tracking", tracking),
        ("sources", sources),
        ("activity", f"{online},0,0,0,0\n"),
    ):
        (programs / f"{name}.txt").write_text(text)
    put(programs, "chronyc", f'for word; do :; done; cat {programs}/"$word".txt')
    left = tmp_path / "left"
    left.mkdir()
    run(TIME, left, path=programs)
    assert samples(left)["bastide_time_synchronised"] == success
