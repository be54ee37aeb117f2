"""What is looked at from outside at one host: addresses, ports, accounts and names."""

import ipaddress
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from inventory.connections import connection, ssh
from inventory.entries import InventoryHost, services
from inventory.enums import CertificateTrust, Protocol
from inventory.levels import is_managed
from inventory.logins import ADMINISTRATOR, logins
from inventory.model.tenants import Service
from inventory.open_ports import SSH, open_ports
from inventory.outputs import Outputs
from inventory.scalars import is_address
from monitors.outside.tables import SNMP_PORT, UDP_PORTS, tried_ports

# An account that no host has: who else would be let in, and how.
STRANGER = "bastide-nobody"
MOST_ACCOUNTS = 8
MOST_ADDRESSES = 8
MOST_PORTS = 160
# The state's copy, and where the monitoring role puts it on an operations host.
AUTHORITIES = ("tls/authority.crt", "/etc/bastide/authority.crt")
RECENTLY = "a server may count it as a failed login, and it was asked for within ten minutes"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried at a host; `impossible` says why nothing can be seen of it from here.

    `ssh_ports` are those that the inventory declares as ways in, asked first. `accounts` are asked
    for at every port that speaks SSH, `unasked` are those that are not, with the reason.
    """

    host: str
    addresses: tuple[str, ...] = ()
    ssh_ports: tuple[int, ...] = ()
    tcp_ports: tuple[int, ...] = ()
    udp_ports: tuple[int, ...] = ()
    accounts: tuple[str, ...] = ()
    unasked: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    host_key: str | None = None
    any_certificate: bool = False
    authorities: tuple[Path, ...] = ()
    impossible: str = ""

    def at(self, tcp_ports: Collection[int], udp_ports: Collection[int] = ()) -> "Plan":
        """Return the plan of a second look, at these ports alone."""
        ports = tuple(sorted(tcp_ports))[:MOST_PORTS]
        return replace(self, ssh_ports=(), tcp_ports=ports, udp_ports=tuple(sorted(udp_ports)))


def plan_of(
    entry: InventoryHost, state: Path, outputs: Outputs, *, asked_recently: bool = False
) -> Plan:
    """Return what is looked at.

    `asked_recently`: accounts that the host may not have were asked for within some minutes; they
    are left out, since a fail2ban would take them for guesses and shut the auditor out.
    """
    way = connection(entry, state, outputs)
    if way.local:
        return Plan(entry.name, impossible="the audit runs on this host: nobody here is outside")
    if way.jump:
        return Plan(
            entry.name,
            impossible=f"it is reached through {way.jump.place} only: its addresses may be others' "
            "here",
        )
    declared = open_ports(entry)
    ports = {p.port for p in declared if p.protocol is Protocol.TCP}
    known, strangers = _accounts(entry)
    left_out = strangers if asked_recently else ()
    served = tuple(_served(entry))
    return Plan(
        host=entry.name,
        addresses=tuple(_addresses(entry, way.address))[:MOST_ADDRESSES],
        ssh_ports=tuple(dict.fromkeys((way.port, *(p.port for p in declared if _is_ssh(p.name))))),
        tcp_ports=tried_ports(ports)[:MOST_PORTS],
        udp_ports=(*UDP_PORTS, SNMP_PORT),
        accounts=(*known, *(name for name in strangers if name not in left_out))[:MOST_ACCOUNTS],
        unasked=tuple((name, RECENTLY) for name in left_out),
        names=tuple(dict.fromkeys((*_names(served), entry.fqdn))),
        host_key=way.host_key,
        any_certificate=any(s.certificate is CertificateTrust.ANY for s in served),
        authorities=tuple(state / file for file in AUTHORITIES),
    )


def _is_ssh(name: str) -> bool:
    return name == SSH.name


def _accounts(entry: InventoryHost) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the accounts that the host is known to have, and those that it may not have."""
    declared = dict.fromkeys((ADMINISTRATOR, *(login.account for login in logins(entry))))
    if is_managed(entry):
        return tuple(declared), (STRANGER,)
    own = ssh(entry).user or ADMINISTRATOR
    return (own,), tuple(name for name in (ADMINISTRATOR, STRANGER) if name != own)


def _addresses(entry: InventoryHost, managed_at: str) -> Iterator[str]:
    """Yield each address once, the one that it is managed at first; none of a single link."""
    every = (managed_at, *map(str, entry.host.addresses), str(entry.host.uplink or ""))
    for address in dict.fromkeys(every):
        if is_address(address) and not ipaddress.ip_address(address).is_link_local:
            yield address


def _served(entry: InventoryHost) -> Iterator[Service]:
    """Yield the services that the host is needed for and that are asked for over TLS."""
    for service in services(entry.tenant.estate):
        if entry.name in service.hosts and service.service.url.startswith("https:"):
            yield service.service


def _names(served: Sequence[Service]) -> Iterator[str]:
    for service in served:
        if name := urlsplit(service.url).hostname:
            yield name
