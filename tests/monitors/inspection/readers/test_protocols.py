import json

import pytest

from monitors.inspection.model import Listener
from monitors.inspection.readers.protocols import read_protocols

HEAD = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout\n"
)


def sockets(*numbers: int) -> str:
    """Print raw sockets as /proc/net/raw does."""
    rows = (
        f" {n:3}: 00000000:{n:04X} 00000000:0000 07 00000000:00000000 00:0 0\n" for n in numbers
    )
    return HEAD + "".join(rows)


@pytest.mark.parametrize("raw", ["", HEAD, "x", "1: :ZZ", "1: 00000000:FFFFF 0"])
def test_what_is_no_socket_is_none(raw: str) -> None:
    assert read_protocols(raw, "", ()) == ()


def test_raw_sockets_are_known_by_their_protocol_each_once() -> None:
    both = sockets(112, 89) + sockets(112, 140)
    assert [(p.number, p.of) for p in read_protocols(both, "", ())] == [
        (89, "OSPF"),
        (112, "VRRP"),
        (140, "of a program"),
    ]


def test_what_comes_in_anyway_or_only_goes_out_is_left_out() -> None:
    assert read_protocols(sockets(1, 58, 255, 0), "", ()) == ()


def test_a_tunnel_counts_once_it_has_an_address() -> None:
    links = [
        {"ifname": "gre0", "link_type": "gre", "addr_info": []},
        {"ifname": "to-hall", "link_type": "gre", "addr_info": [{"local": "10.1.0.1"}]},
    ]
    (gre,) = read_protocols("", json.dumps(links), ())
    assert (gre.number, gre.of) == (47, "GRE, interface to-hall")


def test_a_server_of_ipsec_takes_in_esp() -> None:
    charon = Listener(protocol="udp", address="*", port=4500, process="charon-systemd")
    other = Listener(protocol="udp", address="*", port=500, process="isakmpd-like")
    assert [p.number for p in read_protocols("", "", (charon, other))] == [50]
