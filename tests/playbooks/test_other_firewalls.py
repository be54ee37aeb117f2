"""A firewall of somebody else's is handed over, in a network of the test's, and given back."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbooks.stubs import Stubs

pytestmark = pytest.mark.root

SCRIPT = Path(__file__).resolve().parents[2] / "playbooks/roles/firewall/files/other_firewalls.sh"
THEIRS = """\
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
\tchain input { type filter hook input priority filter; policy drop; }
}
table ip nat {
}
"""
CONTAINERS = "table ip docker {\n}\ntable inet bastide {\n}\n"


class Host:
    """A network with rules of its own, and the services that it says are enabled."""

    def __init__(self, folder: Path) -> None:
        self.stubs = Stubs(folder / "bin")
        self.enabled = folder / "enabled"
        self.names = folder / "names"
        self.file = folder / "nftables.conf"
        self.file.write_text(THEIRS)
        self.enabled.write_text("nftables.service\n")
        self.stubs.put(
            "systemctl",
            f"shift; case $1 in is-enabled) grep -qx $2 {self.enabled};; "
            f"disable) : >{self.enabled};; enable) echo $2 >{self.enabled};; *) exit 9; esac",
        )
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "300"])
        self._wait()

    def _wait(self) -> None:
        own = Path("/proc/self/ns/net").readlink()
        while Path(f"/proc/{self.holder.pid}/ns/net").readlink() == own:
            pass

    def run(self, *command: str | Path, given: str = "") -> str:
        done = subprocess.run(
            ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *command],
            env={"PATH": f"{self.stubs.folder}:{os.environ['PATH']}", "NFTABLES": str(self.file)},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def firewalls(self, *words: str | Path) -> str:
        return self.run("sh", "-c", SCRIPT.read_text(), "other_firewalls", *words)

    def tables(self) -> set[str]:
        return set(self.run("nft", "list", "tables").splitlines())


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host behind nftables' own service, with a container engine's table and ours."""
    host = Host(tmp_path)
    host.run("nft", "--file", host.file)
    host.run("nft", "--file", "-", given=CONTAINERS)
    yield host
    host.holder.kill()
    host.holder.wait()


OTHERS = {"table ip docker", "table inet bastide"}


def test_what_was_off_already_is_not_turned_on_by_an_undo(host: Host) -> None:
    host.enabled.write_text("")
    host.names.write_text(host.firewalls("were-on", "nftables", "netfilter-persistent"))
    before = host.run("nft", "list", "ruleset")
    host.firewalls("off", host.names)
    host.firewalls("on", host.names)
    assert host.run("nft", "list", "ruleset") == before
    assert host.enabled.read_text() == ""


def test_rules_of_containers_and_ours_outlive_it_and_theirs_come_back(host: Host) -> None:
    host.names.write_text(host.firewalls("were-on", "nftables", "netfilter-persistent"))
    assert host.names.read_text() == "nftables\n"
    before = host.run("nft", "list", "table", "inet", "filter")
    host.firewalls("off", host.names)
    assert host.tables() == OTHERS
    assert host.enabled.read_text() == ""
    host.firewalls("on", host.names)
    assert host.tables() == OTHERS | {"table inet filter", "table ip nat"}
    assert host.run("nft", "list", "table", "inet", "filter") == before
    assert host.enabled.read_text() == "nftables.service\n"


def test_rules_that_cannot_be_read_are_left(host: Host) -> None:
    host.names.write_text("nftables\n")
    host.file.write_text("no such rule\n")
    before = host.tables()
    host.firewalls("off", host.names)
    assert host.tables() == before


def test_nobody_elses_firewall_is_none(host: Host) -> None:
    host.names.write_text("")
    assert host.firewalls("were-on") == ""
    assert host.firewalls("off", host.names) == ""
