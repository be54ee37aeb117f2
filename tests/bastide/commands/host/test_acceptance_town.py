"""A stranger's server is accepted as it is; what appears on it later stops the next run."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from inventory.load import load_estate
from tests.command import bastide
from tests.playbooks.ansible import ansible_playbook
from tests.playbooks.test_accepted import CHANGED, PLAYS
from tests.strange_town import allowed, picture
from tests.strange_town.fixtures import Probing
from tests.strange_town.town import Town
from tests.town_estate import environment, town_estate

pytestmark = [pytest.mark.town, pytest.mark.root]

HOST = "gradac-new"
PORT = 20444
PROGRAM = f"import socket, time; s = socket.create_server(('', {PORT})); time.sleep(600)"
# It tells its number, listens until it is ended, and leaves no file.
LISTENS = f'setsid python3 -c "{PROGRAM}" >/dev/null 2>&1 & echo $!'


@pytest.fixture
def variables(town: Town, tmp_path: Path) -> Mapping[str, str]:
    """The estate of the newest server, and this machine as one for Bastide alone."""
    folder = town_estate(tmp_path / "ours", town, hosts=("new",))
    central = folder / "central.yml"
    central.write_text(central.read_text().replace("manage: watch", "manage: full"))
    return environment(folder, tmp_path / "state")


@contextmanager
def listener(town: Town) -> Iterator[None]:
    """Have somebody start a program on the server that others can reach."""
    number = town.run("new", "sh", "-c", LISTENS).strip()
    try:
        town.run("new", "sh", "-c", f"until ss -Hltn | grep -q :{PORT}; do sleep 0.1; done")
        yield
    finally:
        town.run("new", "kill", number)


def test_a_server_is_accepted_and_what_comes_later_stops_the_run(
    town: Town, probing: Probing, variables: Mapping[str, str], tmp_path: Path
) -> None:
    def accept(*more: str) -> "subprocess.CompletedProcess[str]":
        return bastide("host", "impact", HOST, "--accept", "Ana", *more, **variables)

    plays = tmp_path / "plays.yml"
    plays.write_text(PLAYS)

    def play() -> "subprocess.CompletedProcess[str]":
        return ansible_playbook(plays, estate=variables["BASTIDE_ESTATE"], **more)

    more = {"BASTIDE_STATE_HOME": variables["BASTIDE_STATE_HOME"]}
    before = picture.take(town, "new")
    with probing() as counts:
        printed = accept()
        assert printed.returncode == 0, printed.stderr
        # Somebody's account with a password and sudo, and no key.
        assert '- "login: itadmin"' in printed.stdout
        assert "manage: baseline" in printed.stdout
        assert accept("--write").returncode == 0
        through = play()
        with listener(town):
            stopped = play()
        again = play()
    assert sorted(CHANGED.findall(through.stdout)) == ["central-ops", HOST], through.stdout
    assert stopped.returncode == 2
    assert f"found: tcp port {PORT}, python3" in stopped.stdout
    assert CHANGED.findall(stopped.stdout) == []
    assert again.returncode == 0, again.stdout
    assert not counts.failures, counts
    assert allowed.unexplained(before, picture.take(town, "new")) == ()
    (host,) = load_estate(Path(variables["BASTIDE_ESTATE"])).municipalities[0].hosts
    assert host.accepts is not None
    assert "login: itadmin" in host.accepts.cuts
