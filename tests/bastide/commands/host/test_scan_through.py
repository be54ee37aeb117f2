"""`bastide host scan` of a network that only a jump host reaches."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from monitors.scan import relay
from monitors.ssh.host_keys import fingerprint
from tests.bastide.estates import new_estate
from tests.command import bastide_here
from tests.monitors.audit.collect.ssh_server import new_key
from tests.monitors.scan.test_tcp import listening
from tests.monitors.shell_server import Quirks, Server, shell_server


@dataclass
class Site:
    """An estate on the loopback, a jump host and a server behind it."""

    estate: Path
    state: Path
    jump: Server
    server: Server
    at_jump: Quirks = field(default_factory=Quirks)
    at_server: Quirks = field(default_factory=Quirks)

    def scan(self, *more: str) -> "subprocess.CompletedProcess[str]":
        return bastide_here(
            *("host", "scan", "127.0.0.1", "--estate", str(self.estate), *more),
            BASTIDE_STATE_HOME=str(self.state),
        )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    estate = new_estate(tmp_path / "ours", network="127.0.0.")
    at_jump, at_server = Quirks(), Quirks()
    with ExitStack() as stack:
        jump = stack.enter_context(
            shell_server(tmp_path / "jump", at_jump, new_key(tmp_path / "key"))
        )
        server = stack.enter_context(shell_server(tmp_path / "server", at_server))
        said = {
            "port": server.port,
            "jump": f"itadmin@127.0.0.1:{jump.port}",
            "jump_host_key": jump.host_key_line,
            "key": str(tmp_path / "key"),
        }
        file = estate / "estate.yml"
        file.write_text(f"{file.read_text()}\n{yaml.safe_dump({'ssh': said})}")
        yield Site(estate, tmp_path / "state", jump, server, at_jump, at_server)


def test_ports_are_tried_through_the_jump_host_and_nobody_logs_in_behind_it(site: Site) -> None:
    done = site.scan()
    assert done.returncode == 1, done.stderr
    assert fingerprint(site.server.host_key_line) in done.stdout
    assert f"through itadmin@127.0.0.1:{site.jump.port}" in done.stderr
    assert "not asked: SNMP, which cannot go through" in " ".join(done.stderr.split())
    assert len(site.at_jump.logins) == 1
    assert site.at_server.logins == []
    listed = json.loads(site.scan("--json").stdout)
    (found,) = listed["answering"]
    assert found["ports"] == [site.server.port]
    assert found["snmp"] is None
    assert listed["through"] == f"itadmin@127.0.0.1:{site.jump.port}"


def test_directly_the_jump_host_is_not_logged_in_to(site: Site) -> None:
    assert site.scan("--direct").returncode == 1
    assert site.at_jump.logins == []


def test_a_jump_host_that_forbids_forwarding_ends_the_scan(site: Site) -> None:
    site.at_jump.forwards = False
    done = site.scan()
    assert done.returncode == 3
    said = " ".join(done.stderr.split())
    assert f" itadmin@127.0.0.1:{site.jump.port}: expected itadmin@" in said
    assert "found that it forbids it; allow it there for this account while you scan" in said
    assert "AllowTcpForwarding local" in said
    assert "Traceback" not in said


def test_a_jump_host_that_refuses_the_login_is_asked_once(site: Site, tmp_path: Path) -> None:
    site.at_jump.user = "somebody-else"
    assert "login refused" in " ".join(site.scan().stderr.split())
    again = site.scan()
    assert again.returncode == 3
    assert "not tried again" in " ".join(again.stderr.split())
    assert len(site.at_jump.logins) == 1


def test_no_community_is_sent_through_a_jump_host(site: Site) -> None:
    done = site.scan("--send-community")
    assert done.returncode == 2
    assert "no SNMP goes through a jump host" in done.stderr


def test_a_server_that_floods_is_cut_off(site: Site) -> None:
    with listening("127.0.0.1", says=b"x" * (4 << 20), port=2222) as (_, came):
        done = site.scan("--json")
    assert came
    (found,) = json.loads(done.stdout)["answering"]
    assert {each["port"]: each["host_key"] for each in found["ssh"]}[2222] is None


def test_where_too_much_is_never_answered_it_is_logged_in_to_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "MOST_UNANSWERED", 0)
    assert site.scan().returncode == 1
    assert len(site.at_jump.logins) > 2
