"""An isolated host: the responders reach it, it begins nothing, and the rules of others stay."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.playbooks.ansible import PLAYBOOKS, ansible_playbook

RENDER = Path(__file__).parent / "cases" / "isolation" / "render.yml"
FOREIGN = """
table inet theirs {
  chain input { type filter hook input priority filter; policy accept; tcp dport 81 drop; }
}
"""
# Says again whatever it is told, over IPv4 and IPv6.
SERVE = """
import socket, socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while told := self.request.recv(99):
            self.request.sendall(told)
class Server(socketserver.ThreadingTCPServer):
    address_family, daemon_threads = socket.AF_INET6, True
Server(('::', {port}), Echo).serve_forever()
"""
ASK = "import socket; socket.create_connection(('{address}', {port}), 1.5).close()"
# An echo request (RFC 792), and whether its reply comes.
PING = """
import socket
echo = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
echo.settimeout(1)
echo.connect(('{address}', 0))
echo.send(bytes([8, 0, 0xe5, 0xca, 0x12, 0x34, 0, 1]))
while echo.recv(99)[20:26] != bytes([0, 0, 0xed, 0xca, 0x12, 0x34]): pass
"""
# A connection that stays: whether an answer comes back after each line that it is sent.
TALK = """
import socket, sys
talk = socket.create_connection(('{address}', {port}), 2)
talk.settimeout(2)
for line in sys.stdin:
    try:
        talk.sendall(b'on')
        print('answer' if talk.recv(2) else 'end', flush=True)
    except OSError:
        print('silence', flush=True)
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rendered = tmp_path_factory.mktemp("isolation") / "isolation.nft"
    variables = {
        "rendered": str(rendered),
        "playbook_folder": str(PLAYBOOKS),
        "isolation_responders": ["198.51.100.0/24", "2001:db8:1::/64"],
    }
    done = ansible_playbook("-i", "localhost,", RENDER, "-e", json.dumps(variables))
    assert done.returncode == 0, done.stdout + done.stderr
    return rendered


def test_the_file_says_how_it_is_undone(rules: Path) -> None:
    assert "It ends with: bastide playbook rollback RUN" in rules.read_text()


def test_no_other_table_is_named(rules: Path) -> None:
    named = {line for line in rules.read_text().splitlines() if "table" in line}
    assert named == {
        "table inet bastide_isolation",
        "delete table inet bastide_isolation",
        "table inet bastide_isolation {",
    }
    assert "flush" not in rules.read_text()


@dataclass(frozen=True)
class Network:
    """A host between a responder and a stranger, each in a network namespace of its own."""

    name: str

    def command(self, who: str, *command: str | Path) -> list[str]:
        return ["ip", "netns", "exec", f"{self.name}-{who}", *map(str, command)]

    def run(self, who: str, *command: str | Path) -> str:
        done = subprocess.run(
            self.command(who, *command), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, who: str, program: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(who, "python3", "-c", program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def works(self, who: str, program: str) -> bool:
        command = self.command(who, "python3", "-c", program)
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def reaches(self, who: str, address: str, port: int = 80) -> bool:
        return self.works(who, ASK.format(address=address, port=port))

    def pings(self, who: str, address: str) -> bool:
        return self.works(who, PING.format(address=address))


HOST = {"responder": "198.51.100.1", "stranger": "203.0.113.1"}
PEER = {"responder": "198.51.100.2", "stranger": "203.0.113.2"}
HOST6 = {"responder": "2001:db8:1::1", "stranger": "2001:db8:2::1"}
PEER6 = {"responder": "2001:db8:1::2", "stranger": "2001:db8:2::2"}


@pytest.fixture
def network() -> Iterator[Network]:
    net = Network(f"isolation{os.getpid()}")
    with ExitStack() as stack:
        for who in ("host", *HOST):
            subprocess.run(["ip", "netns", "add", f"{net.name}-{who}"], check=True)
            stack.callback(
                subprocess.run, ["ip", "netns", "delete", f"{net.name}-{who}"], check=True
            )
            net.run(who, "ip", "link", "set", "lo", "up")
        for who in HOST:
            peer = ["peer", "name", "eth0", "netns", f"{net.name}-{who}"]
            net.run("host", "ip", "link", "add", who, "type", "veth", *peer)
            for owner, link, ours in (("host", who, (HOST, HOST6)), (who, "eth0", (PEER, PEER6))):
                net.run(owner, "ip", "address", "add", f"{ours[0][who]}/24", "dev", link)
                six = f"{ours[1][who]}/64"
                net.run(owner, "ip", "address", "add", six, "dev", link, "nodad")
                net.run(owner, "ip", "link", "set", link, "up")
            route = ["ip", "route", "add", "default", "via", HOST[who]]
            net.run(who, *route)
        net.run("host", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for who, port in (("host", 80), ("host", 81), *((who, 80) for who in HOST)):
            server = net.start(who, SERVE.format(port=port))
            stack.callback(server.wait)
            stack.callback(server.kill)
        for who in ("host", *HOST):
            address = "127.0.0.1"
            assert any(net.reaches(who, address) for _ in range(20)), who
        yield net


def said(talk: "subprocess.Popen[str]") -> str:
    assert talk.stdin is not None
    assert talk.stdout is not None
    talk.stdin.write("on\n")
    talk.stdin.flush()
    return talk.stdout.readline().strip()


@pytest.mark.root
def test_who_reaches_whom(network: Network, rules: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.nft"
    foreign.write_text(FOREIGN)
    network.run("host", "nft", "--file", foreign)
    before = network.run("host", "nft", "list", "ruleset")
    with ExitStack() as stack:

        def talk(who: str, address: str) -> "subprocess.Popen[str]":
            process = network.start(who, TALK.format(address=address, port=80))
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        of_responder = talk("responder", HOST["responder"])
        to_responder = talk("host", PEER["responder"])
        of_stranger = talk("stranger", HOST["stranger"])
        assert [said(t) for t in (of_responder, to_responder, of_stranger)] == ["answer"] * 3
        assert network.reaches("stranger", PEER["responder"]), "it forwards before"
        assert network.pings("stranger", HOST["stranger"])

        network.run("host", "nft", "--file", rules)

        assert network.reaches("responder", HOST["responder"])
        assert network.reaches("responder", HOST6["responder"])
        assert network.pings("responder", HOST["responder"])
        assert not network.reaches("responder", HOST["responder"], 81), "what others drop stays so"
        assert not network.reaches("stranger", HOST["stranger"])
        assert not network.reaches("stranger", HOST6["stranger"])
        assert not network.pings("stranger", HOST["stranger"])
        for who in HOST:
            assert not network.reaches("host", PEER[who]), f"it begins something with {who}"
            assert not network.reaches("host", PEER6[who])
        assert not network.reaches("stranger", PEER["responder"]), "it forwards no more"
        assert network.reaches("host", "127.0.0.1")
        assert said(of_responder) == "answer"
        assert [said(t) for t in (to_responder, of_stranger)] == ["silence"] * 2

        after = network.run("host", "nft", "list", "ruleset")
        assert before.strip() in after
        network.run("host", "nft", "delete", "table", "inet", "bastide_isolation")
        assert network.run("host", "nft", "list", "ruleset") == before
        assert network.reaches("stranger", HOST["stranger"])


@pytest.mark.root
def test_loading_the_rules_twice_leaves_them_once(network: Network, rules: Path) -> None:
    network.run("host", "nft", "--file", rules)
    once = network.run("host", "nft", "--stateless", "list", "ruleset")
    network.run("host", "nft", "--file", rules)
    assert network.run("host", "nft", "--stateless", "list", "ruleset") == once
