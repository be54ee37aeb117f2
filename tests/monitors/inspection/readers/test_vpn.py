"""WireGuard and OpenVPN as they are read; `vpn` was recorded with wg(8) on 2026-11-29.

Its socket is shown as the kernel's own are, which wireguard-go's is not.
"""

import pytest

from monitors.inspection.model import Listener, Peers, Tunnel
from monitors.inspection.readers.vpn import named, read_tunnels, read_vpn_peers
from tests.monitors.inspection.recorded import inspection, text

WIREGUARD = text("vpn", "wireguard")
HANDSHAKE, NOW = "1795943261", "now 1795943263"
KERNELS = Listener(protocol="udp", address="*", port=51820)


def test_an_interface_has_its_port_and_whom_it_lets_in() -> None:
    (tunnel,) = read_tunnels(WIREGUARD)
    assert (tunnel.interface, tunnel.port) == ("wg0", 51820)
    here, away = tunnel.peers
    assert (here.networks, here.endpoint) == (("10.8.0.2/32", "192.168.50.0/24"), "192.0.2.2")
    assert (away.networks, away.endpoint, away.connected) == (("10.8.0.3/32",), "", False)


@pytest.mark.parametrize(("seconds", "connected"), [(179, True), (180, False)])
def test_who_is_connected_is_known_by_the_last_handshake(seconds: int, connected: bool) -> None:
    later = WIREGUARD.replace(NOW, f"now {int(HANDSHAKE) + seconds}")
    assert read_tunnels(later)[0].peers[0].connected is connected


def test_a_second_interface_keeps_its_own_peers() -> None:
    """The same key at two interfaces, whose second line of endpoints names none of them."""
    lines = ("allowed-ips\t{0}\tK=\t10.{1}.0.2/32", "endpoints\t{0}\tK=\t[2001:db8::{1}]:9")
    both = "\n".join(
        line.format(interface, number)
        for line in lines
        for number, interface in enumerate(("wg0", "wg1"))
    )
    tunnels = read_tunnels(f"listen-port\twg0\t1\nlisten-port\twg1\t2\n{both}\nnow 9999")
    assert [t.peers[0].networks for t in tunnels] == [("10.0.0.2/32",), ("10.1.0.2/32",)]
    assert [t.peers[0].endpoint for t in tunnels] == ["2001:db8::0", "2001:db8::1"]


def test_without_wg_an_interface_is_known_by_the_kernel_and_its_port_by_its_file() -> None:
    printed = "interface wg0\nconfigured 51820\nnow 1"
    assert read_tunnels(printed) == (Tunnel(interface="wg0"),)
    (listener,) = named((KERNELS,), (), printed)
    assert (listener.process, listener.tunnel, listener.is_lasting) == ("WireGuard", True, True)


def test_another_programs_socket_at_a_port_of_a_file_is_its_own() -> None:
    other = KERNELS.model_copy(update={"process": "named"})
    assert named((other,), (), "configured 51820\nnow 1") == (other,)


def test_a_port_that_no_file_names_may_be_another_after_the_next_start() -> None:
    (listener,) = named((KERNELS,), (Tunnel(interface="wg0", port=51820),), "now 1")
    assert (listener.process, listener.is_lasting) == ("WireGuard wg0", False)


def test_who_is_connected_by_udp_is_told_by_the_vpns_themselves() -> None:
    read = inspection("vpn")
    clients = ("198.51.100.8", "198.51.100.9", "2001:db8::9")
    assert read.peers == (
        Peers(port=22, addresses=("192.0.2.9",)),
        Peers(port=51820, addresses=("192.0.2.2",), protocol="udp"),
        Peers(port=1194, addresses=clients, protocol="udp"),
    )


def test_clients_of_an_openvpn_that_does_not_listen_are_left_out() -> None:
    assert tuple(read_vpn_peers((), text("vpn", "openvpn"), (KERNELS,))) == ()
