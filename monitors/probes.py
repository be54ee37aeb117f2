"""What is probed of hosts from the operations host, beside ping: ports and names they declare."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from inventory.connections import PORT as SSH_PORT
from inventory.connections import ssh
from inventory.entries import InventoryHost, InventoryService, hosts, services
from inventory.enums import Access, CertificateTrust, Protocol, Role
from inventory.levels import is_full
from inventory.model.estate import Estate
from inventory.model.hosts import Listen
from inventory.model.tenants import CENTRAL
from inventory.scalars import is_address

DNS = 53
SSH_NAMES = ("ssh", "sshd")
HTTP_MODULE = "http_2xx"
ANY_CERTIFICATE_MODULE = "http_any_certificate"


@dataclass(frozen=True, slots=True)
class PortProbe:
    """A port of a host that TCP connections are tried to."""

    entry: InventoryHost
    port: int


@dataclass(frozen=True, slots=True)
class NameProbe:
    """A name that a host's name server is asked for."""

    entry: InventoryHost
    name: str

    @property
    def module(self) -> str:
        """The blackbox_exporter module that asks for it."""
        return f"dns_{self.name}"


@dataclass(frozen=True, slots=True)
class Unprobed:
    """A declared port that nothing is sent to, and why."""

    entry: InventoryHost
    listen: Listen
    reason: str


def probed_addresses(entry: InventoryHost) -> list[str]:
    """Return a host's addresses, those of a family left out that the operations host has none of.

    The one that it is managed at is always among them.
    """
    operating = [h.host for h in hosts(entry.tenant.estate) if Role.OPERATIONS in h.host.roles]
    families = {address.version for host in operating for address in host.addresses}
    more = (a for a in entry.host.more_addresses if a.version in families)
    return [str(entry.host.address), *map(str, more)]


def port_probes(estate: Estate) -> tuple[PortProbe, ...]:
    """Return the declared TCP ports that are probed."""
    declared = ((entry, listen) for entry in hosts(estate) for listen in entry.host.listens)
    # Two services may share a port's number and differ in who may reach it.
    ports = dict.fromkeys(
        (entry.name, listen.port)
        for entry, listen in declared
        if listen.protocol is Protocol.TCP and not _reason(entry, listen)
    )
    by_name = {entry.name: entry for entry in hosts(estate)}
    return tuple(PortProbe(by_name[name], port) for name, port in ports)


def name_probes(estate: Estate) -> tuple[NameProbe, ...]:
    """Return what declared name servers are asked for: the names of their tenant's services."""
    return tuple(
        NameProbe(entry, name)
        for entry in hosts(estate)
        if any(_is_name_server(listen) and not _reason(entry, listen) for listen in _udp(entry))
        for name in _names(entry)
    )


def resolver_probes(estate: Estate) -> tuple[NameProbe, ...]:
    """Return what the resolvers that Bastide configures are asked for: their own names."""
    return tuple(
        NameProbe(entry, entry.fqdn)
        for entry in hosts(estate)
        if Role.RESOLVER in entry.host.roles and is_full(entry)
    )


def unprobed(estate: Estate) -> tuple[Unprobed, ...]:
    """Return the declared ports that are not probed, each with the reason."""
    return tuple(
        Unprobed(entry, listen, reason)
        for entry in hosts(estate)
        for listen in entry.host.listens
        if (reason := _reason(entry, listen))
    )


def http_module(service: InventoryService) -> str:
    """Return the blackbox_exporter module that probes a service; one of its own if it must."""
    if service.service.expects.is_of_the_answer:
        return f"http_of_{service.name}"
    trusted = service.service.certificate is CertificateTrust.AUTHORITIES
    return HTTP_MODULE if trusted else ANY_CERTIFICATE_MODULE


def _reason(entry: InventoryHost, listen: Listen) -> str:
    """Return why a declared port is not probed; nothing when it is."""
    if listen.access is Access.SITE and entry.tenant.id != CENTRAL:
        return "only its site may reach it, and probes come from the operations host"
    if listen.protocol is Protocol.UDP and not _is_name_server(listen):
        return "UDP promises no answer that a probe could wait for"
    if listen.protocol is Protocol.UDP and not _names(entry):
        return "there is no service whose name it could be asked for"
    if _is_ssh(entry, listen):
        return "SSH servers, and what bans for them, take connections without a login for attacks"
    return ""


def _is_ssh(entry: InventoryHost, listen: Listen) -> bool:
    ports = (SSH_PORT, ssh(entry).port)
    return listen.protocol is Protocol.TCP and (listen.port in ports or listen.name in SSH_NAMES)


def _is_name_server(listen: Listen) -> bool:
    return (listen.protocol, listen.port) == (Protocol.UDP, DNS)


def _udp(entry: InventoryHost) -> Iterator[Listen]:
    return (listen for listen in entry.host.listens if listen.protocol is Protocol.UDP)


def _names(entry: InventoryHost) -> tuple[str, ...]:
    """Return the host names in the URLs of a tenant's services, addresses left out."""
    of_tenant = (s for s in services(entry.tenant.estate) if s.tenant.id == entry.tenant.id)
    names = (urlsplit(service.service.url).hostname or "" for service in of_tenant)
    return tuple(dict.fromkeys(name for name in names if name and not is_address(name)))
