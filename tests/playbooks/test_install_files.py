"""install_files: many files in one run on the host, all of them or, when one is refused, none."""

import grp
import json
import os
import pwd
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook, run_module

CASE = Path(__file__).parent / "cases" / "install_files" / "install.yml"
ACTION = runpy.run_path(str(PLAYBOOKS / "action_plugins" / "install_files.py"))
OWNER, GROUP = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name


def access(path: Path) -> str:
    return format(path.lstat().st_mode & 0o7777, "o")


def run(*entries: dict[str, Any], **options: bool) -> dict[str, Any]:
    """Run the module alone, as Ansible starts it on a host; return what it answers."""
    owned = [{"owner": OWNER, "group": GROUP, "kind": "file", **entry} for entry in entries]
    arguments = {"entries": owned, **{f"_ansible_{name}": on for name, on in options.items()}}
    return run_module("install_files", **arguments)


def test_the_playbooks_side_reads_trees_files_and_templates(tmp_path: Path) -> None:
    folder, role = tmp_path / "installed", tmp_path / "role"
    shutil.copytree(CASE.parent, role)
    compiled = role / "files/tree/folder/__pycache__"  # pip makes them beside what it installs
    compiled.mkdir(exist_ok=True)
    (compiled / "inner.cpython-311.pyc").write_bytes(b"\xa7\r\r\n")

    done = ansible_playbook(
        role / CASE.name,
        *("-i", "localhost,", "-e", f"installed={folder}"),
        TEST_OWNER=OWNER,
        TEST_GROUP=GROUP,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    expected = {"bin": "755", "bin/program": "750", "folder": "755", "folder/inner": "644"}
    expected |= {"lines": "644", "builtin": "644", "made": "755", "secret": "400", "link": "777"}
    expected |= {"nothing": "644"}
    modes = {str(path.relative_to(folder)): access(path) for path in folder.rglob("*")}
    assert modes == expected
    assert (folder / "folder/inner").read_text() == "inner\n"
    assert (folder / "link").readlink() == Path("../bin/program")
    assert (folder / "lines").read_bytes() == (folder / "builtin").read_bytes()
    assert "Ansible managed" in (folder / "lines").read_text()
    assert (folder / "nothing").read_text() == ""


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({"dest": "/x", "src": "a", "content": "b"}, "expected dest and one of"),
        ({"dest": "/x"}, "expected dest and one of"),
        ({"src": "a"}, "expected dest and one of"),
        ({"dest": "/x", "content": "", "mod": "0600"}, "unknown: mod"),
    ],
)
def test_a_wrong_item_is_refused(item: dict[str, str], problem: str) -> None:
    with pytest.raises(AnsibleActionFail, match=problem):
        ACTION["source_of"](item)


def test_a_new_file_comes_with_its_folders_and_its_access(tmp_path: Path) -> None:
    path = tmp_path / "a/b/file"

    result = run({"path": str(path), "content": "secret\n", "mode": "0400"})

    assert (result["changed"], result["paths"]) == (True, [str(path)])
    assert (path.read_text(), access(path)) == ("secret\n", "400")
    assert [access(folder) for folder in (path.parent, path.parent.parent)] == ["755", "755"]
    assert list(path.parent.iterdir()) == [path]
    assert "secret" not in json.dumps(result)


THEIRS = "127.0.1.1 web.example web\n192.0.2.7 printer"
BLOCK = "# Bastide: begin\n10.0.0.1 srv\n# Bastide: end\n"


@pytest.mark.parametrize(
    "text",
    [
        "# Bastide: begin\n10.0.0.1 old\n",
        "# Bastide: end\n",
        "# Bastide: end\nx\n# Bastide: begin\n",
        BLOCK + BLOCK,
    ],
)
def test_a_block_whose_ends_are_not_one_pair_is_left_to_a_person(text: str, tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text(text)
    result = run({"path": str(path), "content": "10.0.0.1 srv\n", "block": True})
    assert result["failed"]
    assert "correct the file by hand" in result["msg"]
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (THEIRS, f"{THEIRS}\n{BLOCK}"),
        (f"{THEIRS}\n", f"{THEIRS}\n{BLOCK}"),
        ("", BLOCK),
        (BLOCK.replace("srv", "old") + "10.9.9.9 later\n", BLOCK + "10.9.9.9 later\n"),
    ],
)
def test_a_block_is_put_into_a_file_of_others_which_keeps_its_access(
    before: str, after: str, tmp_path: Path
) -> None:
    path = tmp_path / "hosts"
    path.write_text(before)
    path.chmod(0o604)
    entry = {"path": str(path), "content": "10.0.0.1 srv\n\n", "block": True, "mode": "0600"}
    assert run(entry, check_mode=True)["changed"]
    assert path.read_text() == before
    assert run(entry)["changed"]
    assert (path.read_text(), access(path)) == (after, "604")
    assert not run(entry)["changed"]
    assert not run(entry, check_mode=True)["changed"]


def test_a_block_makes_the_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    run({"path": str(path), "content": "10.0.0.1 srv", "block": True, "mode": "0640"})
    assert (path.read_text(), access(path)) == (BLOCK, "640")


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    entries = (
        {"path": str(tmp_path / "file"), "content": "ä\n", "mode": "0640"},
        {"path": str(tmp_path / "link"), "content": "file", "kind": "link"},
        {"path": str(tmp_path / "folder"), "mode": "0700", "kind": "directory"},
    )
    assert len(run(*entries)["paths"]) == 3
    before = {path: path.lstat().st_ctime_ns for path in tmp_path.iterdir()}

    again = run(*entries)

    assert (again["changed"], again["paths"]) == (False, [])
    assert {path: path.lstat().st_ctime_ns for path in tmp_path.iterdir()} == before


def test_what_was_changed_by_hand_is_put_right_and_nothing_else(tmp_path: Path) -> None:
    same, text, mode, link, was_link = (
        tmp_path / name for name in ("same", "text", "mode", "link", "was-link")
    )
    for path in (same, text, mode):
        path.write_text("content")
        path.chmod(0o644)
    text.write_text("by hand")
    mode.chmod(0o666)
    link.write_text("a file where the link was")
    was_link.symlink_to(same)

    result = run(
        *({"path": str(path), "content": "content"} for path in (same, text, mode)),
        {"path": str(link), "content": "same", "kind": "link"},
        {"path": str(was_link), "content": "its own"},
    )

    assert result["paths"] == [str(path) for path in (text, mode, link, was_link)]
    assert (text.read_text(), access(mode), link.readlink()) == ("content", "644", Path("same"))
    assert (was_link.is_symlink(), was_link.read_text()) == (False, "its own")
    assert same.read_text() == "content"


def test_a_file_that_is_refused_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("old")

    result = run(
        {"path": str(first), "content": "new"},
        {"path": str(second), "content": "new", "validate": "grep --quiet old %s"},
    )

    assert result["failed"]
    assert f"{second}: grep --quiet old" in result["msg"]
    assert [path.name for path in tmp_path.iterdir()] == ["first"]
    assert first.read_text() == "old"


def test_an_unknown_owner_leaves_nothing_behind(tmp_path: Path) -> None:
    result = run({"path": str(tmp_path / "file"), "content": "secret", "owner": "nobody-here"})

    assert result["failed"]
    assert "nobody-here" in result["msg"]
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_validated_before_it_is_installed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    entry = {"path": str(path), "content": "new", "validate": f"test ! -e {path} -a -s %s"}

    assert run(entry)["changed"]
    assert not run(entry)["changed"], "what is the same is not validated anew"


def test_a_folder_may_be_a_link_to_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("real")

    assert not run({"path": str(tmp_path / "link"), "mode": "0755", "kind": "directory"})["changed"]


def test_check_mode_tells_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old\n")
    path.chmod(0o600)

    result = run(
        {"path": str(path), "content": "new\n"},
        {"path": str(tmp_path / "new/file"), "content": "new\n"},
        check_mode=True,
        diff=True,
    )

    assert result["paths"] == [str(path), str(tmp_path / "new/file")]
    assert [(d["before"], d["after"]) for d in result["diff"]] == [
        ("old\n", "new\n"),
        ("", "new\n"),
    ]
    assert (path.read_text(), access(path)) == ("old\n", "600")
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_is_in_no_diff_and_its_path_is(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old secret\n")

    result = run({"path": str(path), "content": "new secret\n", "secret": True}, diff=True)

    assert path.read_text() == "new secret\n"
    assert "secret\\n" not in json.dumps(result)
    assert (result["diff"][0]["path"], result["diff"][0]["secret"]) == (str(path), True)


def test_a_diff_has_the_access_before_and_after(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("same")
    path.chmod(0o666)

    result = run(
        {"path": str(path), "content": "same", "mode": "600"},
        {"path": str(tmp_path / "new"), "content": ""},
        check_mode=True,
        diff=True,
    )

    whose = f"{OWNER}:{GROUP}"
    told = [(d["was"], d["access"]) for d in result["diff"]]
    assert told == [(f"0666 {whose}", f"0600 {whose}"), ("", f"0644 {whose}")]
    assert access(path) == "666"


def test_check_mode_tells_of_a_file_whose_owner_is_yet_to_come(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("same")
    entry = {"path": str(path), "content": "same", "owner": "nobody-here"}

    assert run(entry, check_mode=True)["paths"] == [str(path)]
    assert run(entry)["failed"]


def test_what_cannot_be_installed_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = run({"path": str(tmp_path / "file/inner"), "content": ""})

    assert result["failed"]
    assert "cannot install" in result["msg"]
