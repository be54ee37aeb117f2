"""The estate seen flat: every host, device and service with the place it stands in."""

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.enums import ProviderName, Role, Tier
from inventory.model import (
    CENTRAL,
    Central,
    Device,
    Estate,
    Host,
    Municipality,
    Service,
    Site,
    SnmpAccess,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A municipality or the central site, seen alike."""

    id: str
    name: str
    tier: Tier | None
    of: Municipality | Central
    estate: Estate

    @property
    def owner(self) -> str:
        """Who answers for what stands here: the first contact, with their duty."""
        first = self.of.contacts[0]
        return f"{first.name}, {first.duty}"

    def site(self, site_id: str) -> Site:
        """Return the site with that id; KeyError when there is none."""
        return {site.id: site for site in self.of.sites}[site_id]

    def full_name(self, own_id: str) -> str:
        """Return the estate-wide name of something of this place: `<place>-<id>`."""
        return f"{self.id}-{own_id}"


@dataclass(frozen=True, slots=True)
class PlacedHost:
    """A host together with its place."""

    place: Place
    host: Host

    @property
    def name(self) -> str:
        """The estate-wide name: machine hostname, Ansible name and `host` label."""
        return self.place.full_name(self.host.id)

    @property
    def fqdn(self) -> str:
        """The DNS name: `<id>.<place>.<estate domain>`."""
        return f"{self.host.id}.{self.place.id}.{self.place.estate.domain}"

    @property
    def site(self) -> Site:
        """The site that it stands in."""
        return self.place.site(self.host.site)

    @property
    def provider(self) -> ProviderName:
        """Where it comes from."""
        return self.host.provider or self.place.estate.provider

    @property
    def parent(self) -> str | None:
        """The full name it is reached through: declared, or the edge of its own site."""
        return self.host.parent or edge_of(self.place, self.host.site, other_than=self.host.id)


@dataclass(frozen=True, slots=True)
class PlacedDevice:
    """A device together with its place."""

    place: Place
    device: Device

    @property
    def name(self) -> str:
        """The estate-wide name and `device` label."""
        return self.place.full_name(self.device.id)

    @property
    def site(self) -> Site:
        """The site that it stands in."""
        return self.place.site(self.device.site)

    @property
    def provider(self) -> ProviderName:
        """Where it comes from."""
        return self.device.provider or self.place.estate.provider

    @property
    def snmp(self) -> SnmpAccess:
        """How it is asked."""
        return self.device.snmp or self.place.estate.snmp

    @property
    def parent(self) -> str | None:
        """The full name it is reached through: declared, or the edge of its own site."""
        return self.device.parent or edge_of(self.place, self.device.site, other_than=None)


@dataclass(frozen=True, slots=True)
class PlacedService:
    """A service together with its place."""

    place: Place
    service: Service

    @property
    def name(self) -> str:
        """The estate-wide name and `service` label."""
        return self.place.full_name(self.service.id)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The full names of the hosts that it depends on."""
        return tuple(self.place.full_name(host) for host in self.service.hosts)


def edge_of(place: Place, site_id: str, *, other_than: str | None) -> str | None:
    """Return the full name of the site's edge, or None when it has none or is asked of itself."""
    for host in place.of.hosts:
        if Role.EDGE in host.roles and host.site == site_id and host.id != other_than:
            return place.full_name(host.id)
    return None


def places(estate: Estate) -> Iterator[Place]:
    """Yield the central site, then every municipality, as places with an id."""
    yield Place(CENTRAL, estate.central.name, None, estate.central, estate)
    for town in estate.municipalities:
        yield Place(town.municipality, town.name, town.tier, town, estate)


def hosts(estate: Estate) -> Iterator[PlacedHost]:
    """Yield every host of the estate."""
    return (PlacedHost(place, host) for place in places(estate) for host in place.of.hosts)


def devices(estate: Estate) -> Iterator[PlacedDevice]:
    """Yield every device of the estate."""
    return (PlacedDevice(place, device) for place in places(estate) for device in place.of.devices)


def services(estate: Estate) -> Iterator[PlacedService]:
    """Yield every service of the estate."""
    return (
        PlacedService(place, service) for place in places(estate) for service in place.of.services
    )
