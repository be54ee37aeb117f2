"""Whom the baseline would cut off: logins, ports with who is connected, what is forwarded."""

import json
import re
from pathlib import Path

import pytest

from inventory.entries import InventoryHost, hosts
from inventory.enums import Access, ExporterName, Level, Protocol, Role
from inventory.model.hosts import Exporter, Host, Listen
from inventory.model.ssh import Ssh
from inventory.scalars import CUT
from monitors.inspection.impact import Impact, impact
from monitors.inspection.model import Inspection, Interface, Listener, Peers, System
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


def adopted(tmp_path: Path, more: str = "", *, forwards: bool = False) -> InventoryHost:
    """The recorded host as it was adopted, but for its forwarding unless that is to be kept."""
    folder = write_estate(tmp_path / "estate")
    lines = suggest(WEB, arrival(folder, Ssh(user="itadmin"))).host
    lines = tuple(line for line in lines if forwards or "forwards: true" not in line)
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


def test_a_login_is_named_alike_however_it_logs_in(entry: InventoryHost) -> None:
    shadow = text("web", "shadow").replace("clerk locked", "clerk set")
    sudoers = text("web", "sudoers") + "==> /etc/sudoers.d/c\nclerk ALL=(ALL) ALL\n"
    for now in (
        inspection("web", shadow=shadow),
        inspection("web", shadow=shadow, sudoers=sudoers),
    ):
        assert [cut.key for cut in baseline(entry, now).logins] == ["login: clerk"]


CITIZEN = {
    "passwd": text("web", "passwd") + "fotograf:x:1005:1005::/srv/in:/usr/sbin/nologin\n",
    "shadow": text("web", "shadow") + "fotograf set\n",
}
MATCHED = "\nForceCommand internal-sftp\nPasswordAuthentication yes\n"


def test_who_only_brings_files_by_sftp_is_cut_off_as_well(entry: InventoryHost) -> None:
    assert baseline(entry, inspection("web", **CITIZEN)).logins == ()
    (cut,) = baseline(
        entry, inspection("web", **CITIZEN, sshd=text("web", "sshd") + MATCHED)
    ).logins
    assert cut.key == "login: fotograf"
    assert "no shell: for SFTP and tunnels" in cut.what


@pytest.mark.parametrize(
    "line", ["trustedusercakeys /etc/ssh/ca.pub", "authorizedkeyscommand /usr/bin/sss_ssh_keys"]
)
def test_who_logs_in_by_no_key_of_the_host_is_cut_off_as_well(
    entry: InventoryHost, line: str
) -> None:
    now = inspection("web", sshd=f"{text('web', 'sshd')}\n{line}\n")
    assert [cut.key for cut in baseline(entry, now).logins] == ["login: root", "login: clerk"]


def test_who_is_declared_goes_on_by_certificate(tmp_path: Path) -> None:
    now = inspection("web", sshd=f"{text('web', 'sshd')}\ntrustedusercakeys /etc/ssh/ca.pub\n")
    keys = [cut.key for cut in baseline(adopted(tmp_path, ADMINISTRATOR), now).logins]
    assert keys == ["login: root"]


def test_a_key_where_sshd_will_not_look_is_none(entry: InventoryHost) -> None:
    moved = text("web", "authorized_keys").replace("/home/itadmin/.ssh/authorized_keys", "/etc/k/a")
    (cut,) = baseline(entry, inspection("web", authorized_keys=moved)).logins
    assert cut.key == "login: itadmin"
    assert cut.why.endswith("none in ~/.ssh/authorized_keys")


def test_ports_that_are_opened_on_demand_are_cut_unless_each_is_declared(
    entry: InventoryHost,
) -> None:
    sockets = text("web", "sockets") + 'tcp LISTEN 0 9 *:21 *:* users:(("vsftpd",pid=9,fd=3))\n'
    ranges = "/etc/vsftpd.conf:pasv_min_port=40000\n/etc/vsftpd.conf:pasv_max_port=40001\n"
    now = inspection("web", sockets=sockets, port_ranges=ranges)
    keys = [cut.key for cut in baseline(entry, now).ports]
    assert keys == ["port: tcp/21", "port: tcp/40000-40001"]
    assert all(re.match(CUT, key) for key in keys)
    ftp = tuple(Listen(port=port, name="ftp") for port in (21, 40000, 40001))
    listens = (*entry.host.listens, *ftp)
    declared = changed_to(entry, entry.host.model_copy(update={"listens": listens}))
    assert baseline(declared, now).ports == ()


def test_a_protocol_without_ports_is_cut_until_a_setting_keeps_it(entry: InventoryHost) -> None:
    raw = " 112: 00000000:0070 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 1 2 x 0"
    (cut,) = baseline(entry, inspection("web", raw=raw)).protocols
    assert cut.key == "protocol: 112"
    assert re.match(CUT, cut.key)
    assert "firewall_more_protocols" in cut.keep
    kept = entry.host.model_copy(update={"settings": {"firewall_more_protocols": [112]}})
    assert baseline(changed_to(entry, kept), inspection("web", raw=raw)).protocols == ()


ROOTS_KEY = "==> root /root/.ssh/authorized_keys\n" + text("web", "authorized_keys").splitlines()[1]


@pytest.mark.parametrize(
    ("way", "settings", "cut"),
    [
        ({"user": "itadmin"}, {}, True),
        ({"user": "itadmin"}, {"ssh_permit_root_login": "forced-commands-only"}, True),
        ({"user": "itadmin"}, {"ssh_permit_root_login": "prohibit-password"}, False),
        ({"user": "root"}, {}, False),
        ({}, {}, False),
        ({"user": "root"}, {"ssh_permit_root_login": "no"}, True),
    ],
)
def test_root_itself_stays_where_the_inventory_logs_in_as_root(
    entry: InventoryHost, way: dict[str, str], settings: dict[str, str], cut: bool
) -> None:
    changed = entry.host.model_copy(update={"ssh": Ssh.model_validate(way), "settings": settings})
    found = baseline(changed_to(entry, changed), inspection("web", authorized_keys=ROOTS_KEY))
    assert ("login: root" in [login.key for login in found.logins]) is cut


def test_who_is_let_in_by_a_setting_stays(entry: InventoryHost) -> None:
    shadow = text("web", "shadow").replace("clerk locked", "clerk set")
    changed = entry.host.model_copy(update={"settings": {"ssh_more_accounts": ["clerk"]}})
    (cut,) = baseline(changed_to(entry, changed), inspection("web", shadow=shadow)).logins
    assert cut.why == "SSH takes keys only, and this account has none"


def changed_to(entry: InventoryHost, changed: Host) -> InventoryHost:
    """The host as its entry says now."""
    content = entry.tenant.content.model_copy(update={"hosts": (changed,)})
    estate = entry.tenant.estate.model_copy(update={"municipalities": (content,)})
    return next(e for e in hosts(estate) if e.name == entry.name)


def with_sockets(*rows: str) -> Inspection:
    return inspection("web", sockets="".join(f"{row}\n" for row in rows))


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ('tcp LISTEN 0 9 0.0.0.0:8000 0.0.0.0:* users:(("java",pid=9,fd=3))', "tcp/8000"),
        ("udp UNCONN 0 0 *:8000 0.0.0.0:*", "udp/8000"),
        ('tcp LISTEN 0 9 *:33060 *:* users:(("my sqld",pid=9,fd=3))', "tcp/my sqld"),
        ("tcp LISTEN 0 9 *:40123 *:*", "tcp/not-named"),
        ("udp UNCONN 0 0 0.0.0.0:51820 0.0.0.0:*", "udp/not-named"),
    ],
    ids=["tcp", "udp", "kernel's range", "nobody's", "WireGuard"],
)
def test_a_port_is_named_alike_after_the_next_start(
    entry: InventoryHost, row: str, key: str
) -> None:
    assert [cut.key for cut in baseline(entry, with_sockets(row)).ports] == [f"port: {key}"]


@pytest.mark.parametrize(
    "row",
    [
        'udp UNCONN 0 0 0.0.0.0:68 0.0.0.0:* users:(("dhclient",pid=9,fd=3))',
        'udp UNCONN 0 0 0.0.0.0:40123 0.0.0.0:* users:(("dnsmasq",pid=9,fd=3))',
    ],
)
def test_a_program_that_asks_others_is_not_cut_and_said(entry: InventoryHost, row: str) -> None:
    result = baseline(entry, with_sockets(row))
    assert result.ports == ()
    assert any("taken for a program that asks others" in said for said in result.unknown)


def test_who_comes_from_elsewhere_is_one_finding_whoever_it_is(entry: InventoryHost) -> None:
    for peer in ("198.51.100.7", "198.51.100.8"):
        peers = (Peers(port=22, addresses=(peer,)),)
        (cut,) = baseline(entry, WEB.model_copy(update={"peers": peers})).ports
        assert cut.key == "port: tcp/22 from elsewhere"


def test_it_is_judged_as_it_would_be_at_the_level(entry: InventoryHost) -> None:
    """Ours is the exporter of a managed host, unless one is declared, which then stays open."""
    exporters = (Exporter(name=ExporterName.NODE, port=9101),)
    now = changed_to(entry, entry.host.model_copy(update={"exporters": exporters}))
    rows = [f"tcp LISTEN 0 9 0.0.0.0:{port} 0.0.0.0:*" for port in (9100, 9101)]
    reading = with_sockets(*rows)
    assert [cut.key for cut in baseline(entry, reading).ports] == ["port: tcp/9101"]
    assert [cut.key for cut in baseline(now, reading).ports] == ["port: tcp/9100"]


def test_what_the_baseline_itself_brings_is_no_finding_afterwards(entry: InventoryHost) -> None:
    hardened = inspection(
        "web",
        passwd=text("web", "passwd") + "bastide-audit::999:999::/var/lib/bastide-audit:/bin/sh\n",
        shadow=text("web", "shadow") + "bastide-audit locked\n",
        authorized_keys=text("web", "authorized_keys")
        + "==> bastide-audit /var/lib/bastide-audit/.ssh/authorized_keys\n"
        + text("web", "authorized_keys").splitlines()[1]
        + "\n",
        sockets=text("web", "sockets")
        + 'tcp LISTEN 0 9 *:9100 *:* users:(("prometheus-node",pid=9,fd=3))\n'
        + 'udp UNCONN 0 0 127.0.0.1:323 0.0.0.0:* users:(("chronyd",pid=8,fd=5))\n',
    )
    assert "bastide-audit" in {a.name for a in hardened.accounts if a.may_log_in}
    before, after = ({c.key for c in baseline(entry, now).cuts} for now in (WEB, hardened))
    assert after == before


def test_container_networks_and_published_ports_are_cut(entry: InventoryHost) -> None:
    cuts = baseline(entry, WEB).forwarding
    assert "network 172.18.0.0/16 (docker network town-net)" in [cut.what for cut in cuts]
    said = "tcp port 8080, handed on to 172.18.0.2:80 (iptables-nft nat CONTAINERS)"
    assert said in [cut.what for cut in cuts]
    assert {"forwarding: 172.18.0.0/16", "forwarding: tcp/8080"} <= {cut.key for cut in cuts}
    assert all("`forwards: true`" in cut.keep for cut in cuts)


def test_a_vpn_and_forwarding_for_nobody_known_are_cut(entry: InventoryHost) -> None:
    system = System(name="a", forwards_ipv4=True, forwards_ipv6=True)
    bare = Inspection(system=system)
    assert [cut.key for cut in baseline(entry, bare).forwarding] == [
        "forwarding: ipv4",
        "forwarding: ipv6",
    ]
    wireguard = Interface(name="wg0", addresses=("10.8.0.1/24",))
    vpn = Inspection(system=system, interfaces=(wireguard,))
    assert [cut.key for cut in baseline(entry, vpn).forwarding] == ["forwarding: 10.8.0.0/24"]


def vpn_now(entry: InventoryHost, *listens: Listen, **texts: str) -> Impact:
    declared = changed_to(entry, entry.host.model_copy(update={"listens": listens}))
    return baseline(declared, inspection("vpn", **texts))


def test_wireguards_port_is_cut_by_its_number_with_who_is_connected(entry: InventoryHost) -> None:
    openvpn, wireguard = (c for c in vpn_now(entry).ports if c.key.startswith("port: udp"))
    assert (openvpn.key, wireguard.key) == ("port: udp/1194", "port: udp/51820")
    assert wireguard.what == "udp port 51820, WireGuard wg0; connected now: 192.0.2.2"
    assert "198.51.100.8, 198.51.100.9, 2001:db8::9" in openvpn.what


def test_a_vpn_that_is_declared_for_anybody_stays(entry: InventoryHost) -> None:
    listens = [
        Listen(port=port, protocol=Protocol.UDP, access=Access.ANYWHERE, name="vpn")
        for port in (1194, 51820)
    ]
    kept = vpn_now(entry, *listens)
    assert not [cut for cut in kept.ports if "udp" in cut.key]
    narrower = [listen.model_copy(update={"access": Access.SITE}) for listen in listens]
    keys = [cut.key for cut in vpn_now(entry, *narrower).ports if "udp" in cut.key]
    assert sorted(keys) == ["port: udp/1194 from elsewhere", "port: udp/51820 from elsewhere"]


def test_what_peers_have_behind_them_is_forwarded_too(entry: InventoryHost) -> None:
    assert {cut.key for cut in vpn_now(entry).forwarding} == {
        "forwarding: 10.8.0.0/24",
        "forwarding: 192.168.50.0/24",
    }


def test_ports_that_do_not_answer_the_vpns_network_are_said(entry: InventoryHost) -> None:
    (said,) = [line for line in vpn_now(entry).unknown if "10.8.0.0/24" in line]
    assert "tcp 22" in said


def test_a_wireguard_without_wg_keeps_its_port_and_says_what_is_not_known(
    entry: InventoryHost,
) -> None:
    now = vpn_now(entry, wireguard="interface wg0\nnow 1\n")
    assert "port: udp/not-named" in {cut.key for cut in now.ports}
    assert any("wg(8) is not installed" in line for line in now.unknown)


def test_what_is_declared_to_be_forwarded_stays(tmp_path: Path) -> None:
    entry = adopted(tmp_path, forwards=True)
    assert entry.host.forwards
    published = 'tcp LISTEN 0 9 0.0.0.0:8080 0.0.0.0:* users:(("docker-proxy",pid=9,fd=3))'
    result = baseline(entry, with_sockets(published))
    assert (result.ports, result.forwarding) == ((), ())


@pytest.mark.parametrize(("level", "cut"), [(Level.BASELINE, True), (Level.FULL, False)])
def test_an_edge_forwards_once_its_role_is_configured(
    entry: InventoryHost, level: Level, cut: bool
) -> None:
    changed = entry.host.model_copy(update={"roles": (Role.EDGE,), "uplink": entry.host.address})
    assert bool(impact(changed_to(entry, changed), WEB, level).forwarding) is cut


ADVERTISED = json.dumps(
    [
        {
            "ifname": "eth0",
            "addr_info": [
                {"family": "inet", "local": "172.27.10.70", "prefixlen": 26, "scope": "global"},
                {
                    **{"family": "inet6", "local": "2001:db8::70", "prefixlen": 64},
                    **{"scope": "global", "dynamic": True, "mngtmpaddr": True},
                },
                {"family": "inet6", "local": "fe80::1", "prefixlen": 64, "scope": "link"},
            ],
        }
    ]
)


@pytest.mark.parametrize("heeds", ["1", "2"])
def test_ipv6_that_routers_announce_would_end(entry: InventoryHost, heeds: str) -> None:
    now = inspection("web", addresses=ADVERTISED, advertisements=f"eth0/accept_ra:{heeds}\n")
    (cut,) = baseline(entry, now).routes
    assert cut.key == "route: eth0 ipv6"
    assert re.fullmatch(CUT, cut.key)
    assert cut.what == "eth0: 2001:db8::70/64 and its IPv6 routes"
    assert cut in baseline(entry, now).cuts


@pytest.mark.parametrize(
    ("addresses", "advertisements"),
    [
        (ADVERTISED, "eth0/accept_ra:0\n"),  # a program of the host heeds routers
        (ADVERTISED, "eth1/accept_ra:1\n"),
        (ADVERTISED.replace('"dynamic": true, ', ""), "eth0/accept_ra:1\n"),
        (ADVERTISED, ""),
    ],
)
def test_fixed_addresses_and_those_that_a_program_sets_stay(
    entry: InventoryHost, addresses: str, advertisements: str
) -> None:
    now = inspection("web", addresses=addresses, advertisements=advertisements)
    assert baseline(entry, now).routes == ()


def test_who_goes_on_heeding_routers_keeps_its_addresses(entry: InventoryHost) -> None:
    keeps = {"settings": {"hardening_router_advertisements": True}}
    now = inspection("web", addresses=ADVERTISED, advertisements="eth0/accept_ra:1\n")
    kept = changed_to(entry, entry.host.model_copy(update=keeps))
    assert baseline(kept, now).routes == ()


def test_what_was_not_read_is_not_said_to_be_safe(entry: InventoryHost) -> None:
    blind = Inspection(system=System(name="a"), unread=(("sockets", "did not end in time"),))
    result = baseline(entry, blind)
    assert "sockets: not read, did not end in time" in result.unknown
