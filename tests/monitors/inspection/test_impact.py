"""Whom the baseline would cut off: logins, ports with who is connected, what is forwarded."""

from pathlib import Path

import pytest

from inventory.entries import InventoryHost
from inventory.enums import Level
from inventory.ssh import Ssh
from monitors.inspection.impact import Impact, impact
from monitors.inspection.model import Inspection, Listener, Peers, System
from monitors.inspection.suggestion.insert import add_items
from monitors.inspection.suggestion.inventory_yaml import suggest
from tests.monitors.inspection.estates import GRADAC, arrival, host, write_estate
from tests.monitors.inspection.recorded import inspection, text

WEB = inspection("web")
ADMINISTRATOR = """\
administrators:
  - name: Ana
    login: clerk
    contact: ana@gradac.example
    keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMd8P2JV7O+dXdRn8SAsSH+14t5cdXIMPEgNh6KGNYg2]
"""


@pytest.fixture
def entry(tmp_path: Path) -> InventoryHost:
    """The recorded host as it was adopted."""
    return adopted(tmp_path)


def adopted(tmp_path: Path, more: str = "") -> InventoryHost:
    folder = write_estate(tmp_path / "estate")
    lines = suggest(WEB, arrival(folder, Ssh(user="itadmin"))).host
    (folder / "municipalities" / "gradac.yml").write_text(add_items(GRADAC, "hosts", lines) + more)
    return host(folder, "gradac-srv-web01")


def baseline(entry: InventoryHost, now: Inspection) -> Impact:
    return impact(entry, now, Level.BASELINE)


def test_watching_and_auditing_cut_nothing(entry: InventoryHost) -> None:
    for level in (Level.WATCH, Level.AUDIT):
        assert not impact(entry, WEB, level).cuts


def test_an_administrator_who_is_in_no_inventory_is_named_first(entry: InventoryHost) -> None:
    shadow = text("web", "shadow").replace("clerk locked", "clerk set")
    sudoers = text("web", "sudoers") + "==> /etc/sudoers.d/c\nclerk ALL=(ALL) ALL\n"
    (cut,) = baseline(entry, inspection("web", shadow=shadow, sudoers=sudoers)).logins
    assert cut.what.startswith("clerk: with a password; sudo for clerk in /etc/sudoers.d/c")
    assert "declare clerk in `administrators:`" in cut.keep


def test_a_login_with_a_password_alone_is_cut_though_it_is_declared(tmp_path: Path) -> None:
    shadow = text("web", "shadow").replace("clerk locked", "clerk set")
    (cut,) = baseline(adopted(tmp_path, ADMINISTRATOR), inspection("web", shadow=shadow)).logins
    assert cut.why == "SSH takes keys only, and this account has none"


def test_what_is_declared_and_used_from_where_it_may_be_stays(entry: InventoryHost) -> None:
    peers = (
        Peers(port=443, addresses=("203.0.113.9",)),
        Peers(port=445, addresses=("172.27.10.9",)),
    )
    assert baseline(entry, WEB.model_copy(update={"peers": peers})).ports == ()


def test_who_is_connected_now_from_elsewhere_is_named(entry: InventoryHost) -> None:
    peers = (Peers(port=22, addresses=("172.27.10.70", "198.51.100.7")),)
    (cut,) = baseline(entry, WEB.model_copy(update={"peers": peers})).ports
    assert cut.what == "tcp port 22, sshd; connected now: 198.51.100.7"
    assert "declared for 172.27.10.64/26" in cut.why


def test_a_port_that_is_not_declared_is_closed_and_one_in_use_comes_first(
    entry: InventoryHost,
) -> None:
    new = tuple(
        Listener(protocol="tcp", address="*", port=port, process="java") for port in (8000, 9000)
    )
    peers = (Peers(port=9000, addresses=("172.27.10.9",)),)
    now = WEB.model_copy(update={"listeners": (*WEB.listeners, *new), "peers": peers})
    assert [cut.what for cut in baseline(entry, now).ports] == [
        "tcp port 9000, java; connected now: 172.27.10.9",
        "tcp port 8000, java",
    ]


def test_container_networks_and_published_ports_are_cut(entry: InventoryHost) -> None:
    said = [cut.what for cut in baseline(entry, WEB).forwarding]
    assert "network 172.18.0.0/16 (docker network town-net)" in said
    assert "tcp port 8080, handed on to 172.18.0.2:80 (iptables-nft nat CONTAINERS)" in said


def test_what_was_not_read_is_not_said_to_be_safe(entry: InventoryHost) -> None:
    blind = Inspection(system=System(name="a"), unread=(("sockets", "did not end in time"),))
    result = baseline(entry, blind)
    assert "sockets: not read, did not end in time" in result.unknown
