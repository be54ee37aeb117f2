"""Fields that an estate, its tenants and their hosts share."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, JsonValue

from inventory.enums import Level, ProviderName
from inventory.scalars import TimezoneName

# The end of the description of what may be declared already, and that nothing reads yet.
LATER = "a later release will use it"
PROVIDERS = (
    "lab (machines that Bastide makes on this computer), libvirt or proxmox "
    "(machines that it makes on a hypervisor) or existing (what is there already)"
)
ProviderField = Annotated[
    ProviderName | None, Field(description=f"default: the estate's; {PROVIDERS}")
]
ManageField = Annotated[
    Level | None,
    Field(
        description="how far hosts are managed: watch (seen from outside, nothing changes), audit "
        "(read over SSH, nothing is installed), baseline (hardened, measured, backed up) or full "
        "(its services are ours too); default: watch for existing hosts, full for those made"
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


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


ParentField = Annotated[
    tuple[str, ...] | None,
    BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...] | None),
    Field(
        description="full name of what it is reached through; a list when there are several ways "
        "to it, each of which is enough, and an empty one when it is reached directly; default: "
        "the edges of its site",
    ),
]
"""What a host or device is reached through, by one name or a list of them."""
