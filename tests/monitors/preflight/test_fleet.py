"""The preflight over real SSH on loopback: what is missing, what mends it, and no login twice."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.connections import Connection
from inventory.enums import Level
from inventory.secrets import SecretError
from monitors.preflight.fleet import PreflightTarget, check_all
from monitors.preflight.model import Finding, Readiness, Step
from monitors.ssh.remote_command import Limits
from monitors.ssh.transport import Way
from tests.monitors.audit.collect.ssh_server import new_key
from tests.monitors.shell_server import Quirks, Server, shell_server

PASSWORD = "korrekt pferd"
WAY = Way(connect_seconds=3)


def resolve(reference: str) -> str:
    if reference == "env:WRONG":
        return "not it"
    if reference.startswith("env:"):
        return PASSWORD
    raise SecretError(f"{reference}: not there")


@contextmanager
def host(folder: Path, quirks: Quirks | None = None) -> Iterator[Connection]:
    """Run one server and yield the right way in to it."""
    key = new_key(folder / "key")
    with shell_server(folder, quirks or Quirks(), key) as server:
        yield way_in(server, folder / "key")


def way_in(server: Server, key: Path, name: str = "velgora-web") -> Connection:
    return Connection(
        name, "127.0.0.1", server.port, "itadmin", "passwordless", key=key,
        host_key=server.host_key_line,
    )  # fmt: skip


def look(state: Path, *ways: Connection, again: bool = False) -> tuple[Readiness, ...]:
    targets = [PreflightTarget(way, Level.AUDIT, WAY) for way in ways]
    return check_all(targets, state, resolve, again=again)


def only(results: tuple[Readiness, ...], step: Step) -> Finding:
    (result,) = results
    (finding,) = result.findings
    assert finding.step is step, finding
    assert finding.problem.isprintable()
    return finding


def test_a_host_that_lacks_nothing_is_ready(tmp_path: Path) -> None:
    with host(tmp_path) as way:
        (result,) = look(tmp_path / "state", way)
    # The test's sudo leaves us who we are.
    assert result.ready is (os.geteuid() == 0), result.findings
    passed = dict(result.passed)
    assert list(passed)[:3] == [Step.REACHABLE, Step.HOST_KEY, Step.LOGIN]
    assert passed[Step.PYTHON].startswith("3.")
    assert "MiB free" in passed[Step.TMP]
    assert not (tmp_path / "state").exists()


def test_a_refused_key_is_printed_and_offered_once_until_something_changes(
    tmp_path: Path,
) -> None:
    quirks, state = Quirks(), tmp_path / "state"
    with host(tmp_path, quirks) as way:
        other = new_key(tmp_path / "other")
        stranger = replace(way, key=tmp_path / "other")
        finding = only(look(state, stranger), Step.LOGIN)
        line = f"{other.get_name()} {other.get_base64()}"
        assert finding.mend.command == (
            f"umask 077; mkdir -p ~/.ssh; echo '{line} bastide' >> ~/.ssh/authorized_keys"
        )
        assert finding.mend.where == "on velgora-web, as itadmin"
        for _ in range(3):
            again = only(look(state, stranger), Step.LOGIN)
        assert "not tried again before something changes" in again.problem
        assert again.mend == finding.mend
        assert len(quirks.logins) == 1
        only(look(state, stranger, again=True), Step.LOGIN)
        assert len(quirks.logins) == 2
        assert "not tried again" in only(look(state, stranger), Step.LOGIN).problem
        # Another key in the same file is another way in.
        (tmp_path / "key").rename(tmp_path / "other")
        look(state, stranger)
        assert len(quirks.logins) == 3
    assert (state / "preflight" / "refused.json").stat().st_mode & 0o777 == 0o600


def test_what_lets_in_again_is_forgotten(tmp_path: Path) -> None:
    quirks, state = Quirks(user="nobody-yet"), tmp_path / "state"
    with host(tmp_path, quirks) as way:
        only(look(state, way), Step.LOGIN)
        quirks.user = "itadmin"
        look(state, way, again=True)
        look(state, way)
    assert len(quirks.logins) == 3
    assert '"ways": {}' in (state / "preflight" / "refused.json").read_text()


def test_a_jump_host_that_refuses_is_asked_once_for_all_behind_it(tmp_path: Path) -> None:
    gate = Quirks(user="hop")
    with ExitStack() as stack:
        inside = [stack.enter_context(host(_folder(tmp_path, n))) for n in "abcd"]
        jump = stack.enter_context(host(_folder(tmp_path, "gate"), gate))
        jump = replace(jump, name="velgora-gate", user="nobody")
        ways = [replace(w, name=f"velgora-{n}", jump=jump) for n, w in enumerate(inside)]
        results = look(tmp_path / "state", *ways)
        assert len(gate.logins) == 1
        look(tmp_path / "state", *ways)
        assert len(gate.logins) == 1
    wheres = {finding.mend.where for result in results for finding in result.findings}
    assert wheres == {"on velgora-gate, as nobody"}
    assert [result.host for result in results] == [way.name for way in ways]


def test_hosts_behind_a_jump_host_that_lets_in_are_all_looked_at(tmp_path: Path) -> None:
    with ExitStack() as stack:
        inside = [stack.enter_context(host(_folder(tmp_path, n))) for n in "ab"]
        jump = stack.enter_context(host(_folder(tmp_path, "gate"), Quirks(user="hop")))
        jump = replace(jump, name="velgora-gate.jump", user="hop")
        ways = [replace(w, name=f"velgora-{n}", jump=jump) for n, w in enumerate(inside)]
        results = look(tmp_path / "state", *ways)
    assert all(Step.SUDO in dict(result.passed) for result in results)
    assert all(f"through {jump.place}" in result.place for result in results)


def _folder(parent: Path, name: str) -> Path:
    (parent / name).mkdir()
    return parent / name


def test_two_hosts_of_the_inventory_that_are_one_machine_are_told(tmp_path: Path) -> None:
    with host(tmp_path) as way:
        first, second = look(tmp_path / "state", way, replace(way, name="velgora-db"))
    assert not any("that it is" in finding.problem for finding in first.findings)
    assert "expected a machine of its own, found that it is velgora-web" in str(second.findings)


def test_an_unknown_host_key_is_given_as_the_line_to_write(tmp_path: Path) -> None:
    with host(tmp_path) as way:
        finding = only(look(tmp_path / "s", replace(way, host_key=None)), Step.HOST_KEY)
    assert finding.mend.command == f"host_key: {way.host_key}"
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub" in finding.mend.where
    assert "SHA256:" in finding.mend.where


def test_a_changed_host_key_is_never_given_as_a_line_to_write(tmp_path: Path) -> None:
    with host(tmp_path) as way:
        other = new_key(tmp_path / "other")
        pinned = f"{other.get_name()} {other.get_base64()}"
        finding = only(look(tmp_path / "s", replace(way, host_key=pinned)), Step.HOST_KEY)
    assert finding.mend.command == "ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub"
    assert "host_key: " not in finding.mend.command


SUDO: dict[str, tuple[Quirks, dict[str, str], str]] = {
    "asks for a password": (
        Quirks(sudo_password=PASSWORD),
        {},
        "ssh: {sudo: password, sudo_password: env:BASTIDE_SUDO}",
    ),
    "takes another password": (
        Quirks(sudo_password=PASSWORD),
        {"sudo": "password", "sudo_password": "env:WRONG"},
        "read -rs WRONG && export WRONG",
    ),
    "is not for this user": (
        Quirks(sudo_says="itadmin is not in the sudoers file."),
        {},
        "usermod -aG sudo itadmin",
    ),
    "may not be used": (Quirks(), {"sudo": "none"}, "ssh: {sudo: passwordless}"),
}


@pytest.mark.parametrize("case", SUDO)
def test_what_sudo_lacks_is_mended_by_one_command(case: str, tmp_path: Path) -> None:
    quirks, change, command = SUDO[case]
    with host(tmp_path, quirks) as way:
        finding = only(look(tmp_path / "s", replace(way, **change)), Step.SUDO)  # type: ignore[arg-type]
    assert finding.mend.command == command
    assert PASSWORD not in f"{finding}"


def test_a_password_that_was_wrong_is_not_tried_again(tmp_path: Path) -> None:
    with host(tmp_path, Quirks(sudo_password=PASSWORD)) as way:
        wrong = replace(way, sudo="password", sudo_password="env:WRONG")
        for _ in range(3):
            finding = only(look(tmp_path / "s", wrong), Step.SUDO)
        asked = (tmp_path / "sudo.log").read_text().count("asked")
    assert asked == 1
    assert "not tried again" in finding.problem


def test_a_password_that_cannot_be_had_stops_before_any_login(tmp_path: Path) -> None:
    quirks = Quirks()
    with host(tmp_path, quirks) as way:
        lacking = replace(way, sudo="password", sudo_password="file:/nowhere")
        finding = only(look(tmp_path / "s", lacking), Step.SUDO)
    assert finding.mend.command == "(umask 077; cat > /nowhere)"
    assert quirks.logins == []


def test_a_key_that_is_not_there_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with host(tmp_path) as way:
        lacking = replace(way, key=tmp_path / "state" / "ssh" / "admin")
        finding = only(look(tmp_path / "s", lacking), Step.LOGIN)
    assert finding.mend.command == "bastide inventory key"


def test_a_closed_port_could_not_be_checked(tmp_path: Path) -> None:
    with host(tmp_path) as way:
        pass
    (result,) = look(tmp_path / "s", way)
    assert only((result,), Step.REACHABLE).mend.where == "on the console of velgora-web"
    assert not result.checked


def test_a_host_that_hangs_after_the_login_is_told_from_one_that_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitors.preflight.check.LIMITS", Limits(seconds=1.0))
    with host(tmp_path, Quirks(hangs=True)) as way:
        (result,) = look(tmp_path / "s", way)
    assert "timeout" in only((result,), Step.SUDO).problem
    assert (Step.LOGIN, "itadmin") in result.passed


def test_a_banner_of_the_login_shell_is_no_trouble(tmp_path: Path) -> None:
    with host(tmp_path, Quirks(greeting="Welcome\nid 77\npython 2.7\n")) as way:
        (result,) = look(tmp_path / "s", way)
    assert dict(result.passed)[Step.PYTHON].startswith("3.")
