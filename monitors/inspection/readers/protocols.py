"""What is taken in without ports, from /proc/net/raw (proc(5)), interfaces and servers of IPsec."""

from collections.abc import Iterator

from monitors.inspection.model import Listener, Protocol
from monitors.inspection.readers.network import documents
from monitors.inspection.values import bounded

KNOWN = {
    **{2: "IGMP", 4: "IP in IP", 41: "IPv6 in IP", 46: "RSVP", 47: "GRE", 50: "ESP of IPsec"},
    **{51: "AH of IPsec", 88: "EIGRP", 89: "OSPF", 103: "PIM", 112: "VRRP", 115: "L2TP"},
    132: "SCTP",
}
"""By the numbers of IANA's protocol-numbers."""
# ICMP comes in by rules of its own; 0 and 255 only send (raw(7)).
NOT_TAKEN_IN = frozenset({0, 1, 6, 17, 58, 255})
LINKS = {"ipip": 4, "sit": 41, "tunnel6": 41, "gre": 47, "gre6": 47}
"""Kinds of interfaces (ip-link(8), `link_type`), and what carries their packets."""
OF_IPSEC = frozenset({"charon", "charon-systemd", "pluto", "iked", "racoon"})
ESP = 50


def read_protocols(
    raw: str, addresses: str, listeners: tuple[Listener, ...]
) -> tuple[Protocol, ...]:
    """Return each protocol once, in the order of numbers."""
    found: dict[int, Protocol] = {}
    for number, of in (*_sockets(raw), *_links(addresses), *_ipsec(listeners)):
        found.setdefault(number, Protocol(number=number, of=of))
    return bounded(found[number] for number in sorted(found))


def _sockets(raw: str) -> Iterator[tuple[int, str]]:
    """Read `sl local_address …`: of a raw socket the port is the number of its protocol."""
    for words in map(str.split, raw.splitlines()):
        try:
            number = int(words[1].rpartition(":")[2], 16)
        except (IndexError, ValueError):
            continue
        if number not in NOT_TAKEN_IN and number <= 255:
            yield number, f"{KNOWN.get(number, 'of a program')}"


def _links(addresses: str) -> Iterator[tuple[int, str]]:
    # Those without an address are what the kernel makes of itself (gre0, sit0, tunl0).
    for row in documents(addresses):
        number = LINKS.get(str(row.get("link_type", "")))
        if number and row.get("addr_info"):
            yield number, f"{KNOWN[number]}, interface {row.get('ifname', '')}"


def _ipsec(listeners: tuple[Listener, ...]) -> Iterator[tuple[int, str]]:
    """A partner without NAT between sends ESP itself; with one it comes by UDP port 4500."""
    for listener in listeners:
        if listener.process in OF_IPSEC and listener.port in (500, 4500):
            yield ESP, f"{KNOWN[ESP]}, {listener.process}"
