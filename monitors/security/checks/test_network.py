"""The network as the running kernel treats it, interface by interface."""
# ruff: noqa: S101

import pytest

from monitors.security.backends import Host
from monitors.security.declared import Declared
from monitors.security.facts import Listener, interface_sysctls, listeners, sysctls

STEERING = (
    "accept_redirects",
    "secure_redirects",
    "send_redirects",
    "accept_source_route",
    "accept_ra",
)
# Answers to a program's own questions arrive on such ports for a moment; they serve nobody.
FIRST_EPHEMERAL_PORT = 32768


def test_net_01_no_steering(host: Host) -> None:
    """No interface lets a neighbour change the way that packets take."""
    found = interface_sysctls(host, *STEERING)
    wrong = [f"{key} is {value}, expected 0" for key, value in found.items() if int(value) > 0]
    assert found, "the kernel reported no interface parameters"
    assert not wrong, "; ".join(wrong)


def test_net_02_forged_addresses(host: Host) -> None:
    """Sources are verified, impossible ones are logged, SYN cookies are on."""
    sources = interface_sysctls(host, "rp_filter", "log_martians")
    cookies = sysctls(host, "net.ipv4.tcp_syncookies")
    wrong = [f"{key} is 0, expected 1" for key, value in sources.items() if value == "0"]
    assert sources, "the kernel reported no interface parameters"
    assert not wrong, "; ".join(wrong)
    assert cookies.get("net.ipv4.tcp_syncookies") == "1", f"SYN cookies: {cookies}, expected 1"


def test_net_03_forwarding(host: Host, declared: Declared) -> None:
    """A host that is not a router forwards nothing."""
    found = sysctls(host, "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
    if declared.is_router:
        pytest.skip("the inventory declares this host a router")
    wrong = [f"{key} is {value}, expected 0" for key, value in found.items() if value != "0"]
    assert "net.ipv4.ip_forward" in found, "the kernel did not report net.ipv4.ip_forward"
    assert not wrong, "; ".join(wrong)


def test_net_04_declared_listeners(host: Host, declared: Declared) -> None:
    """Every socket that others can reach has a declared port."""
    allowed = {(port.protocol.value, port.port) for port in declared.ports}
    surprising = [
        f"{found.protocol} {found.address}:{found.port} ({found.program})"
        for found in listeners(host)
        if not (found.is_local or _is_answer(found)) and (found.protocol, found.port) not in allowed
    ]
    assert not surprising, f"listens undeclared: {', '.join(sorted(set(surprising)))}"


def _is_answer(found: Listener) -> bool:
    return found.protocol == "udp" and found.port >= FIRST_EPHEMERAL_PORT
