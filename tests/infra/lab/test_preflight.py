from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.lab import preflight
from infra.lab.layout import lab_of
from infra.lab.preflight import MIB, Need, judge
from infra.lab.probe import Facts, Route, gather
from tests.infra.lab.own_lab import OwnLab

NEED = Need(IPv4Network("10.77.0.0/16"), machines=10, state=Path("/state"), cache=Path("/cache"))
GOOD = Facts(root=True, state_free=8000 * MIB, cache_free=8000 * MIB)

LACKS = {
    "root": (
        replace(GOOD, root=False),
        ["this user: expected root, found an ordinary user"],
    ),
    "a program": (
        replace(GOOD, missing_programs=("nft", "systemd-nspawn")),
        ["program nft", "apt-get install nftables", "apt-get install systemd-container"],
    ),
    "a kernel feature": (
        replace(GOOD, failures=(("bridges (CONFIG_BRIDGE)", "Unknown device type"),)),
        ["expected bridges (CONFIG_BRIDGE), found Unknown device type"],
    ),
    "control groups": (
        replace(GOOD, cgroups=False),
        ["control groups: expected cgroup or cgroup2 mounted"],
    ),
    "disk space on one disk": (
        replace(GOOD, state_free=3000 * MIB),
        ["disk of /state: expected 3500 MiB free, found 3000 MiB", "BASTIDE_STATE_HOME"],
    ),
    "disk space for the image": (
        replace(GOOD, one_disk=False, cache_free=900 * MIB),
        ["disk of /cache: expected 1000 MiB free, found 900 MiB"],
    ),
    "disk space for machines": (
        replace(GOOD, one_disk=False, state_free=2400 * MIB),
        ["disk of /state: expected 2500 MiB free, found 2400 MiB"],
    ),
    "the port": (
        replace(GOOD, port_listener='LISTEN 10.77.0.1:3142 users:(("squid",pid=7,fd=3))'),
        ["port 3142 in the backbone: expected free", "squid"],
    ),
    "the range": (
        replace(GOOD, routes=(Route(IPv4Network("10.77.4.0/24"), "vpn0"),)),
        ["address range 10.77.0.0/16", "found 10.77.4.0/24 through vpn0", "estate.yml"],
    ),
    "a firewall that lets through": (
        replace(GOOD, dropping_chains=("ip filter FORWARD",)),
        ["nftables chain ip filter FORWARD", "accept to and from 10.77.0.0/16"],
    ),
}


@pytest.mark.parametrize("lack", LACKS)
def test_what_is_lacking_is_said_with_what_to_do(lack: str) -> None:
    facts, expected_texts = LACKS[lack]
    text = "\n".join(map(str, judge(facts, NEED)))
    assert [expected for expected in expected_texts if expected not in text] == []


def test_every_problem_is_reported_at_once() -> None:
    facts = replace(
        GOOD,
        failures=(("veth pairs (CONFIG_VETH)", "no"),),
        state_free=0,
        port_listener="somebody",
        routes=(Route(IPv4Network("10.0.0.0/8"), "eth1"),),
    )
    subjects = [problem.subject for problem in judge(facts, NEED)]
    assert subjects == [
        "kernel",
        "disk of /state",
        "address range 10.77.0.0/16",
        "port 3142 in the backbone",
    ]


def test_nothing_is_wrong_with_a_good_machine() -> None:
    assert judge(GOOD, NEED) == ()


def test_a_route_beside_the_range_is_nobodys_matter() -> None:
    facts = replace(GOOD, routes=(Route(IPv4Network("10.78.0.0/16"), "eth1"),))
    assert judge(facts, NEED) == ()


def test_a_lab_that_is_up_needs_no_more_disk() -> None:
    facts = replace(GOOD, image_built=True, machines_made=10, state_free=0)
    assert judge(facts, NEED) == ()


@pytest.mark.root
def test_this_very_machine_can_carry_a_lab(tmp_path: Path) -> None:
    preflight.require(lab_of("nowhere", tmp_path), IPv4Network("198.18.0.0/16"))


@pytest.mark.root
def test_probing_leaves_nothing_behind(tmp_path: Path) -> None:
    gather(lab_of("nowhere", tmp_path), 3142)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.root
def test_a_lab_that_runs_from_elsewhere_is_reported_with_the_rest(
    own_lab: OwnLab, tmp_path: Path
) -> None:
    elsewhere = replace(own_lab.lab, state=tmp_path)
    with pytest.raises(InfraError, match=f"runs from {own_lab.lab.state}") as raised:
        preflight.require(elsewhere, IPv4Network("198.18.0.0/16"))
    assert len(raised.value.problems) == 1


@pytest.mark.root
def test_a_state_folder_that_cannot_be_made_is_named() -> None:
    """Nobody can make a folder in /proc, root included."""
    state = Path("/proc/nowhere")
    with pytest.raises(FileNotFoundError) as refused:
        gather(lab_of("nowhere", state), 3142)
    assert Path(refused.value.filename).is_relative_to(state)
