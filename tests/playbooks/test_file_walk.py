"""The walk over a host's files: what it lists, leaves out, and says when it is cut off."""

import json
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.playbooks.ansible import ROLES

PROGRAM = ROLES / "file_walk/files/file_walk.py"
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


@pytest.fixture(scope="module")
def program() -> ModuleType:
    # Bytecode written beside it would be copied to hosts.
    sys.dont_write_bytecode = True
    loader = SourceFileLoader("file_walk", str(PROGRAM))
    module = ModuleType(loader.name)
    loader.exec_module(module)
    return module


def walked(tree: Path, *options: str) -> dict[str, Any]:
    """Return the result of a walk over a folder."""
    result = tree.parent / "result.json"
    subprocess.run([PROGRAM, result, *options, "--root", tree], check=True)
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


@pytest.mark.root
def test_files_of_nobody_are_listed(tree: Path) -> None:
    os.chown(put(tree / "user-gone", 0o644), 54321, 0)
    os.chown(put(tree / "group-gone", 0o644), 0, 54321)
    put(tree / "roots", 0o644)

    walk = walked(tree)

    assert listed(walk, "unowned") == ["group-gone", "user-gone"]
    owners = {e["owner"] for e in walk["lists"]["unowned"]["entries"]}
    assert owners == {"54321", "root"}


@pytest.mark.root
def test_capabilities_are_listed_as_their_bit_mask(tree: Path) -> None:
    program = put(tree / "capable", 0o755)
    # The second revision of the attribute: magic and flag, permitted, inheritable, upper halves.
    mask = (0x02000001).to_bytes(4, "little") + (0x2000).to_bytes(4, "little") + bytes(12)
    os.setxattr(program, "security.capability", mask)

    entries = walked(tree)["lists"]["capable"]["entries"]

    assert [e["capabilities"] for e in entries] == [0x2000]


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


def test_a_users_made_up_by_systemd_own_what_is_private_and_nothing_else(
    program: ModuleType, tree: Path
) -> None:
    status = os.stat_result((0o100600, 1, 1, 1, 61500, 61500, 0, 0, 0, 0))
    assert not program.unowned("/var/lib/private/service/state", status)
    assert program.unowned("/srv/state", status)
