"""The network as the running kernel treats it, interface by interface."""
# ruff: noqa: S101

import ipaddress

import pytest

from inventory.open_ports import SSH
from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.system import Listener, interface_sysctls, listeners, sysctls
from monitors.audit.model.declared import Declared

# Asked together; what belongs to which control is told by the last part of the name.
ASKED = (
    *("accept_redirects", "secure_redirects", "send_redirects", "accept_source_route"),
    *("rp_filter", "log_martians", "accept_ra"),
)
FORWARDING = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
FLOODS = (
    "net.ipv4.tcp_syncookies",
    "net.ipv4.icmp_echo_ignore_broadcasts",
    "net.ipv4.icmp_ignore_bogus_error_responses",
)
# Absent where the kernel was started without IPv6.
IPV6_ADDRESSES = "test ! -e /proc/net/if_inet6 || cat /proc/net/if_inet6"
GLOBAL = "00"
# Answers to a program's own questions arrive on such ports for a moment; they serve nobody.
EPHEMERAL_PORTS = range(32768, 61000)
# The programs that do so; what anything else waits for there is a service.
ASKING_PROGRAMS = (
    *("chronyd", "ntpd", "ntpsec", "systemd-timesyn", "systemd-resolve", "systemd-network"),
    *("unbound", "named", "dnsmasq", "avahi-daemon", "dhclient", "dhcpcd", "NetworkManager"),
    *("snmp_exporter", "prometheus-snmp", "prometheus-blackbo", "bastide", "rpcbind", "rpc.statd"),
)
PERMANENT = 0x80  # IFA_F_PERMANENT: set, not learned (rtnetlink(7))


def test_net_01_forwarding(host: Host, declared: Declared) -> None:
    """A host that is not declared to forward packets forwards none."""
    values = sysctls(host, *FORWARDING, *FLOODS)
    if declared.forwards_packets:
        pytest.skip("the inventory declares that this host forwards packets")
    wrong = [
        f"{key} is {values[key]}, expected 0" for key in FORWARDING if values.get(key, "0") != "0"
    ]
    assert "net.ipv4.ip_forward" in values, "the kernel did not report net.ipv4.ip_forward"
    assert not wrong, "; ".join(wrong)


def test_net_02_redirects(host: Host) -> None:
    """No interface sends redirects or follows one."""
    _expect(host, "0", "accept_redirects", "secure_redirects", "send_redirects")


def test_net_03_source_routes(host: Host) -> None:
    """No interface takes a packet whose sender chose its way."""
    _expect(host, "0", "accept_source_route")


def test_net_04_forged_sources(host: Host) -> None:
    """Sources are verified and impossible ones are logged on every interface."""
    # 1: by the strict route back; 2: by any route, which several uplinks need.
    _expect(host, "12", "rp_filter", "log_martians")


def test_net_05_floods(host: Host) -> None:
    """SYN cookies are on; broadcast pings and bogus errors are ignored."""
    values = sysctls(host, *FORWARDING, *FLOODS)
    wrong = [
        f"{k} is {values.get(k, 'absent')}, expected 1" for k in FLOODS if values.get(k) != "1"
    ]
    assert not wrong, "; ".join(wrong)


def test_net_06_router_advertisements(host: Host) -> None:
    """No interface takes its addresses and its routes from whoever announces some."""
    _expect(host, "0", "accept_ra")


def test_net_07_declared_ipv6(host: Host, declared: Declared) -> None:
    """Every IPv6 address that others can reach is the inventory's; where there is none, none is."""
    rows = [line.split() for line in host.check_output(IPV6_ADDRESSES).splitlines()]
    named = (declared.address, declared.uplink, *declared.more_addresses)
    declared_addresses = {ipaddress.ip_address(a) for a in named if a}
    # An address of the site's own network, set by hand: the network is the inventory's.
    own_networks = [ipaddress.ip_network(network) for network in declared.site_networks]
    addresses = {
        (ipaddress.IPv6Address(bytes.fromhex(row[0])), row[5], int(row[4], 16) & PERMANENT)
        for row in rows
        if row[3] == GLOBAL
    }
    surprising = sorted(
        f"{address} on {name}"
        for address, name, permanent in addresses
        if address not in declared_addresses
        and not (permanent and any(address in network for network in own_networks))
    )
    assert not surprising, f"IPv6 addresses that nobody declared: {', '.join(surprising)}"


def test_net_08_declared_listeners(host: Host, declared: Declared) -> None:
    """Every socket that others can reach has a declared port."""
    allowed = {(port.protocol.value, port.port) for port in declared.ports}
    surprising = [
        f"{listener.protocol} {listener.address}:{listener.port} ({listener.program})"
        for listener in listeners(host)
        if not (listener.is_local or _is_answer(listener))
        and (listener.protocol, listener.port) not in allowed
    ]
    assert not surprising, f"listens undeclared: {', '.join(sorted(set(surprising)))}"


def test_net_09_declared_is_served(host: Host, declared: Declared) -> None:
    """Behind every declared port something listens: else the firewall has a door to nothing."""
    served = {
        (listener.protocol, listener.port) for listener in listeners(host) if not listener.is_local
    }
    ways_in = {(p.protocol.value, p.port) for p in declared.ports if p.name == SSH.name}
    if ways_in & served:
        # One of SSH's ports is enough: the other may lead there by NAT.
        served |= ways_in
    idle = {
        f"{port.protocol.value} {port.port} ({port.name})"
        for port in declared.ports
        if (port.protocol.value, port.port) not in served
    }
    assert not idle, f"declared, but nothing listens: {', '.join(sorted(idle))}"


def _is_answer(listener: Listener) -> bool:
    return (
        listener.protocol == "udp"
        and listener.port in EPHEMERAL_PORTS
        and listener.program.startswith(ASKING_PROGRAMS)
    )


def _expect(host: Host, values: str, *leaves: str) -> None:
    """Compare the interfaces' parameters of these last names; each value is one digit."""
    actual = interface_sysctls(host, *ASKED)
    mine = {path: value for path, value in actual.items() if path.rpartition("/")[2] in leaves}
    if not mine:
        raise UndeterminedError("the kernel reported no interface parameters")
    expected = " or ".join(values)
    wrong = [
        f"{path.removeprefix('/proc/sys/')} is {value}, expected {expected}"
        for path, value in mine.items()
        if value not in values
    ]
    assert not wrong, "; ".join(wrong)
