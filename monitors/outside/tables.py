"""The ports that are tried at every host beside those that it declares, and with what."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

# What should not answer strangers on a server, or only where the inventory says so: clear-text
# logins, databases, caches, queues, containers, desktops, test servers, and what intruders use.
# Not 515, 631 and 9100 to 9107: some printers print whatever is sent there.
TCP_PORTS: tuple[int, ...] = (
    *(7, 19, 21, 22, 23, 25, 53, 79, 80, 81, 110, 111, 113, 135, 139, 143, 179, 389, 443, 445, 465),
    *(512, 513, 514, 587, 593, 636, 873, 990, 993, 995, 1080, 1099, 1194, 1337, 1433, 1521, 1723),
    *(1883, 2049, 2121, 2181, 2222, 2323, 2375, 2376, 2379, 2380, 3000, 3128, 3268, 3306, 3389),
    *(3690, 4369, 4444, 5000, 5060, 5432, 5555, 5601, 5672, 5900, 5901, 5984, 5985, 6000, 6379),
    *(6443, 6667, 7001, 8000, 8008, 8080, 8081, 8086, 8088, 8443, 8500, 8888, 9000, 9001, 9042),
    *(9090, 9092, 9093, 9200, 9300, 9443, 10000, 10050, 10051, 10250, 11211, 15672, 19532, 19999),
    *(22222, 27017, 31337, 50000, 50070),
)
PRINTERS = frozenset({515, 631, *range(9100, 9108)})
"""Ports to which nothing is sent unless the inventory declares them."""


def tried_ports(declared: Collection[int]) -> tuple[int, ...]:
    """Return the TCP ports that are tried at a host which declares some."""
    return tuple(sorted({*declared, *TCP_PORTS} - (PRINTERS - set(declared))))


# Services that begin in clear and go over to TLS when asked (STARTTLS), by port.
STARTTLS: Mapping[int, str] = MappingProxyType(
    {21: "ftp", 25: "smtp", 587: "smtp", 110: "pop3", 143: "imap", 5432: "postgresql"}
)

SNMP_PORT = 161
# SNMP: GET sysDescr.0 with the community `public` (RFC 1157, RFC 3416), and the request to which
# an agent of version 3 tells its engine (RFC 3414, 4).
SNMP: Mapping[str, bytes] = MappingProxyType(
    {
        "v1": bytes.fromhex(
            "302902010004067075626c6963a01c02040b5a0001020100020100300e300c06082b060102010101000500"
        ),
        "v2c": bytes.fromhex(
            "302902010104067075626c6963a01c02040b5a0001020100020100300e300c06082b060102010101000500"
        ),
        "v3": bytes.fromhex(
            "303e020103301102040b5a0001020300ffe30401040201030410300e0400020100020100040004000400"
            "301404000400a00e02040b5a00010201000201003000"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Datagram:
    """What is sent to a UDP port so that its service answers, and the service's name."""

    service: str
    content: bytes


UDP_PORTS: Mapping[int, Datagram] = MappingProxyType(
    {
        # The name servers of the root (RFC 1035, 4.1).
        53: Datagram("dns", bytes.fromhex("0b5a010000010000000000000000020001")),
        # The null procedure of the port mapper (RFC 5531, 12).
        111: Datagram(
            "rpcbind", bytes.fromhex("0b5a0001 00000000 00000002 000186a0 00000002") + bytes(20)
        ),
        # A client's request for the time (RFC 5905, 7.3).
        123: Datagram("ntp", bytes([0x23]) + bytes(47)),
        # The status of a node (RFC 1002, 4.2.17).
        137: Datagram(
            "netbios",
            bytes.fromhex("0b5a0000000100000000000020434b")
            + b"A" * 30
            + bytes(1)
            + bytes.fromhex("00210001"),
        ),
        # The root of a directory (RFC 4511, 4.5; [MS-ADTS] 3.1.1.3.3).
        389: Datagram(
            "ldap",
            bytes.fromhex("302502010163200400 0a0100 0a0100 020100 020100 010100 870b")
            + b"objectclass"
            + bytes.fromhex("3000"),
        ),
        # A search for devices (UPnP Device Architecture 1.1, 1.3.2).
        1900: Datagram(
            "ssdp",
            b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n"
            b'Man: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n',
        ),
        # Which services there are (RFC 6763, 9), to be answered to the asker alone.
        5353: Datagram(
            "mdns",
            bytes.fromhex("0b5a00000001000000000000 095f7365727669636573")
            + b"\x07_dns-sd\x04_udp\x05local\x00"
            + bytes.fromhex("000c8001"),
        ),
        11211: Datagram("memcached", bytes.fromhex("0b5a000000010000") + b"stats\r\n"),
    }
)
"""Beside SNMP, which is asked once for each of its versions."""


@dataclass(frozen=True, slots=True)
class UdpProbe:
    """A datagram that a port's service answers; of SNMP, which of its versions does."""

    port: int
    service: str
    version: str
    content: bytes


UDP_PROBES = (
    *(UdpProbe(port, known.service, "", known.content) for port, known in UDP_PORTS.items()),
    *(UdpProbe(SNMP_PORT, "snmp", version, content) for version, content in SNMP.items()),
)
