"""The collector itself, run as hosts run it, on lists of commands that misbehave."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from monitors.audit.judge.command_list import LIST_FILE
from monitors.collection import bundle as bundles
from monitors.collection.bundle import (
    COLLECTOR_VERSION,
    Bundle,
    RecordedCommand,
    unframe,
    unpack,
)

COLLECTOR = LIST_FILE.with_name("bastide_collector.py")


def collect(
    folder: Path,
    *commands: str,
    seconds: float = 25,
    roles: Mapping[str, list[str]] | None = None,
    most_open_files: int = 1024,
    **constants: object,
) -> Bundle:
    """Run the collector in a folder of its own with a list of commands, as its host runs it."""
    program = folder / "bastide-collector"
    source = COLLECTOR.read_text()
    for name, value in constants.items():
        source, matches = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", source)
        assert matches == 1
    program.write_text(source)
    (folder / "commands.json").write_text(
        json.dumps({"seconds": seconds, "commands": commands, "roles": roles or {}})
    )
    done = subprocess.run(
        ["prlimit", f"--nofile={most_open_files}", sys.executable, "-IS", program],
        capture_output=True,
        check=True,
    )
    return unpack(unframe(done.stdout))


def only(bundle: Bundle) -> RecordedCommand:
    (recorded,) = bundle.recorded
    return recorded


@pytest.mark.parametrize("name", ["MAX_PACKED_BYTES", "MAX_PLAIN_BYTES", "MAX_MARKS", "LATE"])
def test_what_collector_and_auditor_agree_on_is_the_same_in_both(name: str) -> None:
    (value,) = re.findall(rf"(?m)^{name} = (.*)$", COLLECTOR.read_text())
    assert eval(value) == getattr(bundles, name)  # noqa: S307 - our own source


def test_a_hung_command_is_killed_with_its_children_and_costs_its_own_result_only(
    tmp_path: Path,
) -> None:
    mark = tmp_path / "alive"
    hung = f"(sleep 3; touch {mark}) & sleep 60"

    bundle = collect(tmp_path, hung, "echo well", seconds=8)

    assert [(r.rc, r.stdout) for r in bundle.recorded] == [(None, ""), (0, "well\n")]
    time.sleep(3.2)
    assert not mark.exists(), "a child of the killed command lived on"


@pytest.mark.parametrize(
    "hung",
    [
        "trap '' TERM INT HUP; while :; do sleep 1; done",
        "sleep 60 | sleep 60 | sleep 60",
        "nohup sleep 60 & sleep 60 & wait",
        "exec >&- 2>&-; sleep 60",
        "kill -STOP $$",
        "cat /dev/zero > /dev/null",
    ],
)
def test_whatever_way_a_command_hangs_the_others_are_whole(tmp_path: Path, hung: str) -> None:
    bundle = collect(tmp_path, "echo before", hung, "echo after", seconds=8)

    assert [r.rc for r in bundle.recorded] == [0, None, 0]
    assert [r.stdout for r in bundle.recorded] == ["before\n", "", "after\n"]


def test_what_a_command_leaves_running_is_ended_and_not_waited_for(tmp_path: Path) -> None:
    mark = tmp_path / "alive"

    recorded = only(collect(tmp_path, f"(sleep 2; touch {mark}) & echo done", seconds=240))

    assert (recorded.rc, recorded.stdout) == (0, "done\n")
    time.sleep(2.2)
    assert not mark.exists()


def test_a_process_that_nothing_can_kill_is_not_waited_for(tmp_path: Path) -> None:
    freezer = Path("/sys/fs/cgroup/freezer")
    if os.geteuid() or not freezer.is_dir():
        pytest.skip("only root, and only control groups of version 1, freeze against SIGKILL")
    group = freezer / f"bastide-test-{os.getpid()}"
    group.mkdir()
    try:
        frozen = f"echo $$ > {group}/cgroup.procs; echo FROZEN > {group}/freezer.state; echo no"
        bundle = collect(tmp_path, frozen, "echo well", seconds=8)
    finally:
        (group / "freezer.state").write_text("THAWED")
        while (group / "cgroup.procs").read_text():
            time.sleep(0.01)
        group.rmdir()

    assert [(r.rc, r.stdout) for r in bundle.recorded] == [(None, ""), (0, "well\n")]


def test_the_whole_ends_in_time_however_many_commands_hang(tmp_path: Path) -> None:
    commands = [f"sleep {number}" for number in range(50, 70)]

    bundle = collect(tmp_path, *commands, seconds=2)

    assert {r.rc for r in bundle.recorded} == {None}
    first, *_, last = bundle.answers().values()
    assert re.fullmatch(r"ended after \d s, all that one command may take", first.late)
    assert last.late == "not started, the 2 s for all were up"


def test_a_command_that_all_others_left_too_little_time_says_so(tmp_path: Path) -> None:
    hung = [f"sleep {number}" for number in range(50, 54)]

    bundle = collect(tmp_path, *hung, "sleep 40", seconds=3, SHARE=0.6)

    assert bundle.recorded[-1].stderr == "collector: ended after 1 s, the time for all was up\n"


def test_a_dozen_that_hang_leave_time_for_the_others(tmp_path: Path) -> None:
    hung = [f"sleep {number}" for number in range(50, 62)]

    bundle = collect(tmp_path, *hung, "echo well", seconds=8)

    assert [r.rc for r in bundle.recorded] == [*[None] * 12, 0]


def test_commands_that_cannot_be_started_have_no_exit_status(tmp_path: Path) -> None:
    (tmp_path / "limited").mkdir()
    bundle = collect(tmp_path / "limited", "x" * 200_000, "echo well")

    assert [r.rc for r in bundle.recorded] == [None, 0]
    assert "not started" in bundle.recorded[0].stderr
    assert bundle.recorded[0].stdout == ""


def test_what_a_command_has_printed_through_is_closed_after_it(tmp_path: Path) -> None:
    commands = [f"echo {number}" for number in range(50)]

    bundle = collect(tmp_path, *commands, most_open_files=40)

    assert [r.stdout for r in bundle.recorded] == [f"{number}\n" for number in range(50)]


def test_output_that_is_not_utf_8_arrives_readable(tmp_path: Path) -> None:
    assert only(collect(tmp_path, r"printf 'caf\351\n'")).stdout == "caf\\xe9\n"


@pytest.mark.parametrize("flood", ["yes", "yes >&2", "cat /dev/zero | tr '\\0' x"])
def test_a_flood_is_cut_off_marked_and_ended_long_before_its_time(
    tmp_path: Path, flood: str
) -> None:
    recorded, other = collect(tmp_path, flood, "echo well", seconds=600).recorded

    assert recorded.truncated
    assert recorded.rc is None
    assert max(len(recorded.stdout), len(recorded.stderr)) == 256 * 1024
    assert (other.rc, other.stdout) == (0, "well\n")


@pytest.mark.parametrize(
    ("output", "commands", "left_out"),
    [
        ("head -c 120000 /dev/urandom | base64 -w0", 3, 2),
        ("head -c 250000 /dev/zero | tr '\\0' x", 12, 4),
        ("head -c 20000 /dev/zero | tr '\\0' ','", 3, 2),
    ],
    ids=["packed", "plain", "marks"],
)
def test_a_bundle_is_never_larger_than_the_auditor_takes_and_what_is_left_out_is_marked(
    tmp_path: Path, output: str, commands: int, left_out: int
) -> None:
    bundle = collect(tmp_path, *(f"{output}; : {n}" for n in range(commands)), "echo well")

    assert sum(r.truncated for r in bundle.recorded) == left_out
    assert all(r.truncated != bool(r.stdout) for r in bundle.recorded)
    assert bundle.recorded[-1].stdout == "well\n"


def test_a_bundle_that_is_too_large_without_any_output_is_sent_all_the_same(tmp_path: Path) -> None:
    bundle = collect(tmp_path, "echo one", "echo two", MAX_PACKED_BYTES=10)

    assert [(r.rc, r.stdout, r.truncated) for r in bundle.recorded] == [(0, "", True)] * 2


def test_the_collector_and_the_auditor_have_the_same_limits() -> None:
    names = ("MAX_PACKED_BYTES", "MAX_PLAIN_BYTES", "MAX_MARKS")
    wanted = {name: getattr(bundles, name) for name in names}
    matches = re.findall(rf"(?m)^({'|'.join(names)}) = ([0-9_ *]+)$", COLLECTOR.read_text())

    assert {name: eval(value) for name, value in matches} == wanted  # noqa: S307


def test_a_command_reads_nothing_from_the_caller(tmp_path: Path) -> None:
    assert only(collect(tmp_path, "cat; echo end")).stdout == "end\n"


def test_a_command_has_none_of_the_callers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_BASTIDE", "from outside")

    assert "from outside" not in only(collect(tmp_path, "env")).stdout


def test_the_same_command_twice_is_answered_twice(tmp_path: Path) -> None:
    assert [r.stdout for r in collect(tmp_path, "echo a", "echo a").recorded] == ["a\n", "a\n"]


@pytest.mark.parametrize(
    ("inventory", "answered"),
    [
        (None, ["for all", "for vaults", "for others"]),
        ("{", ["for all", "for vaults", "for others"]),
        ("[]", ["for all", "for vaults", "for others"]),
        ('{"roles": 5}', ["for all", "for vaults", "for others"]),
        ('{"roles": []}', ["for all"]),
        ('{"roles": ["vault", "web"]}', ["for all", "for vaults"]),
    ],
)
def test_a_host_runs_what_is_asked_of_its_roles_and_all_when_they_are_not_known(
    tmp_path: Path, inventory: str | None, answered: list[str]
) -> None:
    known = tmp_path / "inventory.json"
    if inventory is not None:
        known.write_text(inventory)
    commands = [f"echo {words}" for words in ("for all", "for vaults", "for others")]
    only = {commands[1]: ["scratch", "vault"], commands[2]: ["resolver"]}

    bundle = collect(tmp_path, *commands, roles=only, INVENTORY=repr(str(known)))

    assert [r.stdout.strip() for r in bundle.recorded] == answered


def test_its_version_is_the_one_that_the_auditor_expects(tmp_path: Path) -> None:
    assert collect(tmp_path, "true").collector == COLLECTOR_VERSION


def test_a_missing_list_is_an_error_and_no_bundle(tmp_path: Path) -> None:
    program = tmp_path / "bastide-collector"
    shutil.copy(COLLECTOR, program)

    done = subprocess.run([sys.executable, "-IS", program], capture_output=True, check=False)

    assert done.returncode != 0
    assert done.stdout == b""
    assert b"commands.json" in done.stderr
