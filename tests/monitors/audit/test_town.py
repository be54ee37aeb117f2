"""Servers of a strange town, audited: judged from what is read, and nothing on them changes."""

import re
from functools import partial
from pathlib import Path

import pytest

from inventory.connections import Connection, connection
from inventory.entries import hosts
from inventory.load import load_estate
from inventory.secrets import resolve
from monitors.audit.model.controls import load_controls
from monitors.audit.model.results import AuditRun, HostAudit, Outcome
from monitors.audit.run import WatchedHostError, run_audit
from monitors.collection.agentless import fetch_agentless
from monitors.collection.bundle import FetchFailure, unpack
from monitors.ssh.failures import SshFailure
from monitors.ssh.remote_command import Limits
from monitors.ssh.session import connect, proved_host_key
from monitors.ssh.transport import Way
from tests.strange_town import allowed, picture
from tests.strange_town.fixtures import Probing
from tests.strange_town.town import Town
from tests.town_estate import password, town_estate

pytestmark = [pytest.mark.town, pytest.mark.root]

AUDITED = ("web", "files", "new", "bare")
SESSION = re.compile(r"^(session-|user|run-user-|systemd-oomd)")
# What cannot be judged for want of a program: ufw's rules without nft, a minimal host without ss
# and sudo.
UNDETERMINED = {
    "web": {"FW-01", "FW-02", "FW-03", "FW-05", "FW-06", "FW-07", "FW-09", "FW-10"},
    "files": set(),
    "new": set(),
    "bare": {
        *("NET-08", "NET-09", "OUT-01", "OUT-02", "OUT-06", "OUT-07", "OUT-09", "PKG-02"),
        *("SUDO-01", "SUDO-02", "SUDO-03", "SUDO-04", "SUDO-06", "SUDO-07"),
    },
}
# What sudo itself keeps of whom it has asked for a password once.
OF_SUDO = {
    ("file", "/home/itadmin"),
    ("file", "/home/itadmin/.sudo_as_admin_successful"),
    ("file", "/var/lib/sudo/lectured/itadmin"),
}


@pytest.fixture
def state(tmp_path: Path, town: Town, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder, and sudo's password in the environment."""
    for name, value in password(town).items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def way_in(folder: Path, town: Town, host: str, state: Path, **ssh: object) -> Connection:
    """Return the way in to a host of the town as its estate's files say it."""
    estate = load_estate(town_estate(folder, town, ssh={host: ssh}))
    (entry,) = (entry for entry in hosts(estate) if entry.host.id == host)
    return connection(entry, state)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, town: Town) -> AuditRun:
    """An audit of the whole town."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "state").mkdir()
    estate = load_estate(town_estate(folder / "estate", town))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in password(town).items():
            patch.setenv(name, value)
        return run_audit(estate, folder / "state")


def audited(run: AuditRun, host: str) -> HostAudit:
    return next(audit for audit in run.hosts if audit.host == f"gradac-{host}")


@pytest.mark.parametrize("host", AUDITED)
def test_an_audit_leaves_what_a_login_leaves_and_disturbs_nobody(
    tmp_path: Path, town: Town, state: Path, probing: Probing, host: str
) -> None:
    estate = load_estate(town_estate(tmp_path / "estate", town))
    before = picture.take(town, host)
    assert town.ssh(host, "true").returncode == 0
    with_login = changes(before, picture.take(town, host))
    with probing() as counts:
        run = run_audit(estate, state, hosts=[f"gradac-{host}"])
    after = picture.take(town, host)

    assert changes(before, after) - with_login <= OF_SUDO
    assert not counts.failures, counts
    (result,) = run.hosts
    assert result.problem == ""
    assert Outcome.PASS in {r.outcome for r in result.results}


def changes(before: picture.Picture, after: picture.Picture) -> set[tuple[str, str]]:
    """Return what differs and is not a log, but for logind's sessions, which come and go."""
    differing = allowed.unexplained(before, after)
    return {(d.subject, d.name) for d in differing if not SESSION.search(d.name)}


def test_every_server_is_judged_but_the_one_that_is_watched_and_the_one_nobody_becomes_root_on(
    run: AuditRun,
) -> None:
    problems = {audit.host: audit.problem for audit in run.hosts if audit.problem}
    assert list(problems) == ["gradac-jump"]
    assert "sudo: none" in problems["gradac-jump"]
    assert [host.host for host in run.watched] == ["central-ops"]
    assert (run.asked, run.declared) == (4, 6)


@pytest.mark.parametrize("host", AUDITED)
def test_what_only_our_roles_would_show_is_skipped_and_nothing_else_is_undetermined(
    run: AuditRun, host: str
) -> None:
    table, results = load_controls(), audited(run, host).results
    ours = {control.id for control in table.controls if control.installed}
    assert {r.control for r in results if "level audit" in r.reason} <= ours
    assert not [r for r in results if r.control in ours and r.outcome is not Outcome.SKIP]
    errors = {r.control: r.reason for r in results if r.outcome is Outcome.ERROR}
    assert errors.keys() == UNDETERMINED[host], errors


def test_a_watched_host_is_not_audited_when_it_is_named(
    tmp_path: Path, town: Town, state: Path
) -> None:
    estate = load_estate(town_estate(tmp_path / "estate", town))
    with pytest.raises(WatchedHostError, match="manage: audit"):
        run_audit(estate, state, hosts=["central-ops"])


def test_the_bundle_says_the_inventorys_name_where_the_host_says_another(
    tmp_path: Path, town: Town, state: Path
) -> None:
    way = way_in(tmp_path / "estate", town, "web", state)
    packed = fetch_agentless(way, ["hostname", "id -u"], partial(resolve, state=state))
    assert isinstance(packed, bytes), packed
    bundle = unpack(packed)
    assert bundle.host == "gradac-web"
    assert bundle.answers()["hostname"].stdout == f"{town.hosts['web'].hostname}\n"
    assert bundle.answers()["id -u"].stdout == "0\n"


def test_the_host_key_is_proved_through_the_jump_host(
    tmp_path: Path, town: Town, state: Path
) -> None:
    way = way_in(tmp_path / "estate", town, "web", state)
    assert proved_host_key(way) in town.hosts["web"].host_keys


def test_a_wrong_password_of_sudo_is_tried_once_and_said(
    tmp_path: Path, town: Town, state: Path
) -> None:
    way = way_in(tmp_path / "estate", town, "web", state)
    received = fetch_agentless(way, ["true"], lambda _: "wrong")
    assert isinstance(received, FetchFailure)
    assert "it asked again" in received.problem


def test_a_user_that_sudo_refuses_is_told_apart(tmp_path: Path, town: Town, state: Path) -> None:
    way = way_in(tmp_path / "estate", town, "files", state, user="referent")
    received = fetch_agentless(way, ["true"], partial(resolve, state=state))
    assert isinstance(received, FetchFailure)
    assert "sudo" in received.problem


def test_a_shell_that_prints_a_banner_spoils_nothing(
    tmp_path: Path, town: Town, state: Path
) -> None:
    way = way_in(tmp_path / "estate", town, "files", state, user="pricalica", sudo="none")
    session = connect(way, partial(resolve, state=state))
    assert not isinstance(session, SshFailure), session
    with session:
        ran = session.run("cat; id -un >&2", b"\0\n", root=False)
    assert not isinstance(ran, SshFailure)
    assert (ran.stdout, ran.stderr) == (b"\0\n", b"pricalica\n")


def test_a_host_that_hangs_ends_in_a_timeout(tmp_path: Path, town: Town, state: Path) -> None:
    way = way_in(tmp_path / "estate", town, "bare", state)
    session = connect(way, partial(resolve, state=state))
    assert not isinstance(session, SshFailure), session
    with session, town.frozen("bare"):
        ran = session.run("echo a", limits=Limits(seconds=2))
        assert isinstance(ran, SshFailure)
        late = connect(way, partial(resolve, state=state), Way(connect_seconds=2))
        assert isinstance(late, SshFailure)
    assert "timeout" in ran.problem
