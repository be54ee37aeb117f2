"""A host, what it serves, what is backed up from it, and what its level may cut off."""

import datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from inventory.enums import (
    Access,
    ConnectionKind,
    ExporterName,
    Protocol,
    Role,
    System,
)
from inventory.frozen import Frozen
from inventory.model.fields import (
    ManageField,
    ParentField,
    ProviderField,
    SettingsField,
    TimezoneField,
)
from inventory.model.hooks import HookField
from inventory.model.hypervisors import OwnMachine
from inventory.model.snmp_access import SnmpAccess
from inventory.model.ssh import SshField
from inventory.model.uplinks import Uplink
from inventory.scalars import (
    AbsolutePath,
    Address,
    CutKey,
    DatabaseName,
    HostKey,
    Id,
    SecretRef,
    TimeOfDay,
)

EXPORTER_PORTS = {ExporterName.NODE: 9100, ExporterName.WINDOWS: 9182}


SCHEDULES_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
"""How far apart the runs of a plan may be: what a day is divided by."""


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
    second_target: str | None = Field(
        default=None,
        description="a host at a third site that pulls a second copy from the target, by itself: a "
        "full host name; or a bucket that the target puts one into: the id of one of the estate's "
        "`buckets`; default: the municipality's",
    )
    paths: tuple[AbsolutePath, ...] = ()
    database: DatabaseName | None = Field(default=None, description="a PostgreSQL database to dump")
    mariadb: DatabaseName | None = Field(
        default=None, description="a MariaDB database to dump, by the local socket as root"
    )
    sqlite: tuple[AbsolutePath, ...] = Field(
        default=(), description="database files of SQLite, copied while they are in use"
    )
    before: HookField = Field(
        default=None, description="a program that runs before the backup; one that fails fails it"
    )
    after: HookField = Field(
        default=None,
        description="a program that runs after the backup, also after one that failed or was cut "
        "off; BASTIDE_OUTCOME tells it `ok` or `failed`",
    )
    at: TimeOfDay = Field(default="02:30", description="when one of its daily runs starts")
    every_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24] | None = Field(
        default=None,
        description="how far apart its runs are; default: as the RPO of the host's services asks",
    )
    password: SecretRef
    keep_within_days: int | None = Field(
        default=None,
        ge=1,
        description="how long snapshots stay; default: by the class of the host's services, "
        "A 180 days, B and C 90",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.paths or self.database or self.mariadb or self.sqlite):
            raise PydanticCustomError("nothing_to_back_up", "has neither paths nor a database")
        return self


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
    uplinks: tuple[Uplink, ...] = Field(
        default=(), description="an edge's ways out, watched by the next router of each"
    )
    provider: ProviderField = None
    machine: OwnMachine | None = Field(
        default=None, description="what a machine that Bastide makes on a hypervisor is like"
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
    parent: ParentField = None
    redundancy: Id | None = Field(
        default=None,
        description="a word that hosts of one tenant share which stand in for each other: they are "
        "updated one at a time",
    )
    memory_mib: int | None = Field(
        default=None,
        ge=128,
        description="memory in MiB of a machine that Bastide makes; default: its tier's on a "
        "hypervisor, 2048 in the lab, where it is a limit",
    )

    @property
    def addresses(self) -> tuple[Address, ...]:
        """All of its addresses, the one that it is managed at first; without an edge's uplink."""
        return (self.address, *self.more_addresses)
