"""Which ports are open on each host of the lab, and to whom."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from inventory.entries import InventoryHost, hosts
from inventory.enums import Access, Protocol, Role, System
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.hosts import Listen
from inventory.model.ssh import Ssh
from inventory.open_ports import Forward, OpenPort, estate_networks, forwards, open_ports, sources
from inventory.paths import SHIPPED_ESTATES

LAB = load_estate(SHIPPED_ESTATES / "lab")
CENTRAL = ("10.77.0.0/24",)
ADMINISTRATORS = ("10.77.0.0/24", "10.77.254.0/30")
HALL = ("10.77.1.0/24",)
SITES = ("10.77.0.0/24", "10.77.3.0/24", "10.77.2.0/24", "10.77.1.0/24")
UPLINKS = ("10.77.255.13", "10.77.255.12", "10.77.255.11")
ESTATE = (*SITES, *UPLINKS)
ANYWHERE: tuple[str, ...] = ()
TCP, UDP = Protocol.TCP, Protocol.UDP
BASELINE = {(22, TCP, "ssh", ADMINISTRATORS), (9100, TCP, "node_exporter", CENTRAL)}


def host(name: str, estate: Estate = LAB) -> InventoryHost:
    return next(entry for entry in hosts(estate) if entry.name == name)


def rows(ports: tuple[OpenPort, ...]) -> set[tuple[int, Protocol, str, tuple[str, ...]]]:
    return {(port.port, port.protocol, port.name, port.sources) for port in ports}


OPEN: dict[str, set[tuple[int, Protocol, str, tuple[str, ...]]]] = {
    "velgora-edge": {
        (53, TCP, "dns", HALL),
        (53, UDP, "dns", HALL),
        (53, UDP, "dns", CENTRAL),
        (161, UDP, "snmp", ADMINISTRATORS),
    },
    "velgora-app": {(80, TCP, "http", ANYWHERE), (443, TCP, "https", ANYWHERE)},
    "velgora-files": {(445, TCP, "smb", HALL)},
    "central-ops": {
        (53, TCP, "dns", CENTRAL),
        (53, UDP, "dns", CENTRAL),
        (123, UDP, "ntp", ESTATE),
        (9090, TCP, "prometheus", ADMINISTRATORS),
        (9093, TCP, "alertmanager", ADMINISTRATORS),
        (162, UDP, "snmp_traps", ESTATE),
        (19532, TCP, "journal", ESTATE),
    },
    "central-vault": {(22, TCP, "backup_ssh", ESTATE)},
    "central-scratch": set(),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_host_has_the_ports_of_the_baseline_and_of_its_roles_and_no_other(name: str) -> None:
    assert rows(open_ports(host(name))) == BASELINE | OPEN[name]
    assert len(open_ports(host(name))) == len(BASELINE | OPEN[name])


def test_every_role_is_looked_at() -> None:
    assert {role for name in OPEN for role in host(name).host.roles} == {*Role}


def test_a_host_has_the_ports_that_it_declares_as_well() -> None:
    printing = Listen(port=631, protocol=TCP, access=Access.SITE, name="ipp")
    estate = edited("velgora", "app", listens=(printing,))

    assert rows(open_ports(host("velgora-app", estate))) == {
        *BASELINE,
        *OPEN["velgora-app"],
        (631, TCP, "ipp", HALL),
    }


@pytest.mark.parametrize(
    ("access", "networks"),
    [
        (Access.MANAGEMENT, ADMINISTRATORS),
        (Access.CENTRAL, CENTRAL),
        (Access.SITE, HALL),
        (Access.ESTATE, ESTATE),
        (Access.ANYWHERE, ANYWHERE),
    ],
)
def test_who_an_access_word_lets_in(access: Access, networks: tuple[str, ...]) -> None:
    assert sources(access, host("velgora-app")) == networks


def test_central_may_manage_from_wherever_the_administrators_sit() -> None:
    elsewhere = LAB.model_copy(update={"management": LAB.lab and (LAB.lab.uplink,)})

    assert sources(Access.MANAGEMENT, host("velgora-app", elsewhere)) == (
        "10.77.254.0/30",
        "10.77.0.0/24",
    )


def test_the_estate_is_every_site_and_every_uplink() -> None:
    assert estate_networks(LAB) == ESTATE


def test_an_edge_forwards_what_its_own_site_serves_to_others_and_nothing_else() -> None:
    ssh = OpenPort(22, TCP, "ssh", ADMINISTRATORS)
    measured = OpenPort(9100, TCP, "node_exporter", CENTRAL)
    snmp = OpenPort(161, UDP, "snmp", ADMINISTRATORS)

    assert sorted(forwards(host("velgora-edge")), key=str) == sorted(
        [
            Forward("10.77.1.10", ssh),
            Forward("10.77.1.10", measured),
            Forward("10.77.1.10", OpenPort(80, TCP, "http", ANYWHERE)),
            Forward("10.77.1.10", OpenPort(443, TCP, "https", ANYWHERE)),
            Forward("10.77.1.11", ssh),
            Forward("10.77.1.11", measured),
            Forward("10.77.1.30", snmp),
            Forward("10.77.1.31", snmp),
        ],
        key=str,
    )


def test_an_edge_forwards_nothing_to_another_site_of_its_municipality() -> None:
    estate = with_a_second_site()

    assert behind("velgora-edge", estate) == {"10.77.1.10", "10.77.1.30", "10.77.1.31"}


def test_an_edge_forwards_to_another_site_that_is_reached_through_it() -> None:
    estate = with_a_second_site(parent="velgora-edge")

    assert "10.77.9.11" in behind("velgora-edge", estate)
    assert "10.77.9.11" not in behind("kastrava-edge", estate)


def test_an_edge_forwards_to_a_host_of_its_site_that_hangs_on_a_switch() -> None:
    estate = edited("velgora", "app", parent=("velgora-switch",))

    assert "10.77.1.10" in behind("velgora-edge", estate)


def test_a_windows_server_has_no_port_to_log_in_at() -> None:
    entry = host("velgora-files", edited("velgora", "files", system=System.WINDOWS))

    assert "ssh" not in {port.name for port in open_ports(entry)}


def test_who_is_no_edge_forwards_nothing() -> None:
    assert [entry.name for entry in hosts(LAB) if forwards(entry)] == [
        "aynzuhur-edge",
        "kastrava-edge",
        "velgora-edge",
    ]


def edited(municipality: str, own_id: str, **changes: Any) -> Estate:
    """Return the lab with one host changed."""
    towns = tuple(
        town.model_copy(
            update={
                "hosts": tuple(
                    h.model_copy(update=changes) if h.id == own_id else h for h in town.hosts
                )
            }
        )
        if town.municipality == municipality
        else town
        for town in LAB.municipalities
    )
    return LAB.model_copy(update={"municipalities": towns})


def behind(edge: str, estate: Estate) -> set[str]:
    return {forward.to for forward in forwards(host(edge, estate))}


def with_a_second_site(parent: str | None = None) -> Estate:
    """Return the lab with Velgora's file server moved to a school."""
    through = parent and (parent,)
    changed = edited("velgora", "files", site="school", address="10.77.9.11", parent=through)
    moved = changed.model_dump(mode="json")
    town = next(town for town in moved["municipalities"] if town["municipality"] == "velgora")
    town["sites"] += [
        {"id": "school", "name": "School", "network": "10.77.9.0/24", "gateway": "10.77.9.1"}
    ]
    return Estate.model_validate(moved)


def test_the_port_that_is_logged_in_to_is_open_to_whoever_jumps() -> None:
    ssh = Ssh(port=2222, jump="admin@203.0.113.7")
    entry = host("velgora-app", LAB.model_copy(update={"ssh": ssh}))
    expected = (*ADMINISTRATORS, "203.0.113.7")
    assert {row for row in rows(open_ports(entry)) if row[2] == "ssh"} == {
        (port, TCP, "ssh", expected) for port in (22, 2222)
    }


def test_a_jump_host_of_the_inventory_comes_from_both_its_addresses() -> None:
    entry = host("velgora-app", LAB.model_copy(update={"ssh": Ssh(jump="velgora-edge")}))
    (port,) = [port for port in open_ports(entry) if port.name == "ssh"]
    assert port.sources == (*ADMINISTRATORS, "10.77.1.1", "10.77.255.11")


def test_a_jump_host_known_by_name_only_opens_nothing() -> None:
    entry = host("velgora-app", LAB.model_copy(update={"ssh": Ssh(jump="admin@gate.example")}))
    assert rows(open_ports(entry)) >= BASELINE


def test_an_ipv6_network_of_central_may_log_in_scrape_and_is_of_the_estate() -> None:
    site = LAB.central.sites[0].model_copy(update={"more_networks": (ip_network("fd77::/64"),)})
    central = LAB.central.model_copy(update={"sites": (site,)})
    estate = LAB.model_copy(update={"central": central})
    ports = {port.name: port.sources for port in open_ports(host("velgora-app", estate))}
    assert ports["ssh"] == ("10.77.0.0/24", "10.77.254.0/30", "fd77::/64")
    assert ports["node_exporter"] == ("10.77.0.0/24", "fd77::/64")
    assert "fd77::/64" in estate_networks(estate)


def test_an_edge_lets_through_to_every_address_behind_it() -> None:
    more = (ip_address("fd77:1::10"),)
    estate = edited("velgora", "app", more_addresses=more)
    https = [f.to for f in forwards(host("velgora-edge", estate)) if f.port.name == "https"]
    assert https == ["10.77.1.10", "fd77:1::10"]


@pytest.mark.parametrize(("port", "first"), [(67, "0.0.0.0/32"), (547, "fe80::/10"), (53, None)])
def test_who_has_no_address_yet_may_ask_for_one(port: int, first: str | None) -> None:
    listen = Listen(port=port, protocol=Protocol.UDP, access=Access.SITE, name="asked")
    estate = edited("velgora", "app", listens=(listen,))
    (asked,) = [p for p in open_ports(host("velgora-app", estate)) if p.name == "asked"]
    assert asked.sources == ("10.77.1.0/24", *([first] if first else []))
    # They ask at their own site: an edge has nothing to let through.
    assert not [f for f in forwards(host("velgora-edge", estate)) if f.port.name == "asked"]


def test_a_server_of_addresses_for_anybody_has_no_sources() -> None:
    listen = Listen(port=67, protocol=Protocol.UDP, access=Access.ANYWHERE, name="asked")
    (asked,) = [
        p
        for p in open_ports(host("velgora-app", edited("velgora", "app", listens=(listen,))))
        if p.name == "asked"
    ]
    assert asked.sources == ()
