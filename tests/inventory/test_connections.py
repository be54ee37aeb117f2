"""The way in to a host: the narrowest place that says a key counts, key by key."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType

import pytest

from inventory.connections import (
    Connection,
    connection,
    jump_addresses,
    jumped_to,
    split_jump,
)
from inventory.entries import InventoryHost, hosts
from inventory.enums import ConnectionKind
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.ssh import Ssh
from inventory.outputs import HostOutput, Outputs
from inventory.paths import SHIPPED_ESTATES

STATE = Path("/state")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICIli2MS/jSLosGpGL/cuwQhBlOLOi7tPMNWu/DShkXj"


@pytest.fixture(scope="module")
def pilot() -> Estate:
    return load_estate(SHIPPED_ESTATES / "pilot")


Changes = Mapping[str, object]
NOTHING: Changes = MappingProxyType({})


def app(
    whole: Estate, *, estate: Changes = NOTHING, town: Changes = NOTHING, host: Changes = NOTHING
) -> InventoryHost:
    """A town's application server, with keys of the estate, its municipality or itself changed."""
    first, *others = whole.municipalities
    own = [h.model_copy(update=host) if h.id == "app" else h for h in first.hosts]
    first = first.model_copy(update={"hosts": tuple(own), **town})
    changed = whole.model_copy(update={"municipalities": (first, *others), **estate})
    return next(e for e in hosts(changed) if e.name == f"{first.municipality}-app")


def test_without_a_word_root_logs_in_with_the_estates_key(pilot: Estate) -> None:
    entry = app(pilot)
    assert connection(entry, STATE) == Connection(
        name="brezovik-app",
        address="192.0.2.74",
        port=22,
        user="root",
        sudo="none",
        key=STATE / "ssh" / "admin",
        host_key=entry.host.host_key,
    )


def test_the_narrower_place_wins_key_by_key(pilot: Estate) -> None:
    entry = app(
        pilot,
        estate={"ssh": Ssh(user="ops", port=22, key="agent")},
        town={"ssh": Ssh(port=2222, sudo="password", sudo_password="env:SUDO")},
        host={"ssh": Ssh(user="itadmin")},
    )
    way = connection(entry, STATE)
    assert (way.user, way.port, way.key) == ("itadmin", 2222, None)
    assert (way.sudo, way.sudo_password) == ("password", "env:SUDO")


def test_a_password_counts_only_where_sudo_asks_for_one(pilot: Estate) -> None:
    entry = app(
        pilot,
        estate={"ssh": Ssh(user="ops", sudo="password", sudo_password="env:SUDO")},
        host={"ssh": Ssh(sudo="passwordless")},
    )
    assert connection(entry, STATE).sudo_password is None


def test_whoever_is_not_root_becomes_root_without_a_password_unless_said(pilot: Estate) -> None:
    assert connection(app(pilot, host={"ssh": Ssh(user="ops")}), STATE).sudo == "passwordless"


def test_a_jump_host_of_the_inventory_has_its_own_way_in(pilot: Estate) -> None:
    entry = app(pilot, town={"ssh": Ssh(user="itadmin", jump="brezovik-edge")})
    jump = connection(entry, STATE).jump
    assert jump is not None
    assert (jump.name, jump.user, jump.address) == ("brezovik-edge", "itadmin", "192.0.2.65")
    assert jump.jump is None


def test_a_key_of_the_callers_own_is_used_at_jump_hosts_too(pilot: Estate) -> None:
    key = Path("/state/ssh/audit")
    for jump in ("brezovik-edge", "hop@192.0.2.7"):
        entry = app(pilot, town={"ssh": Ssh(user="itadmin", jump=jump, key="agent")})
        way = connection(entry, STATE, key=key)
        assert way.jump
        assert (way.key, way.jump.key) == (key, key)


def test_a_jump_host_needs_none_for_itself(pilot: Estate) -> None:
    entry = app(pilot, town={"ssh": Ssh(jump="brezovik-app")})
    assert connection(entry, STATE).jump is None
    assert jump_addresses(entry) == ()


@pytest.mark.parametrize(
    ("jump", "addresses"),
    [
        (None, ()),
        ("admin@[2001:db8::1]:2022", ("2001:db8::1",)),
        ("admin@192.0.2.1", ("192.0.2.1",)),
        ("admin@gate.example", ()),
        ("brezovik-edge", ("192.0.2.65", "198.51.100.7")),
    ],
)
def test_logins_come_from_the_addresses_that_the_inventory_knows_of_a_jump_host(
    pilot: Estate, jump: str | None, addresses: tuple[str, ...]
) -> None:
    entry = app(pilot, host={"ssh": Ssh(jump=jump)})
    town = entry.tenant.content
    uplink = ip_address("198.51.100.7")
    own = [h.model_copy(update={"uplink": uplink} if h.id == "edge" else {}) for h in town.hosts]
    moved = app(pilot, town={"hosts": tuple(own)}, host={"ssh": Ssh(jump=jump)})
    assert jump_addresses(moved) == addresses


def test_further_addresses_are_kept_for_where_the_first_does_not_answer(pilot: Estate) -> None:
    further = (ip_address("2001:db8::7"), ip_address("192.0.2.7"))
    entry = app(pilot, host={"more_addresses": further})
    assert connection(entry, STATE).more_addresses == ("2001:db8::7", "192.0.2.7")


def test_a_jump_host_outside_the_inventory_is_pinned_too(pilot: Estate) -> None:
    entry = app(pilot, host={"ssh": Ssh(jump="admin@[2001:db8::1]:2022", jump_host_key=KEY)})
    jump = connection(entry, STATE).jump
    assert jump is not None
    assert (jump.user, jump.address, jump.port) == ("admin", "2001:db8::1", 2022)
    assert jump.host_key == KEY
    assert jump.place == "admin@[2001:db8::1]:2022"


def test_what_provisioning_left_counts_before_the_inventory(pilot: Estate) -> None:
    entry = app(pilot)
    made = HostOutput(address="192.0.2.99", host_key=KEY, provider=entry.provider)
    way = connection(entry, STATE, Outputs(estate="pilot", hosts={entry.name: made}))
    assert (way.address, way.host_key) == ("192.0.2.99", KEY)


def test_this_very_machine_is_not_logged_in_to(pilot: Estate) -> None:
    assert connection(app(pilot, host={"connection": ConnectionKind.LOCAL}), STATE).local


def test_a_key_below_the_home_folder_is_found(
    pilot: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ana")
    entry = app(pilot, host={"ssh": Ssh(key="~/.ssh/id_ed25519")})
    assert connection(entry, STATE).key == Path("/home/ana/.ssh/id_ed25519")


@pytest.mark.parametrize(
    ("jump", "parts"),
    [
        ("admin@gate.example", ("admin", "gate.example", 22)),
        ("admin@192.0.2.1:2222", ("admin", "192.0.2.1", 2222)),
        ("admin@2001:db8::1", ("admin", "2001:db8::1", 22)),
        ("admin@[2001:db8::1]", ("admin", "2001:db8::1", 22)),
        ("admin@[2001:db8::1]:2222", ("admin", "2001:db8::1", 2222)),
        ("admin@192.0.2.1:1", ("admin", "192.0.2.1", 1)),
        ("admin@192.0.2.1:65535", ("admin", "192.0.2.1", 65535)),
    ],
)
def test_a_jump_host_is_read_as_ssh_reads_it(jump: str, parts: tuple[str, str, int]) -> None:
    assert split_jump(jump) == parts


@pytest.mark.parametrize("jump", ["admin@192.0.2.1:0", "admin@192.0.2.1:65536", "admin@[::1]:x"])
def test_a_jump_host_with_an_impossible_port_is_refused(jump: str) -> None:
    with pytest.raises(ValueError, match=r"port|invalid"):
        split_jump(jump)


def test_a_jump_host_is_jumped_through_to_every_address_of_its_hosts(pilot: Estate) -> None:
    more = (ip_address("2001:db8::20"),)
    way = {"ssh": Ssh(jump="brezovik-edge", port=2222), "more_addresses": more}
    estate = app(pilot, host=way).tenant.estate
    edge, other = (
        next(e for e in hosts(estate) if e.name == name)
        for name in ("brezovik-edge", "brezovik-app")
    )
    assert jumped_to(edge) == ("192.0.2.74:2222", "[2001:db8::20]:2222")
    assert jumped_to(other) == ()


def test_who_jumps_through_itself_is_no_jump_host(pilot: Estate) -> None:
    entry = app(pilot, town={"ssh": Ssh(jump="brezovik-app")})
    assert "192.0.2.74:22" not in jumped_to(entry)
