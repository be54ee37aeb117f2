"""Where machines that Bastide makes run: a hypervisor, and what of it may be used."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from inventory.frozen import Frozen
from inventory.scalars import (
    CHECKSUM,
    LIBVIRT_URI,
    PROXMOX_URL,
    STORE_NAME,
    VOLUME_ID,
    AbsolutePath,
    Id,
    SecretRef,
    text,
)


class Attachment(Frozen):
    """A bridge of the hypervisor that is there already, and a VLAN on it."""

    bridge: str = text(STORE_NAME)
    vlan: int | None = Field(default=None, ge=1, le=4094)


class Wan(Attachment):
    """What edges have their uplink on."""

    network: IPv4Network = Field(description="the network of the edges' uplink addresses")
    gateway: IPv4Address = Field(description="the next router there")


class CloudImage(Frozen):
    """The file that new machines start from."""

    path: AbsolutePath = Field(
        description="a cloud image of Debian 12 or later, qcow2 or raw, on this machine"
    )
    checksum: str = text(CHECKSUM)


def _host_keys_checked(uri: str) -> str:
    """Whoever poses as the hypervisor would be given the machines' private keys."""
    if "no_verify=" in uri:
        raise PydanticCustomError("no_verify", "does not check who answers")
    return uri


class Libvirt(Frozen):
    """A hypervisor that libvirt manages, and what of it may be used."""

    uri: Annotated[
        str,
        text(LIBVIRT_URI),
        AfterValidator(_host_keys_checked),
    ]
    pool: str = text(
        STORE_NAME, default="default", description="the storage pool for disks, one of files"
    )
    image: CloudImage
    sites: Mapping[Id, Attachment] = Field(
        default_factory=dict,
        description="the bridge of a site, by its id; for others a network is made",
    )
    forward: Literal["nat", "route", "isolated"] = Field(
        default="nat", description="how networks that are made leave the hypervisor"
    )
    wan: Wan | None = Field(default=None, description="what edges have their uplink on")


class Proxmox(Frozen):
    """A cluster of Proxmox VE, and what of it may be used."""

    url: str = text(PROXMOX_URL)
    token: SecretRef = Field(description="a file with one line, user@realm!name=UUID")
    ca: AbsolutePath | None = Field(
        default=None, description="its authority (a copy of pve-root-ca.pem), if none is public"
    )
    node: str = text(STORE_NAME, description="the node that new machines are made on")
    storage: str = text(STORE_NAME, default="local-lvm", description="the storage for disks")
    iso_storage: str = text(
        STORE_NAME, default="local", description="the storage for what cloud-init reads once"
    )
    pool: str | None = text(
        STORE_NAME, default=None, description="the resource pool that machines belong to"
    )
    template: int | None = Field(
        default=None, ge=100, le=999_999_999, description="the number of the template to clone"
    )
    image: str | None = text(
        VOLUME_ID, default=None, description="the cloud image to import, where there is no template"
    )
    sites: Mapping[Id, Attachment] = Field(
        default_factory=dict, description="the bridge of each site with machines, by its id"
    )
    wan: Wan | None = Field(default=None, description="what edges have their uplink on")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.template is None) == (self.image is None):
            raise PydanticCustomError("one_source", "needs a template or an image, and not both")
        return self


class DataDisk(Frozen):
    """A disk beside the one with the system."""

    id: Id
    gib: int = Field(ge=1, le=65536)


class OwnMachine(Frozen):
    """What a machine that Bastide makes is like; what is not said, its tier says."""

    cpus: int | None = Field(default=None, ge=1, le=512)
    disk_gib: int | None = Field(
        default=None, ge=1, le=65536, description="the disk with the system; it grows only"
    )
    disks: tuple[DataDisk, ...] = ()
    autostart: bool = Field(default=True, description="it starts with its hypervisor")
    protect: bool = Field(
        default=True,
        description="it is not deleted or made anew: false, and one `bastide infra up`, lift that",
    )


LibvirtField = Annotated[
    Libvirt | None,
    Field(description="where machines with the provider libvirt run; the narrowest place counts"),
]
ProxmoxField = Annotated[
    Proxmox | None,
    Field(description="where machines with the provider proxmox run; the narrowest place counts"),
]
