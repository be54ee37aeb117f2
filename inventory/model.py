"""What an estate's files say, as frozen values; every unknown key is refused."""

import datetime
from collections.abc import Mapping
from datetime import date
from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from inventory.enums import (
    Access,
    CertificateTrust,
    ConnectionKind,
    Continuity,
    DeviceKind,
    ExporterName,
    Level,
    Protocol,
    ProviderName,
    Role,
    SnmpVersion,
    System,
    Tier,
)
from inventory.frozen import Frozen
from inventory.own import Own
from inventory.scalars import (
    CONTROL_ID,
    COUNTRY,
    FORMS,
    URL,
    AbsolutePath,
    Address,
    AuthProtocol,
    CutKey,
    DomainName,
    HostKey,
    Id,
    MunicipalityId,
    Network,
    PortName,
    PrivProtocol,
    ProfileName,
    SecretRef,
    Server,
    TimeOfDay,
    TimezoneName,
    as_text,
    text,
)
from inventory.ssh import AdministratorsField, SshField

CENTRAL = "central"
ESTATE_SCOPE = "estate"
LONGEST_WAIVER_DAYS = 365
# The end of the description of what may be declared already, and that nothing reads yet.
LATER = "a later release will use it"
PROVIDERS = "lab (machines that Bastide makes on this computer) or existing (what is there already)"
ManageField = Annotated[
    Level | None,
    Field(
        description="how far hosts are managed: watch (seen from outside, nothing changes), audit "
        "(read over SSH, nothing is installed), baseline (hardened, measured, backed up) or full "
        "(its services are ours too); default: watch for existing hosts, full for the lab's"
    ),
]
SettingsField = Annotated[
    Mapping[str, JsonValue],
    Field(
        description="options of roles, as their README says; of each, the narrowest place counts",
    ),
]
TimezoneField = Annotated[
    TimezoneName | None, Field(description="default: the one that each host has")
]
DnsField = Annotated[
    "Dns | None", Field(description="how names outside the estate are found; default: as they are")
]
TimeServersField = Annotated[
    tuple[Server, ...],
    Field(description="NTP servers; none: the operations host's own clock is trusted (lab)"),
]
EXPORTER_PORTS = {ExporterName.NODE: 9100, ExporterName.WINDOWS: 9182}
KEYS_OF_V3 = frozenset({"user", "auth_protocol", "auth", "priv_protocol", "priv"})


class Contact(Frozen):
    """A person or desk that can be reached."""

    name: str
    duty: str = Field(description="what they are for: mayor, IT administrator, duty desk …")
    email: str | None = None
    phone: str | None = Field(default=None, description=f"a telephone number; {LATER}")


class Dns(Frozen):
    """How names outside the estate are found."""

    forwarders: tuple[Address, ...] = Field(
        min_length=1, description="resolvers that the tenant's own one asks for all other names"
    )


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


class Listen(Frozen):
    """A port that a host serves, and who may reach it."""

    port: int = Field(ge=1, le=65535)
    protocol: Protocol = Protocol.TCP
    access: Access = Access.SITE
    name: str = Field(description="what listens, for people and for the firewall's comment")


class BackupPlan(Frozen):
    """What is backed up from a host, where to, and when."""

    id: Id
    target: str = Field(description="the host that keeps the copies: a full host name")
    paths: tuple[AbsolutePath, ...] = ()
    database: str | None = Field(default=None, description="a PostgreSQL database to dump")
    at: TimeOfDay = "02:30"
    password: SecretRef
    keep_within_days: int = Field(default=90, ge=1)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.paths and self.database is None:
            raise PydanticCustomError("nothing_to_back_up", "has neither paths nor a database")
        return self


class SnmpAccess(Frozen):
    """How a device is polled: SNMPv3 with authentication and privacy, or a community."""

    version: Annotated[
        SnmpVersion,
        BeforeValidator(as_text),
        WithJsonSchema({"enum": [*(v.value for v in SnmpVersion), 1, 3]}),
    ] = SnmpVersion.V3
    community: SecretRef | None = None
    user: str = "bastide"
    auth_protocol: AuthProtocol = "SHA"
    auth: SecretRef = "generated:snmp-auth"
    priv_protocol: PrivProtocol = "AES"
    priv: SecretRef = "generated:snmp-priv"

    @model_validator(mode="after")
    def _keys_of_its_version(self) -> Self:
        """Refuse keys that have no effect: who wrote them believes in more than there is."""
        named = self.model_fields_set - ({"community"} if self.community is None else set())
        idle = sorted(named & ({"community"} if self.version is SnmpVersion.V3 else KEYS_OF_V3))
        if idle:
            raise PydanticCustomError(
                "keys_of_another_version",
                "{keys}: not of SNMP version {version}",
                {"keys": ", ".join(idle), "version": self.version.value},
            )
        if self.version is not SnmpVersion.V3 and self.community is None:
            raise PydanticCustomError(
                "community_missing",
                "SNMP version {version} needs a community",
                {"version": self.version.value},
            )
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """The references to the secrets that this version needs."""
        if self.community is not None:
            return (self.community,)
        return (self.auth, self.priv)


class Exporter(Frozen):
    """An exporter that is on a host already, and where it listens."""

    name: ExporterName
    port: int | None = Field(
        default=None, ge=1, le=65535, description="default: its own, 9100 or 9182"
    )

    @property
    def tcp_port(self) -> int:
        """The port that it listens on."""
        return self.port or EXPORTER_PORTS[self.name]


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


ExporterField = Annotated[
    Exporter, BeforeValidator(_named, json_schema_input_type=ExporterName | Exporter)
]
"""An exporter by its name alone, or with the port that it listens on."""


class Acceptance(Frozen):
    """What raising an existing server's level may cut off, and who has acknowledged it when."""

    level: Literal["baseline", "full"] = Field(
        description="the level that it was acknowledged for; those below are acknowledged with it"
    )
    by: str = Field(min_length=2, description="who has acknowledged it")
    date: datetime.date
    cuts: tuple[CutKey, ...] = Field(
        default=(), description="the logins, ports and forwarding that may be cut off"
    )


class Host(Frozen):
    """A server: managed over SSH, or only watched."""

    id: Id
    site: Id
    address: Address
    more_addresses: tuple[Address, ...] = Field(
        default=(),
        description="its other addresses, IPv4 or IPv6: each is probed, and it is down only when "
        "none answers",
    )
    uplink: Address | None = Field(default=None, description="an edge's address towards the WAN")
    provider: ProviderName | None = Field(
        default=None, description=f"default: the estate's; {PROVIDERS}"
    )
    host_key: HostKey | None = Field(
        default=None, description="the SSH host key expected of an existing host"
    )
    connection: ConnectionKind = Field(
        default=ConnectionKind.SSH, description="local: it is the machine that runs Bastide"
    )
    ssh: SshField = None
    manage: ManageField = None
    accepts: Acceptance | None = Field(
        default=None,
        description="what an existing server's level may cut off, written by `bastide host impact "
        "--accept`; without it baseline and full are refused",
    )
    settings: SettingsField = Field(default_factory=dict)
    timezone: TimezoneField = None
    system: System = Field(
        default=System.LINUX, description="windows: it can be watched, and is never configured"
    )
    roles: tuple[Role, ...] = ()
    listens: tuple[Listen, ...] = ()
    forwards: bool = Field(
        default=False,
        description="it forwards for containers, machines or a VPN, and goes on doing so: our "
        "firewall then leaves what is forwarded alone, and IP forwarding stays as it is",
    )
    exporters: tuple[ExporterField, ...] = Field(
        default=(), description="exporters that are there already; full hosts have ours"
    )
    snmp: SnmpAccess | None = Field(
        default=None,
        description="how the SNMP agent that it has already is polled; the role snmp_agent is ours",
    )
    backups: tuple[BackupPlan, ...] = ()
    parent: str | None = Field(default=None, description="full name it is reached through")
    memory_mib: int = Field(default=512, ge=128, description=f"memory in MiB; {LATER}")

    @property
    def addresses(self) -> tuple[Address, ...]:
        """All of its addresses, the one that it is managed at first; without an edge's uplink."""
        return (self.address, *self.more_addresses)


class PortIntent(Frozen):
    """What a port of a device should be: up, unless it says otherwise."""

    port: PortName
    up: bool = Field(default=True, description="false: it need not be up")
    uplink: bool = Field(default=False, description="others are reached through it")
    speed_mbps: int | None = Field(default=None, ge=1, le=1_600_000)
    vlan: int | None = Field(default=None, ge=1, le=4094, description="the untagged VLAN (PVID)")
    neighbour: str | None = Field(
        default=None, description="full name of the host or device at the cable's other end"
    )
    description: str = Field(default="", description=f"what is plugged in; {LATER}")


class Device(Frozen):
    """Something managed over SNMP."""

    id: Id
    kind: DeviceKind
    site: Id
    address: Address
    provider: ProviderName | None = Field(
        default=None, description=f"default: the estate's; {PROVIDERS}"
    )
    model: str = ""
    ports: int = Field(default=0, ge=0, le=512)
    snmp: SnmpAccess | None = Field(default=None, description="default: the estate's")
    profiles: tuple[ProfileName, ...] = Field(
        default=(),
        description="polled with just these SNMP profiles; default: those that fit it",
    )
    more_profiles: tuple[ProfileName, ...] = Field(
        default=(), description="SNMP profiles on top of those that fit it or are pinned"
    )
    allow_set: bool = Field(default=False, description="`bastide snmp set` may change it")
    intent: tuple[PortIntent, ...] = Field(
        default=(), description="the ports that matter; others may be up or down"
    )
    parent: str | None = Field(default=None, description="full name it is reached through")


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
    continuity: Continuity = Continuity.ORDINARY
    objective: float = Field(
        default=0.99, gt=0, lt=1, description=f"share of time that it answers (SLO); {LATER}"
    )


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
    ssh: SshField = None
    administrators: AdministratorsField = ()
    manage: ManageField = None
    settings: SettingsField = Field(default_factory=dict)
    timezone: TimezoneField = None
    dns: DnsField = None
    time_servers: TimeServersField = ()


class Central(Frozen):
    """The site of the operations team: monitoring, copies, scratch machines."""

    name: str
    contacts: tuple[Contact, ...] = Field(min_length=1)
    sites: tuple[Site, ...] = Field(min_length=1)
    hosts: tuple[Host, ...] = Field(min_length=1)
    devices: tuple[Device, ...] = ()
    services: tuple[Service, ...] = ()
    ssh: SshField = None
    administrators: AdministratorsField = ()
    manage: ManageField = None
    settings: SettingsField = Field(default_factory=dict)
    timezone: TimezoneField = None
    dns: DnsField = None
    time_servers: TimeServersField = ()


TenantFile = Central | Municipality
"""What central.yml, or the file of a municipality, holds."""


class Waiver(Frozen):
    """An accepted deviation from a control: owned, approved by somebody else, and ended."""

    control: str = text(CONTROL_ID)
    scope: str = Field(
        min_length=1, description="a full host name, a municipality id, central, or estate"
    )
    reason: str = Field(min_length=10, description="why the control cannot hold now")
    owner: str = Field(min_length=2, description="who asked for it and works on its end")
    approver: str = Field(min_length=2, description="who accepts the risk: not the owner")
    measure: str = Field(min_length=10, description="what lowers the risk meanwhile")
    granted: date = Field(description="the first day in force; may lie ahead")
    expires: date = Field(
        description=f"the last day in force, at most {LONGEST_WAIVER_DAYS} days after `granted`"
    )

    def in_force(self, day: date) -> bool:
        """Whether it counts on a day: from `granted` to `expires`, both included."""
        return self.granted <= day <= self.expires


class WaiverFile(Frozen):
    """What waivers.yml holds."""

    waivers: tuple[Waiver, ...] = ()


class LabNetwork(Frozen):
    """The address ranges that the lab provider may use on this machine."""

    range: IPv4Network
    wan: IPv4Network
    uplink: IPv4Network = Field(description="a /30 between the outer machine and the lab")


class EstateFile(Frozen):
    """What estate.yml holds."""

    estate: MunicipalityId
    title: str
    domain: DomainName
    provider: ProviderName = Field(description=PROVIDERS)
    management: tuple[Network, ...] = Field(
        min_length=1, description="networks that administrators come from"
    )
    ssh: SshField = None
    administrators: AdministratorsField = ()
    manage: ManageField = None
    settings: SettingsField = Field(default_factory=dict)
    timezone: TimezoneField = None
    dns: DnsField = None
    snmp: SnmpAccess = SnmpAccess()
    lab: LabNetwork | None = None
    time_servers: TimeServersField = ()


class Estate(EstateFile):
    """All that one team runs; `own` is what its folder brings beside what ships with us.

    `preview` is the host whose level is only tried out (see preview.py); no file can say it.
    """

    central: Central
    municipalities: tuple[Municipality, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    own: Own = Own()
    preview: str = ""
