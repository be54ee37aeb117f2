"""The estate as flat lists: every host, device and service with the tenant that owns it.

A tenant is a municipality or the central site.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.enums import ProviderName, Role, Tier
from inventory.model.devices import Device
from inventory.model.estate import Estate, EstateFile
from inventory.model.hosts import Host
from inventory.model.snmp_access import SnmpAccess
from inventory.model.tenants import CENTRAL, Service, Site, TenantFile


@dataclass(frozen=True, slots=True)
class Tenant:
    """A municipality or the central site, treated alike."""

    id: str
    name: str
    tier: Tier | None
    content: TenantFile
    estate: Estate

    @property
    def owner(self) -> str:
        """Who answers for what stands here: the first contact, with their duty."""
        first = self.content.contacts[0]
        return f"{first.name}, {first.duty}"

    def site(self, site_id: str) -> Site:
        """Return the site with that id; KeyError when there is none."""
        return {site.id: site for site in self.content.sites}[site_id]

    def full_name(self, own_id: str) -> str:
        """Return the estate-wide name of something of this tenant: `<tenant>-<id>`."""
        return f"{self.id}-{own_id}"

    def fqdn(self, own_id: str) -> str:
        """Return the DNS name of something of this tenant: `<id>.<tenant>.<estate domain>`."""
        return f"{own_id}.{self.id}.{self.estate.domain}"

    def edges_before(self, machine: Host | Device) -> tuple[str, ...]:
        """Return the full names of the edges that a host or device of this tenant stands behind."""
        return tuple(self.full_name(edge) for edge in implied_parents(self.content, machine))

    def parents_of(self, machine: Host | Device) -> tuple[str, ...]:
        """Return the full names that one of this tenant's is reached through, each a way to it.

        They are declared, or the edges of its own site; nothing: it is reached directly.
        """
        return self.edges_before(machine) if machine.parent is None else machine.parent


@dataclass(frozen=True, slots=True)
class InventoryHost:
    """A host together with its tenant."""

    tenant: Tenant
    host: Host

    @property
    def name(self) -> str:
        """The estate-wide name: machine hostname, Ansible name and `host` label."""
        return self.tenant.full_name(self.host.id)

    @property
    def fqdn(self) -> str:
        """The DNS name: `<id>.<tenant>.<estate domain>`."""
        return self.tenant.fqdn(self.host.id)

    @property
    def site(self) -> Site:
        """The site that it stands in."""
        return self.tenant.site(self.host.site)

    @property
    def provider(self) -> ProviderName:
        """Where it comes from."""
        return declared_provider(self.host, self.tenant.content, self.tenant.estate)

    @property
    def parents(self) -> tuple[str, ...]:
        """The full names that it is reached through, each a way to it."""
        return self.tenant.parents_of(self.host)


@dataclass(frozen=True, slots=True)
class InventoryDevice:
    """A device together with its tenant."""

    tenant: Tenant
    device: Device

    @property
    def name(self) -> str:
        """The estate-wide name and `device` label."""
        return self.tenant.full_name(self.device.id)

    @property
    def fqdn(self) -> str:
        """The DNS name: `<id>.<tenant>.<estate domain>`."""
        return self.tenant.fqdn(self.device.id)

    @property
    def site(self) -> Site:
        """The site that it stands in."""
        return self.tenant.site(self.device.site)

    @property
    def provider(self) -> ProviderName:
        """Where it comes from."""
        return declared_provider(self.device, self.tenant.content, self.tenant.estate)

    @property
    def snmp(self) -> SnmpAccess:
        """How it is polled."""
        return self.device.snmp or self.tenant.estate.snmp

    @property
    def parents(self) -> tuple[str, ...]:
        """The full names that it is reached through, each a way to it."""
        return self.tenant.parents_of(self.device)


@dataclass(frozen=True, slots=True)
class InventoryService:
    """A service together with its tenant."""

    tenant: Tenant
    service: Service

    @property
    def name(self) -> str:
        """The estate-wide name and `service` label."""
        return self.tenant.full_name(self.service.id)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The full names of the hosts that it depends on."""
        return tuple(self.tenant.full_name(host) for host in self.service.hosts)


def declared_provider(
    machine: Host | Device, tenant: TenantFile, estate: EstateFile
) -> ProviderName:
    """Return what a machine's own line says, its tenant's, or the estate's."""
    return machine.provider or tenant.provider or estate.provider


def operations_host(estate: Estate) -> InventoryHost | None:
    """Return the host that Prometheus runs on, if the estate has one."""
    return next((entry for entry in hosts(estate) if Role.OPERATIONS in entry.host.roles), None)


def implied_parents(content: TenantFile, machine: Host | Device) -> tuple[str, ...]:
    """Return the ids of its site's edges, which it is reached through; an edge has none."""
    if isinstance(machine, Host) and Role.EDGE in machine.roles:
        return ()
    return tuple(h.id for h in content.hosts if Role.EDGE in h.roles and h.site == machine.site)


def tenants(estate: Estate) -> Iterator[Tenant]:
    """Yield the central site, then every municipality, as tenants with an id."""
    yield Tenant(CENTRAL, estate.central.name, None, estate.central, estate)
    for town in estate.municipalities:
        yield Tenant(town.municipality, town.name, town.tier, town, estate)


def hosts(estate: Estate) -> Iterator[InventoryHost]:
    """Yield every host of the estate."""
    return (
        InventoryHost(tenant, host) for tenant in tenants(estate) for host in tenant.content.hosts
    )


def devices(estate: Estate) -> Iterator[InventoryDevice]:
    """Yield every device of the estate."""
    return (
        InventoryDevice(tenant, device)
        for tenant in tenants(estate)
        for device in tenant.content.devices
    )


def machines(estate: Estate) -> Iterator[InventoryHost | InventoryDevice]:
    """Yield every host, then every device, of the estate."""
    yield from hosts(estate)
    yield from devices(estate)


def owners(estate: Estate) -> dict[str, str]:
    """Return the tenant of everything that has a name: tenants, hosts, devices and services."""
    named = {tenant.id: tenant.id for tenant in tenants(estate)}
    named |= {machine.name: machine.tenant.id for machine in machines(estate)}
    return named | {service.name: service.tenant.id for service in services(estate)}


def services(estate: Estate) -> Iterator[InventoryService]:
    """Yield every service of the estate."""
    return (
        InventoryService(tenant, service)
        for tenant in tenants(estate)
        for service in tenant.content.services
    )
