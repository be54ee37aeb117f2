"""A municipality and the central site: their sites, contacts and services."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from inventory.enums import CertificateTrust, Continuity, Tier
from inventory.frozen import Frozen
from inventory.model.devices import Device
from inventory.model.expectation import Expectation
from inventory.model.fields import (
    LATER,
    ManageField,
    ProviderField,
    SettingsField,
    TimezoneField,
)
from inventory.model.hosts import Host
from inventory.model.hypervisors import LibvirtField, ProxmoxField
from inventory.model.journeys import Journey
from inventory.model.restart_window import RestartWindowField
from inventory.model.service_hours import ServiceHours
from inventory.model.ssh import AdministratorsField, SshField
from inventory.scalars import (
    COUNTRY,
    FORMS,
    URL,
    Address,
    Id,
    MunicipalityId,
    Network,
    Server,
    text,
)

CENTRAL = "central"


# What the classes were called before 2026-12; estates that say so are read as ever.
FORMER_CLASSES = {"vital": Continuity.A, "important": Continuity.B, "ordinary": Continuity.C}


def _renamed(value: object) -> object:
    return FORMER_CLASSES.get(value, value) if isinstance(value, str) else value


ContinuityField = Annotated[
    Continuity | None,
    BeforeValidator(
        _renamed,
        json_schema_input_type=Continuity | Literal["vital", "important", "ordinary"] | None,
    ),
    Field(
        description="what its loss costs, which picks RPO and RTO: A (4 and 4 hours), B (26 and "
        "24) or C (50 and 72); a service whose hosts are backed up must say it"
    ),
]


class Contact(Frozen):
    """A person or desk that can be reached."""

    name: str
    duty: str = Field(description="what they are for: mayor, IT administrator, duty desk …")
    email: str | None = None
    phone: str | None = Field(default=None, description="a telephone number, as it is dialled")


class Dns(Frozen):
    """How names outside the estate are found."""

    forwarders: tuple[Address, ...] = Field(
        min_length=1, description="resolvers that the tenant's own one asks for all other names"
    )


DnsField = Annotated[
    Dns | None, Field(description="how names outside the estate are found; default: as they are")
]
SecondTargetField = Annotated[
    str | None,
    Field(
        description="the host at a third site that pulls second copies of its backup plans, or the "
        "bucket that their targets put them into; none: those that a plan names itself"
    ),
]
TimeServersField = Annotated[
    tuple[Server, ...],
    Field(description="NTP servers; none: the operations host's own clock is trusted (lab)"),
]


class Site(Frozen):
    """A building with a network of its own."""

    id: Id
    name: str
    network: Network
    more_networks: tuple[Network, ...] = Field(
        default=(), description="its other networks, such as one of IPv6"
    )
    gateway: Address
    nat: bool = Field(
        default=False, description="the edge hides the site behind its uplink address"
    )

    @property
    def networks(self) -> tuple[Network, ...]:
        """All of its networks, the main one first."""
        return (self.network, *self.more_networks)

    def holds(self, address: Address) -> bool:
        """Say whether an address is in one of its networks."""
        return any(address in network for network in self.networks)


class Service(Frozen):
    """An e-service that citizens or clerks use."""

    id: Id
    name: str
    url: str = text(URL)
    hosts: tuple[Id, ...] = Field(min_length=1)
    certificate: CertificateTrust = Field(
        default=CertificateTrust.AUTHORITIES,
        description="whose certificate it may show: authorities (those that browsers know, and the "
        "estate's own) or any (its end is watched all the same)",
    )
    expects: Expectation = Field(
        default=Expectation(),
        description="what tells a good answer from a wrong or slow one: status, text, redirect, "
        "within_seconds",
    )
    continuity: ContinuityField = None
    rpo_hours: float | None = Field(
        default=None, gt=0, description="what may be lost (RPO); default: by the class"
    )
    rto_hours: float | None = Field(
        default=None, gt=0, description="how long recovery may take (RTO); default: by the class"
    )
    objective: float = Field(
        default=0.99,
        gt=0,
        lt=1,
        description="share of 30 days that it answers in, its goal (SLO); what is in a maintenance "
        "window or silence, or outside its `hours`, does not count",
    )
    hours: ServiceHours | None = Field(
        default=None, description="when it must answer to keep its goal; default: always"
    )
    journeys: tuple[Journey, ...] = Field(
        default=(), description="what is done at it, step by step, each minute"
    )

    @property
    def continuity_class(self) -> Continuity:
        """Its class; one that keeps no data need not say any, and is of class C."""
        return self.continuity or Continuity.C


class Municipality(Frozen):
    """A local government: its sites, hosts, devices and services."""

    municipality: MunicipalityId
    name: str
    tier: Tier
    country: str = text(COUNTRY, description=f"{FORMS[COUNTRY]}; {LATER}")
    contacts: tuple[Contact, ...] = Field(min_length=1)
    sites: tuple[Site, ...] = Field(min_length=1)
    hosts: tuple[Host, ...] = ()
    devices: tuple[Device, ...] = ()
    services: tuple[Service, ...] = ()
    provider: ProviderField = None
    libvirt: LibvirtField = None
    proxmox: ProxmoxField = None
    ssh: SshField = None
    administrators: AdministratorsField = ()
    manage: ManageField = None
    settings: SettingsField = Field(default_factory=dict)
    timezone: TimezoneField = None
    dns: DnsField = None
    time_servers: TimeServersField = ()
    maintenance: RestartWindowField = None
    second_target: SecondTargetField = None


class Central(Frozen):
    """The site of the operations team: monitoring, copies, scratch machines."""

    name: str
    contacts: tuple[Contact, ...] = Field(min_length=1)
    sites: tuple[Site, ...] = Field(min_length=1)
    hosts: tuple[Host, ...] = Field(min_length=1)
    devices: tuple[Device, ...] = ()
    services: tuple[Service, ...] = ()
    provider: ProviderField = None
    libvirt: LibvirtField = None
    proxmox: ProxmoxField = None
    ssh: SshField = None
    administrators: AdministratorsField = ()
    manage: ManageField = None
    settings: SettingsField = Field(default_factory=dict)
    timezone: TimezoneField = None
    dns: DnsField = None
    time_servers: TimeServersField = ()
    maintenance: RestartWindowField = None
    second_target: SecondTargetField = None


TenantFile = Central | Municipality
"""What central.yml, or the file of a municipality, holds."""
