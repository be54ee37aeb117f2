"""What addresses, routes and interfaces a host has, put back in a network of the test's own."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbooks.ansible import ROLES

pytestmark = pytest.mark.root

PROGRAM = ROLES / "network" / "files" / "network_state.py"
NAMESPACE = "bastide-network-state"
HOST = """
link add eth0 type bridge forward_delay 0
link add eth1 type bridge forward_delay 0
address add 192.0.2.20/24 broadcast 192.0.2.255 dev eth0
address add 192.0.2.21/24 dev eth0
address add 2001:db8::20/64 dev eth0 nodad
address add 198.51.100.9/24 dev eth1 valid_lft 900 preferred_lft 600
link set lo up
link set eth0 up
link set eth1 up
route add default via 192.0.2.1
route add 203.0.113.0/24 via 192.0.2.2 metric 50
route add 203.0.113.128/25 via 192.0.2.3 table 77
route add default via 2001:db8::1
rule add from 192.0.2.21 lookup 77 priority 99
"""
# What a change may have done, each alone.
CHANGES = {
    "nothing": "",
    "an address less, and the other of its network": "address delete 192.0.2.20/24 dev eth0",
    "another address": "address flush dev eth0\naddress add 198.51.100.1/24 dev eth0",
    "no default route": "route delete default",
    "another default route": "route replace default via 192.0.2.99",
    "a route in a table of somebody's": "route delete 203.0.113.128/25 table 77",
    "a route that throws packets away": "route add blackhole 10.0.0.0/8",
    "the network's own route less": "route delete 192.0.2.0/24 dev eth0",
    "no way out by IPv6": (
        "route delete default via 2001:db8::1\naddress delete 2001:db8::20/64 dev eth0"
    ),
    "an interface that is off": "link set eth0 down",
    "an interface more, which takes everything": (
        "link add vpn0 type bridge\nlink set vpn0 up\naddress add 10.9.9.1/24 dev vpn0\n"
        "route add 0.0.0.0/1 dev vpn0\nroute add 128.0.0.0/1 dev vpn0"
    ),
    "rules": "rule delete priority 99\nrule add from all unreachable priority 5",
    "a lease that is lost": "address delete 198.51.100.9/24 dev eth1",
}


def inside(*argv: str, given: str = "") -> str:
    return subprocess.run(
        ["ip", "netns", "exec", NAMESPACE, *argv],
        input=given,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def run(*words: str) -> str:
    return inside("python3", "-I", "-B", str(PROGRAM), *words)


@pytest.fixture
def network() -> Iterator[None]:
    """A host's network, in a namespace of its own."""
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        inside("ip", "-batch", "-", given=HOST)
        yield
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_was_changed_is_as_it_was(change: str, tmp_path: Path) -> None:
    before = run("running")
    (tmp_path / "before").write_text(before)
    inside("ip", "-batch", "-", given=change)
    assert (without_lifetimes(run("running")) != without_lifetimes(before)) is bool(change)

    run("restore", str(tmp_path / "before"))

    assert without_lifetimes(run("running")) == without_lifetimes(before)


@pytest.mark.usefixtures("network")
def test_what_belongs_to_containers_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "before").write_text(run("running"))
    inside("ip", "-batch", "-", given="link add docker0 type bridge\nlink add br-1 type bridge")
    run("restore", str(tmp_path / "before"))
    links = {link["ifname"] for link in json.loads(inside("ip", "-json", "link"))}
    assert {"docker0", "br-1"} <= links


@pytest.mark.usefixtures("network")
def test_what_cannot_be_put_back_is_told_and_the_rest_is_put_back(tmp_path: Path) -> None:
    before = json.loads(run("running"))
    before["routes"]["-4"].append("203.0.113.0/29 via 10.1.1.1 dev eth0")
    (tmp_path / "before").write_text(json.dumps(before))
    inside("ip", "route", "delete", "default")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run("restore", str(tmp_path / "before"))
    assert "ip -4 route append 203.0.113.0/29" in failed.value.stderr
    assert "default via 192.0.2.1" in inside("ip", "route")


def without_lifetimes(text: str) -> object:
    state = json.loads(text)
    return {**state, "addresses": list(state["addresses"])}
