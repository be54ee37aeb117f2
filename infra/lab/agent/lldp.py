"""Whom a simulated switch sees over LLDP: LLDP-MIB (IEEE 802.1AB-2005)."""

import hashlib
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import NamedTuple

from infra.lab.agent.config import Link
from infra.lab.agent.objects import Objects, Oid, fixed

LLDP: Oid = (1, 0, 8802, 1, 1, 2, 1)
LAST_CHANGE: Oid = (*LLDP, 2, 1, 0)
LOCAL: Oid = (*LLDP, 3)
LOCAL_PORT: Oid = (*LOCAL, 7, 1)
REMOTE: Oid = (*LLDP, 4, 1, 1)
REMOTE_ADDRESS: Oid = (*LLDP, 4, 2, 1)
MAC_ADDRESS = 4  # LldpChassisIdSubtype
INTERFACE_NAME = 5  # LldpPortIdSubtype
IP_VERSION_4 = 1  # IANA address family
IF_INDEX = 2  # LldpManAddrIfSubtype
# LldpSystemCapabilitiesMap (BITS): the first bit is the highest of the first octet.
BRIDGE, ROUTER, STATION = 0x20, 0x08, 0x01


class LinkedPort(NamedTuple):
    """A port's number and name, and what is plugged into it."""

    number: int
    name: str
    link: Link


def chassis(name: str) -> bytes:
    """A hardware address of its own for every name, from the locally administered ones."""
    return b"\x02" + hashlib.sha256(name.encode()).digest()[:5]


def objects(name: str, description: str, linked: Sequence[LinkedPort]) -> Objects:
    """The local system, its linked ports, and the neighbours on them."""
    table: Objects = {
        LAST_CHANGE: fixed("TimeTicks", 0),
        (*LOCAL, 1, 0): fixed("Integer32", MAC_ADDRESS),
        (*LOCAL, 2, 0): fixed("OctetString", chassis(name)),
        (*LOCAL, 3, 0): fixed("OctetString", name),
        (*LOCAL, 4, 0): fixed("OctetString", description),
        (*LOCAL, 5, 0): fixed("OctetString", bytes((BRIDGE, 0))),
        (*LOCAL, 6, 0): fixed("OctetString", bytes((BRIDGE, 0))),
    }
    for port in linked:
        table[(*LOCAL_PORT, 2, port.number)] = fixed("Integer32", INTERFACE_NAME)
        table[(*LOCAL_PORT, 3, port.number)] = fixed("OctetString", port.name)
        table[(*LOCAL_PORT, 4, port.number)] = fixed("OctetString", f"Port {port.number}")
        if port.link.neighbour:
            table.update(_neighbour(port))
    return table


def _neighbour(port: LinkedPort) -> Objects:
    link = port.link
    capabilities = bytes((BRIDGE | ROUTER if link.forwards else STATION, 0))
    row: Oid = (0, port.number, 1)
    columns: Objects = {
        (4,): fixed("Integer32", MAC_ADDRESS),
        (5,): fixed("OctetString", chassis(link.neighbour)),
        (6,): fixed("Integer32", INTERFACE_NAME),
        (7,): fixed("OctetString", link.far_port),
        (8,): fixed("OctetString", link.far_port),
        (9,): fixed("OctetString", link.neighbour),
        (10,): fixed("OctetString", "Simulated neighbour"),
        (11,): fixed("OctetString", capabilities),
        (12,): fixed("OctetString", capabilities),
    }
    table = {(*REMOTE, *column, *row): reader for column, reader in columns.items()}
    if isinstance(link.address, IPv4Address):
        octets = link.address.packed
        index = (*row, IP_VERSION_4, len(octets), *octets)
        table[(*REMOTE_ADDRESS, 3, *index)] = fixed("Integer32", IF_INDEX)
        table[(*REMOTE_ADDRESS, 4, *index)] = fixed("Integer32", 1)
    return table
