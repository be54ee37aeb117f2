"""commit_confirmed: a change of a host that ends as it began, unless it is confirmed."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from playbooks.action_plugins import commit_confirmed as confirming
from tests.playbooks.programs import program

change = program("change")
plan = program("plan")
snapshot = program("snapshot")


OWNER = {"owner": "root", "group": "root"}
pytestmark = pytest.mark.root


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder with one file that somebody else has set up, and odd access."""
    folder = tmp_path / "etc"
    folder.mkdir()
    settings = folder / "settings"
    settings.write_bytes(b"Port 2222\n\xff")
    settings.chmod(0o640)
    os.chown(settings, 4242, 4343)
    os.setxattr(settings, "user.note", b"theirs")
    os.utime(settings, ns=(1_500_000_000_000_000_001,) * 2)
    (folder / "link").symlink_to("settings")
    return folder


@pytest.fixture
def changes(tmp_path: Path) -> Any:
    return change.Changes(tmp_path / "changes")


def picture(folder: Path) -> dict[str, Any]:
    """Everything there is to say of a folder's files: bytes, access, attributes, times."""
    paths = sorted(folder.rglob("*"))
    return {
        str(path): (
            snapshot.look(path),
            path.read_bytes() if path.is_file() and not path.is_symlink() else None,
        )
        for path in paths
    }


def files(folder: Path) -> dict[str, Any]:
    """The picture without folders, whose times tell of what was tried in them."""
    return {path: said for path, said in picture(folder).items() if said[0].kind != "folder"}


class Armed(list[tuple[str, int]]):
    """The timers that were set."""

    def __call__(self, identity: str, seconds: int) -> None:
        self.append((identity, seconds))


def described(host: Path, **more: Any) -> str:
    """A change of the file, with a drop-in in a folder that is not there yet."""
    files = [
        {"path": str(host / "settings"), "content": "Port 22\n", **OWNER},
        {"path": str(host / "settings.d/ours"), "content": "No\n", "mode": "0600", **OWNER},
        {"path": str(host / "link"), "kind": "link", "content": "settings.d/ours", **OWNER},
    ]
    return json.dumps({"name": "ssh", "files": files, "seconds": 30, **more})


def note(host: Path, word: str) -> list[str]:
    """A command that leaves a trace beside what is changed."""
    return ["touch", str(host.parent / word)]


def outcome(changes: Any, identity: str) -> tuple[str, str]:
    record = json.loads((changes.root / identity / "outcome.json").read_text())
    return record["outcome"], record["reason"]


def test_a_way_back_that_does_not_work_is_no_reason_to_go_forward(host: Path, changes: Any) -> None:
    before, armed = picture(host), Armed()
    text = described(host, rehearse=[["sh", "-c", "echo cannot be loaded >&2; exit 1"]])

    with (
        changes.locked(),
        pytest.raises(change.ChangeError, match=r"cannot be loaded.*nothing was"),
    ):
        change.apply(changes, text, armed)

    assert picture(host) == before
    assert not armed
    assert changes.pending_id() is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_noticed_before_anything_is_written(host: Path, small_disk: Path) -> None:
    before, full = picture(host), change.Changes(small_disk / "changes")

    with full.locked(), pytest.raises(change.ChangeError, match="MiB free, expected"):
        change.apply(full, described(host), Armed())

    assert picture(host) == before


def test_so_is_one_that_the_way_back_would_have_no_room_on(small_disk: Path, changes: Any) -> None:
    settings = small_disk / "etc" / "settings"
    settings.parent.mkdir()
    settings.write_text("Port 2222\n")
    (small_disk / "filler").write_bytes(bytes(900 << 10))

    with changes.locked(), pytest.raises(change.ChangeError, match="0 MiB free, expected 1"):
        change.apply(changes, described(settings.parent), Armed())

    assert settings.read_text() == "Port 2222\n"
    assert changes.pending_id() is None


def test_a_file_that_nobody_may_replace_ends_it_with_all_as_it_was(
    host: Path, changes: Any, request: pytest.FixtureRequest
) -> None:
    (host / "settings.d").mkdir()
    kept = host / "settings.d" / "ours"
    kept.write_text("theirs\n")
    if subprocess.run(["chattr", "+i", kept], capture_output=True, check=False).returncode:
        pytest.skip("this file system keeps no attributes of chattr(1)")
    request.addfinalizer(lambda: subprocess.run(["chattr", "-i", kept], check=True))
    before = files(host)

    with changes.locked(), pytest.raises(change.ChangeError, match="everything is back as it was"):
        change.apply(changes, described(host), Armed())

    assert files(host) == before


def test_a_timer_that_cannot_be_set_is_no_change(host: Path, changes: Any) -> None:
    def refuse(identity: str, seconds: int) -> None:
        raise change.ChangeError("no timer could be set")

    before = picture(host)
    with changes.locked(), pytest.raises(change.ChangeError, match="no timer"):
        change.apply(changes, described(host), refuse)

    assert picture(host) == before
    assert changes.pending_id() is None


def with_block(host: Path) -> str:
    """A change that is a part of the file that somebody else has set up."""
    block = {"path": str(host / "settings"), "content": "Port 22\n", "block": True, **OWNER}
    return json.dumps({"name": "ssh", "files": [block], "seconds": 30})


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("Port 1\n# Bastide: begin\nPort 2\n", "correct the file by hand"),
        ("# Bastide: end\n", "correct the file by hand"),
        (None, "expected a file to put a block into, found a link"),
    ],
)
def test_a_block_that_has_no_certain_place_is_left_to_a_person(
    host: Path, changes: Any, text: str | None, because: str
) -> None:
    settings = host / "settings"
    if text is None:
        settings.rename(host / "elsewhere")
        settings.symlink_to("elsewhere")
    else:
        settings.write_text(text)
    before = picture(host)

    with changes.locked(), pytest.raises(change.ChangeError, match=because):
        change.apply(changes, with_block(host), Armed())

    assert picture(host) == before
    assert changes.pending_id() is None


def test_a_block_leaves_the_rest_of_the_file_and_whose_it_is(host: Path, changes: Any) -> None:
    before = picture(host)

    with changes.locked():
        assert change.apply(changes, with_block(host), Armed())

    settings = host / "settings"
    assert settings.read_bytes() == b"Port 2222\n\xff\n# Bastide: begin\nPort 22\n# Bastide: end\n"
    assert (settings.stat().st_mode & 0o777, settings.stat().st_uid) == (0o640, 4242)

    with changes.locked():
        change.revert(changes, "nobody confirmed it")
    assert picture(host) == before


def test_a_block_that_is_there_is_no_change(host: Path, changes: Any) -> None:
    with changes.locked():
        change.confirm(changes, change.apply(changes, with_block(host), Armed()))
        assert change.apply(changes, with_block(host), Armed()) is None


def test_an_owner_who_is_not_there_is_named_and_nothing_changes(host: Path, changes: Any) -> None:
    before = picture(host)
    file = {"path": str(host / "settings"), "content": "x", "owner": "nobody-here"}
    text = json.dumps({"name": "ssh", "files": [file]})

    with changes.locked(), pytest.raises(change.ChangeError, match=r"settings: no .*nobody-here"):
        change.apply(changes, text, Armed())

    assert picture(host) == before


@pytest.mark.parametrize("step", ["validate", "activate"])
def test_what_is_refused_is_reverted_at_once_byte_for_byte(
    host: Path, changes: Any, step: str
) -> None:
    before = picture(host)
    failing = {step: [["sh", "-c", "echo line 1: bad cipher >&2; exit 255"]]}
    text = described(host, undo=[note(host, "undone")], **failing)

    with changes.locked(), pytest.raises(change.ChangeError, match=r"bad cipher.*back as it was"):
        change.apply(changes, text, Armed())

    assert picture(host) == before
    assert (host.parent / "undone").exists()
    assert changes.pending_id() is None


def test_an_account_that_is_not_there_is_reverted_too(host: Path, changes: Any) -> None:
    before = picture(host)
    bad = {"path": str(host / "other"), "owner": "no-such-account"}
    with changes.locked(), pytest.raises(change.ChangeError, match="no-such-account"):
        change.apply(changes, json.dumps({"name": "ssh", "files": [bad]}), Armed())
    assert picture(host) == before


def test_nobody_confirms_and_all_is_back(host: Path, changes: Any) -> None:
    before, armed = picture(host), Armed()
    with changes.locked():
        identity = change.apply(changes, described(host), armed)
        assert armed == [(identity, 30)]
        assert (host / "settings").read_text() == "Port 22\n"
        assert (host / "link").resolve() == host / "settings.d/ours"

        said = change.revert(changes, "nobody confirmed it in time")

    assert said == "everything is back as it was"
    assert picture(host) == before
    assert outcome(changes, identity) == ("reverted", "nobody confirmed it in time")


def test_what_is_reverted_cannot_be_confirmed_any_more(host: Path, changes: Any) -> None:
    with changes.locked():
        identity = change.apply(changes, described(host), Armed())
        change.revert(changes, "nobody confirmed it in time")
        with pytest.raises(change.ChangeError, match="reverted it already"):
            change.confirm(changes, identity)


def test_after_a_start_of_the_host_files_are_back_and_no_service_is_asked(
    host: Path, changes: Any
) -> None:
    before = picture(host)
    with changes.locked():
        change.apply(changes, described(host, undo=[note(host, "undone")]), Armed())
        change.revert(changes, "the host was started", booting=True)

    assert picture(host) == before
    assert not (host.parent / "undone").exists()


def test_the_last_resort_is_taken_when_the_way_back_fails(host: Path, changes: Any) -> None:
    text = described(host, undo=[["false"]], last_resort=[note(host, "let in")])
    with changes.locked():
        change.apply(changes, text, Armed())
        said = change.revert(changes, "nobody confirmed it in time")

    assert "NOT all of it could be put back: false: exit 1" in said
    assert (host.parent / "let in").exists()


def test_one_path_that_cannot_be_put_back_keeps_no_other_from_it(host: Path, changes: Any) -> None:
    with changes.locked():
        change.apply(changes, described(host), Armed())
        (host / "settings.d/theirs").write_text("made meanwhile")
        said = change.revert(changes, "by hand")

    assert f"{host}/settings.d" in said
    assert (host / "settings").read_bytes() == b"Port 2222\n\xff"
    assert (host / "settings.d/theirs").read_text() == "made meanwhile"


def test_a_later_run_reverts_what_an_earlier_one_left_and_goes_on(host: Path, changes: Any) -> None:
    with changes.locked():
        first = change.apply(changes, described(host), Armed())
        second = change.apply(changes, described(host), Armed())
        change.confirm(changes, second)

    assert outcome(changes, first) == ("reverted", "a later run found it unconfirmed")
    assert outcome(changes, second) == ("confirmed", "")
    assert (host / "settings").read_text() == "Port 22\n"


def test_nothing_is_done_where_all_is_as_wanted(host: Path, changes: Any) -> None:
    armed = Armed()
    with changes.locked():
        change.confirm(changes, change.apply(changes, described(host), armed))
        assert change.apply(changes, described(host), armed) is None
    assert len(armed) == 1


def test_what_runs_and_is_not_what_was_confirmed_is_applied_anew(host: Path, changes: Any) -> None:
    running = host.parent / "running"
    running.write_text("drop\n")
    text = described(host, live=["cat", str(running)])
    with changes.locked():
        change.confirm(changes, change.apply(changes, text, Armed()))
        running.write_text("drop\naccept 23\n")
        assert change.apply(changes, text, Armed()) is not None


@pytest.mark.parametrize(
    ("needed", "is_applied"),
    [
        (["true"], False),
        (["echo", "/etc/pam.d/su"], True),
        (["false"], True),
        (["/no/such/program"], True),
    ],
)
def test_a_program_may_say_that_there_is_something_to_do(
    needed: list[str], is_applied: bool, host: Path, changes: Any
) -> None:
    with changes.locked():
        identity = change.apply(changes, described(host), Armed())
        change.confirm(changes, identity)
        again = change.apply(changes, described(host, needed=needed), Armed())

    assert (again is not None) == is_applied


def test_commands_may_name_what_was_captured(host: Path, changes: Any) -> None:
    back = host.parent / "rules-back"
    text = described(
        host, capture={"rules": ["echo", "old rules"]}, undo=[["cp", "{rules}", str(back)]]
    )
    with changes.locked():
        change.apply(changes, text, Armed())
        change.revert(changes, "by hand")
    assert back.read_text() == "old rules\n"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"name": 1, "fils": []}', '{"name": "x", "files": [{"mode": "1"}]}']
)
def test_a_plan_that_is_none_is_no_change(changes: Any, text: str) -> None:
    with changes.locked(), pytest.raises((ValueError, TypeError, AttributeError)):
        change.apply(changes, text, Armed())
    assert changes.pending_id() is None


@pytest.mark.parametrize(
    ("way", "ends"),
    [
        (confirming.WayIn("config", "files"), ["files", "true"]),
        (confirming.WayIn("config", "files", sudo=True), ["files", "sudo", "-k", "-n", "true"]),
        (
            confirming.WayIn("config", "files", sudo=True, password="x"),
            ["files", "sudo", "-k", "-S", "-p", "''", "true"],
        ),
    ],
)
def test_who_confirms_becomes_root_anew_and_shows_no_password(way: Any, ends: list[str]) -> None:
    assert way.command[: len(way.command) - len(ends)] == ["ssh", "-F", "config", *confirming.LOGIN]
    assert way.command[-len(ends) :] == ends
