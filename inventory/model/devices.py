"""A device, and what its ports should be."""

from pydantic import Field

from inventory.enums import DeviceKind
from inventory.frozen import Frozen
from inventory.model.configuration import Configuration
from inventory.model.fields import LATER, ParentField, ProviderField
from inventory.model.snmp_access import SnmpAccess
from inventory.scalars import Address, Id, PortName, ProfileName


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
    provider: ProviderField = None
    answers_from: tuple[Address, ...] = Field(
        default=(),
        description="other addresses that its SNMP answers come from; with SNMPv3 none is needed",
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
    configuration: Configuration | None = Field(
        default=None,
        description="how its configuration is read over SSH, to keep its versions without secrets",
    )
    parent: ParentField = None
