"""The walk over a host's files: what it lists, leaves out, and says when it is cut off."""

import json
import os
import pwd
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.ansible import ROLES
from tests.playbooks.programs import program as imported
from tests.playbooks.stubs import run_main

PROGRAM = ROLES / "file_walk/files/file_walk.py"
FILE_WALK: ModuleType = imported("file_walk")
MOUNTS = r"""
1 0 0:31 / / rw shared:1 - overlay overlay rw,lowerdir=/image
2 1 0:31 /var/tmp /var/tmp rw - overlay overlay rw,lowerdir=/image
3 1 0:40 / /tmp rw,nosuid - tmpfs tmpfs rw
4 1 8:3 / /srv/two\040words rw - ext4 /dev/sdb1 rw
5 1 0:50 / /srv/share rw - nfs4 files:/share rw
6 1 0:60 / /home/ana/phone rw - fuse.sshfs ana@phone: rw
7 1 0:70 / /var/lib/containers/merged rw - overlay overlay rw,lowerdir=/layers
8 1 0:80 / /proc rw - proc proc rw
9 1 254:0 /run/os /run/host/os-release ro - ext4 /dev/vda ro
"""


@pytest.fixture
def program() -> ModuleType:
    return FILE_WALK


def walked(tree: Path, *options: str) -> dict[str, Any]:
    """Return the result of a walk over a folder."""
    result = tree.parent / "result.json"
    with pytest.MonkeyPatch.context() as patch:
        run_main(FILE_WALK, patch, result, *options, "--root", tree)
    walk: dict[str, Any] = json.loads(result.read_text())
    assert list(tree.parent.glob("*.new")) == []
    return walk


def listed(walk: dict[str, Any], name: str) -> list[str]:
    return sorted(Path(entry["path"]).name for entry in walk["lists"][name]["entries"])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


def put(path: Path, mode: int) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_a_walk_out_of_time_says_so_and_claims_no_whole_list(tree: Path) -> None:
    walk = walked(tree, "--seconds", "0")
    assert walk["truncated"]
    assert "longer than 0 s" in walk["problem"]


def test_a_folder_that_cannot_be_read_is_told_and_ends_the_walk(tree: Path) -> None:
    walk = walked(tree / "gone")
    assert walk["truncated"]
    assert walk["problem"].startswith("it could not read on: [Errno 2]")


def test_it_runs_as_the_program_that_the_role_installs(tree: Path) -> None:
    put(tree / "open", 0o666)
    subprocess.run([PROGRAM, tree.parent / "result.json", "--root", tree], check=True)
    walk = json.loads((tree.parent / "result.json").read_text())
    assert listed(walk, "world_writable") == ["open"]


def test_a_long_list_is_cut_off_but_counted_to_its_end(tree: Path, program: ModuleType) -> None:
    for number in range(program.MAX_ENTRIES + 5):
        put(tree / f"open-{number}", 0o666)

    walk = walked(tree)
    listing = walk["lists"]["world_writable"]

    assert (listing["count"], len(listing["entries"])) == (205, program.MAX_ENTRIES)
    assert listing["truncated"]
    assert walk["truncated"]
    assert not walk["lists"]["set_id"]["truncated"]


def test_what_everyone_may_write_is_listed_and_what_is_sticky_is_not(tree: Path) -> None:
    put(tree / "open", 0o646)
    put(tree / "closed", 0o644)
    for name, mode in (("shared", 0o777), ("sticky", 0o1777)):
        (tree / name).mkdir()
        (tree / name).chmod(mode)

    walk = walked(tree)

    assert listed(walk, "world_writable") == ["open"]
    assert listed(walk, "shared_folders") == ["shared"]
    assert not walk["truncated"]


def test_only_what_can_start_borrows_rights(tree: Path) -> None:
    put(tree / "user", 0o4755)
    put(tree / "group", 0o2711)
    put(tree / "document", 0o4644)
    put(tree / "plain", 0o755)

    entries = walked(tree)["lists"]["set_id"]["entries"]

    assert {Path(e["path"]).name: e["mode"] for e in entries} == {"user": "4755", "group": "2711"}


def test_links_are_not_followed(tree: Path, tmp_path: Path) -> None:
    put(tmp_path / "outside", 0o666)
    (tree / "loop").symlink_to(tree)
    (tree / "out").symlink_to(tmp_path / "outside")
    (tree / "nowhere").symlink_to(tree / "gone")

    walk = walked(tree)

    assert listed(walk, "world_writable") == []
    assert not walk["problem"]


def test_a_name_that_is_no_text_is_listed_all_the_same(tree: Path) -> None:
    put(Path(os.fsdecode(os.fsencode(tree) + b"/na\xefve")), 0o666)
    assert listed(walked(tree), "world_writable") == [r"na\xefve"]


def test_a_folder_within_two_roots_is_judged_once(tree: Path, program: ModuleType) -> None:
    (tree / "inner").mkdir()
    put(tree / "inner" / "open", 0o666)
    findings = program.Findings()
    program.walk([str(tree), str(tree / "inner")], [], findings, time.monotonic() + 60)
    assert findings.count["world_writable"] == 1


def test_what_is_mounted_from_elsewhere_is_not_even_looked_at(
    tree: Path, program: ModuleType
) -> None:
    for name in ("share", "own"):
        (tree / name).mkdir()
        put(tree / name / "open", 0o666)
    findings = program.Findings()
    program.walk([str(tree)], [str(tree / "share")], findings, time.monotonic() + 60)
    assert [entry["path"] for entry in findings.entries["world_writable"]] == [
        str(tree / "own" / "open")
    ]


def test_another_file_system_within_is_not_walked_over(
    tree: Path, program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = program.content
    (tree / "mounted").mkdir()
    put(tree / "mounted" / "open", 0o666)

    def content(folder: str, foreign: frozenset[str]) -> Iterator[tuple[str, os.stat_result]]:
        for path, status in really(folder, foreign):
            device = status.st_dev + Path(path).name.startswith("mounted")
            yield path, os.stat_result((*status[:2], device, *status[3:]))

    monkeypatch.setattr(program, "content", content)
    findings = program.Findings()
    program.walk([str(tree)], [], findings, time.monotonic() + 60)
    assert findings.count["world_writable"] == 0


def test_what_vanishes_during_the_walk_is_left_out(tree: Path, program: ModuleType) -> None:
    for name in ("one", "two"):
        put(tree / name, 0o644)
    inside: Iterator[tuple[str, os.stat_result]] = program.content(str(tree))
    first, _ = next(inside)
    for path in tree.iterdir():
        path.unlink()
    assert [path for path, _ in inside if path != first] == []
    assert list(program.content(str(tree / "gone"))) == []
    assert list(program.content(str(put(tree / "file", 0o644)))) == []


def test_a_file_system_that_vanishes_does_not_end_the_walk(tree: Path, program: ModuleType) -> None:
    put(tree / "open", 0o666)
    findings = program.Findings()
    program.walk([str(tree / "gone"), str(tree)], [], findings, time.monotonic() + 60)
    assert findings.count["world_writable"] == 1


@pytest.mark.root
def test_files_of_nobody_are_listed(tree: Path) -> None:
    os.chown(put(tree / "user-gone", 0o644), 54321, 0)
    os.chown(put(tree / "group-gone", 0o644), 0, 54321)
    put(tree / "roots", 0o644)

    walk = walked(tree)

    assert listed(walk, "unowned") == ["group-gone", "user-gone"]
    owners = {e["owner"] for e in walk["lists"]["unowned"]["entries"]}
    assert owners == {"54321", "root"}
    assert {e["group"] for e in walk["lists"]["unowned"]["entries"]} == {"54321", "root"}


@pytest.mark.root
def test_capabilities_are_listed_as_their_bit_mask(tree: Path) -> None:
    program = put(tree / "capable", 0o755)
    # The second revision of the attribute: magic and flag, permitted, inheritable, upper halves.
    mask = (0x02000001).to_bytes(4, "little") + (0x2000).to_bytes(4, "little") + bytes(12)
    os.setxattr(program, "security.capability", mask)

    entries = walked(tree)["lists"]["capable"]["entries"]

    assert [e["capabilities"] for e in entries] == [0x2000]


@pytest.mark.root
def test_capabilities_of_the_upper_half_count_as_well(tree: Path) -> None:
    program = put(tree / "capable", 0o755)
    # Permitted and inheritable of the lower half, then of the upper: CAP_BPF is number 39.
    words = (0x02000001, 0x2000, 0, 1 << (39 - 32), 0)
    packed = b"".join(word.to_bytes(4, "little") for word in words)
    os.setxattr(program, "security.capability", packed)

    (entry,) = walked(tree)["lists"]["capable"]["entries"]

    assert entry["capabilities"] == 0x2000 | 1 << 39


def account(name: str, number: int, home: Path) -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "x", number, number, "", str(home), "/bin/sh"))


@pytest.mark.parametrize(
    ("number", "is_person"),
    [(0, True), (1, False), (999, False), (1000, True), (59999, True), (60000, False)],
)
def test_the_dot_files_of_people_and_of_root_are_listed(
    number: int, is_person: bool, tree: Path, program: ModuleType
) -> None:
    put(tree / ".netrc", 0o644)
    put(tree / "visible", 0o644)
    (tree / ".link").symlink_to(tree / "visible")
    findings = program.Findings()
    program.check_homes([account("ana", number, tree)], findings)
    (home,) = findings.entries["homes"]
    assert (home["user"], home["uid"], home["shell"]) == ("ana", number, "/bin/sh")
    assert home["mode"]
    dots = [(entry["path"], entry["user"]) for entry in findings.entries["dot_files"]]
    assert dots == ([(str(tree / ".netrc"), "ana")] if is_person else [])


def test_a_home_that_is_not_there_is_listed_without_access(tree: Path, program: ModuleType) -> None:
    findings = program.Findings()
    program.check_homes([account("ana", 1000, tree / "gone")], findings)
    (home,) = findings.entries["homes"]
    assert (home["mode"], home["owner"], home["group"]) == ("", "", "")


def test_a_result_says_when_where_and_over_what_it_was_made(tree: Path) -> None:
    before = time.time()
    walk = walked(tree)
    assert before <= walk["started"] <= walk["ended"] == walk["at"] <= time.time()
    assert walk["host"] == socket.gethostname()
    assert walk["walked"] == [str(tree)]
    assert "/proc" in walk["left_out"]
    assert (walk["problem"], walk["truncated"]) == ("", False)
    assert set(walk["lists"]) == set(FILE_WALK.LISTS)


def test_without_a_folder_the_local_file_systems_are_walked_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots: list[list[str]] = []
    monkeypatch.setattr(FILE_WALK, "walk", lambda local, *_: roots.append(local))
    run_main(FILE_WALK, monkeypatch, tmp_path / "result.json")
    assert "/" in roots[0]
    assert json.loads((tmp_path / "result.json").read_text())["walked"] == roots[0]


@pytest.mark.parametrize(
    "kind", ["btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "tmpfs", "xfs", "zfs"]
)
def test_a_local_file_system_is_walked_over(kind: str, program: ModuleType) -> None:
    table = f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:3 / /srv rw - {kind} /dev/sdb rw"
    assert program.mounted(table) == (["/", "/srv"], [])


def test_every_accounts_home_is_listed_with_its_login_shell(tree: Path) -> None:
    homes = {e["user"]: e for e in walked(tree)["lists"]["homes"]["entries"]}
    assert homes["root"]["uid"] == 0
    assert homes["root"]["path"] == "/root"
    assert homes["nobody"]["mode"] == ""


def test_only_local_file_systems_are_walked_over(program: ModuleType) -> None:
    local, left_out = program.mounted(MOUNTS.strip())
    assert local == ["/", "/srv/two words", "/tmp", "/var/tmp"]  # noqa: S108
    assert left_out == [
        "/home/ana/phone",
        "/proc",
        "/run/host/os-release",
        "/srv/share",
        "/var/lib/containers/merged",
    ]


@pytest.mark.parametrize(
    ("path", "number", "is_nobodys"),
    [
        ("/var/lib/private/service/state", 61500, False),
        ("/var/cache/private/service/state", 61184, False),
        ("/var/log/private/service/log", 65519, False),
        ("/srv/state", 61500, True),
        ("/var/lib/private/service/state", 61183, True),
        ("/var/lib/private/service/state", 65520, True),
    ],
)
def test_users_made_up_by_systemd_own_what_is_private_and_nothing_else(
    path: str, number: int, is_nobodys: bool, program: ModuleType
) -> None:
    status = os.stat_result((0o100600, 1, 1, 1, number, number, 0, 0, 0, 0))
    assert program.unowned(path, status) is is_nobodys
