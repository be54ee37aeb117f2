"""Devices on loopback that behave as such gear does: all of a configuration is kept, or nothing."""

import logging
import os
import shutil
import subprocess
import time
from pathlib import Path

import paramiko
import pytest

from monitors.configurations import repository as repository_module
from monitors.configurations.reading import Bounds
from monitors.configurations.records import read_record, repository_folder
from monitors.configurations.repository import Repository
from monitors.ssh.terminal import Credentials
from tests.monitors.configurations.device_server import BANNER, PASSWORD, Quirks
from tests.monitors.configurations.gear import QUICK, case, saved
from tests.monitors.shell_server import Quirks as ShellQuirks
from tests.monitors.shell_server import shell_server

IOS, IOS_SECRETS = case("ios-access-switch")


def repository(state: Path) -> Repository:
    return Repository(repository_folder(state))


def everything(folder: Path) -> bytes:
    """Return all that is in a folder's files, git's objects unpacked."""
    found = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    git = next(folder.rglob(".git"), None)
    if git:
        listed = subprocess.run(
            ["git", "cat-file", "--batch", "--batch-all-objects"],
            cwd=git.parent,
            capture_output=True,
            check=True,
        )
        found += listed.stdout
    return found


PROBLEMS = {
    "refuses the login": (Quirks(IOS, refuses=True), "login-refused", "does not take the password"),
    "hangs before it says anything": (Quirks(IOS, prompt=""), "not-whole", "silent for 2 s"),
    "hangs in the middle": (Quirks(IOS, hangs_after=40), "not-whole", "silent for 2 s"),
    "is cut in the middle": (Quirks(IOS, cut_after=40), "not-whole", "ended the connection"),
    "never ends": (Quirks(IOS, endless=True), "not-whole", "more than 300000 octets"),
    "drips for ever": (Quirks(IOS * 9, slow_seconds=0.05), "not-whole", "not said all after 5 s"),
    "says less, and its prompt": (Quirks(IOS.partition("line con")[0]), "not-whole", "was cut"),
    "says something else": (
        Quirks("% Invalid input detected\n"),
        "not-whole",
        "refuses the command",
    ),
    "says nothing": (Quirks(""), "not-whole", "no whole configuration"),
    "has a secret of no known kind": (
        Quirks(IOS.replace("\nvlan 20\n", "\nfabric seed 9fA3kQ0zL7pXw2Tb\nvlan 20\n")),
        "doubt",
        f"line {IOS.splitlines().index('vlan 20') + 1} looks like a secret that no rule knows",
    ),
}


@pytest.mark.parametrize("row", PROBLEMS.values(), ids=PROBLEMS.keys())
def test_what_is_not_whole_is_not_kept_and_said(
    tmp_path: Path, row: tuple[Quirks, str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    quirks, kind, problem = row
    bounds = Bounds(octets=300_000, seconds=5.0, silent_seconds=2.0, settle_seconds=0.15)
    outcome = saved(tmp_path, quirks, bounds=bounds)
    assert (outcome.record.kind, outcome.change) == (kind, None)
    assert problem in outcome.record.problem
    assert outcome.record.succeeded is None
    assert repository(tmp_path).versions(outcome.kept.path) == ()
    left = (everything(tmp_path / "configurations") + caplog.text.encode()).decode(errors="replace")
    for secret in (*IOS_SECRETS, PASSWORD, "9fA3kQ0zL7pXw2Tb"):
        assert secret not in left


def test_another_host_key_is_told_nothing(tmp_path: Path) -> None:
    quirks = Quirks(IOS)
    other = paramiko.ECDSAKey.generate()
    line = f"{other.get_name()} {other.get_base64()}"
    outcome = saved(tmp_path, quirks, host_key=line)
    assert outcome.record.kind == "host-key-changed"
    assert quirks.logins == quirks.typed == []


def test_a_device_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    outcome = saved(tmp_path, Quirks(IOS), ssh={"port": 1})
    assert outcome.record.kind == "unreachable"


def test_a_password_that_is_nowhere_is_said_by_its_reference(tmp_path: Path) -> None:
    outcome = saved(tmp_path, Quirks(IOS), ssh={"password": "env:NO_SUCH_PASSWORD"})
    assert outcome.record.kind == "secret"
    assert "NO_SUCH_PASSWORD is not set" in outcome.record.problem


WAYS = {
    "plain": Quirks(IOS),
    "with a banner that ends like a prompt": Quirks(IOS, banner=f"{BANNER}########\r\n"),
    "with a pager that backspaces": Quirks(IOS, page_lines=24),
    "with a pager that colours": Quirks(
        IOS,
        page_lines=20,
        page_question="\x1b[7m-- MORE --, next page: Space\x1b[0m",
        page_wiped="\r\x1b[2K",
    ),
    "with a pager that writes blanks": Quirks(
        IOS, page_lines=20, page_question="---- More ----", page_wiped="\r" + " " * 14 + "\r"
    ),
    "slowly": Quirks(IOS, slow_seconds=0.02),
    "without an echo": Quirks(IOS, echoes=False),
    "after a question for the password": Quirks(IOS, interactive=True),
    "with a line like its prompt": Quirks(
        IOS.replace("Only for staff", "velgora-sw1#\nOnly for staff")
    ),
}


@pytest.mark.parametrize("quirks", WAYS.values(), ids=WAYS.keys())
def test_a_whole_configuration_is_kept_without_its_secrets(tmp_path: Path, quirks: Quirks) -> None:
    outcome = saved(tmp_path, quirks)
    assert outcome.record.problem == ""
    kept = repository(tmp_path).show(outcome.kept.path)
    plain = saved_text(tmp_path / "other", Quirks(quirks.configuration))
    assert kept == plain
    assert kept.endswith("\nend\n")
    left = everything(tmp_path / "configurations").decode(errors="replace")
    assert not [secret for secret in (*IOS_SECRETS, PASSWORD) if secret in left]


def saved_text(state: Path, quirks: Quirks) -> str:
    state.mkdir()
    outcome = saved(state, quirks)
    return repository(state).show(outcome.kept.path)


COMMANDS = {
    "routeros-wifi": "routeros",
    "junos-set": "junos",
    "vyos-edge": "vyos",
    "openwrt-museum": "openwrt",
}


@pytest.mark.parametrize(("name", "platform"), COMMANDS.items())
def test_gear_that_takes_commands_is_read_by_one(tmp_path: Path, name: str, platform: str) -> None:
    text, secrets = case(name)
    text = text if platform != "openwrt" else f"{text}\npackage system\n"
    outcome = saved(tmp_path, Quirks(text), platform)
    assert outcome.record.problem == ""
    left = everything(tmp_path / "configurations").decode(errors="replace")
    assert not [secret for secret in secrets if secret in left]


@pytest.mark.parametrize(
    ("quirks", "kind"),
    [
        (Quirks(case("routeros-wifi")[0], cut_after=20), "cut-off"),
        (Quirks(case("routeros-wifi")[0], hangs_after=20), "not-whole"),
        (Quirks(case("routeros-wifi")[0], status=1), "not-whole"),
        (Quirks(case("routeros-wifi")[0], endless=True), "not-whole"),
    ],
    ids=["cut", "hangs", "fails", "endless"],
)
def test_a_command_that_does_not_end_well_is_not_kept(
    tmp_path: Path, quirks: Quirks, kind: str
) -> None:
    outcome = saved(tmp_path, quirks, "routeros")
    assert outcome.record.kind == kind
    assert outcome.change is None


def test_a_device_is_logged_in_to_with_a_key_of_its_own(tmp_path: Path) -> None:
    key = paramiko.RSAKey.generate(2048)
    key.write_private_key_file(str(tmp_path / "key"))
    ssh = {"password": None, "private_key": f"file:{tmp_path}/key"}
    assert saved(tmp_path, Quirks(IOS, key=key), ssh=ssh).record.problem == ""


def test_a_device_behind_a_jump_host_is_read_through_it(tmp_path: Path) -> None:
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    jumped = ShellQuirks()
    with shell_server(tmp_path / "jump", jumped, key) as jump:
        ssh = {"jump": f"itadmin@127.0.0.1:{jump.port}", "jump_host_key": jump.host_key_line}
        outcome = saved(tmp_path, Quirks(IOS), ssh=ssh, key=tmp_path / "key")
        assert outcome.record.problem == ""
        assert len(jumped.logins) >= 1
        ssh["jump_host_key"] = f"{key.get_name()} {key.get_base64()}"
        outcome = saved(tmp_path, Quirks(IOS), ssh=ssh, key=tmp_path / "key")
    assert outcome.record.kind == "host-key-changed"


def test_a_change_is_one_commit_and_what_changes_by_itself_is_none(tmp_path: Path) -> None:
    first = saved(tmp_path, Quirks(IOS))
    later = IOS.replace("09:14:22", "10:20:30").replace("clock-period 36029050", "clock-period 36")
    assert saved(tmp_path, Quirks(later)).change is None
    record = read_record(tmp_path, first.kept.name)
    assert record
    assert record.changed is None

    changed = later.replace("enable password 7 046E1F03270A5F4F1E", "enable password 7 13061E0108")
    third = saved(tmp_path, Quirks(changed.replace(" name CLERKS", " name GUESTS")))
    assert third.change
    assert (third.change.added, third.change.removed) == (2, 2)
    assert third.record.changed == third.record.succeeded
    log = subprocess.run(
        ["git", "log", "--format=%an %s %b"],
        cwd=repository_folder(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert log.splitlines()[0].startswith(f"bastide {first.kept.name}: +2 -2 Lines: ")
    assert len(repository(tmp_path).versions(first.kept.path)) == 2


def test_a_failure_keeps_the_last_success_and_the_version(tmp_path: Path) -> None:
    well = saved(tmp_path, Quirks(IOS))
    failed = saved(tmp_path, Quirks(IOS, cut_after=50))
    assert failed.record.succeeded == well.record.succeeded
    assert repository(tmp_path).show(well.kept.path).endswith("end\n")


def test_what_a_killed_run_has_left_stops_no_later_one(tmp_path: Path) -> None:
    outcome = saved(tmp_path, Quirks(IOS))
    folder = repository_folder(tmp_path)
    (folder / ".git" / "index.lock").touch()
    (folder / outcome.kept.path).write_text("half")
    assert saved(tmp_path, Quirks(IOS)).record.problem == ""
    assert (folder / outcome.kept.path).read_text().endswith("end\n")


def test_nobody_sees_a_secret_among_the_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A git of ours on PATH records how it is called, and calls git."""
    log, tools = tmp_path / "calls", tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text(
        f'#!/bin/sh\nprintf "%s " "$@" >>{log}; env >>{log}\nexec {shutil.which("git")} "$@"\n'
    )
    (tools / "git").chmod(0o755)
    monkeypatch.setitem(repository_module.ENVIRONMENT, "PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    assert saved(tmp_path, Quirks(IOS)).record.problem == ""
    called = log.read_text()
    assert "commit" in called
    assert not [secret for secret in (*IOS_SECRETS, PASSWORD) if secret in called]


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    saved(tmp_path, Quirks(IOS))
    assert repository_folder(tmp_path).stat().st_mode & 0o077 == 0


def test_the_time_it_takes_is_the_devices(tmp_path: Path) -> None:
    began = time.monotonic()
    assert saved(tmp_path, Quirks(IOS), bounds=QUICK).record.problem == ""
    assert time.monotonic() - began < 10


def test_a_credential_is_in_no_representation() -> None:
    assert PASSWORD not in repr(Credentials(PASSWORD, PASSWORD))
