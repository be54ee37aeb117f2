"""What the driver's kinds take."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from infra.driver.spec import SPEC, Name
from infra.guests.guest import AccountName, Gib, Interface, managed_address

Uri = Annotated[str, Field(pattern=r"^[a-z][a-z0-9+]*://\S*$")]
PoolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=62)]
Checksum = Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$")]
# How a network leaves the hypervisor (https://libvirt.org/formatnetwork.html#connectivity).
Forward = Literal["nat", "route", "isolated"]


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A network on the hypervisor; without a gateway the hypervisor has no address in it."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    uri: Uri
    range: IPv4Network
    gateway: IPv4Address | None = None
    forward: Forward = "nat"


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """A cloud image: `source` is a file (qcow2 or raw) on the machine that runs Bastide."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    uri: Uri
    pool: PoolName
    source: Annotated[str, Field(pattern=r"^/")]
    checksum: Checksum


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """An empty disk for data. It grows; to shrink it would lose what is at its end."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    uri: Uri
    pool: PoolName
    size_gib: Gib


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """A machine with a disk of its own on top of an image; `image` and `disks` are volumes' names.

    `authorized_keys`, `user` and `resolvers` count when it is made only: later they are the
    playbooks' matter. `verify`: wait until it answers with its host key.
    """

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    uri: Uri
    pool: PoolName
    image: str
    cpus: Annotated[int, Field(ge=1, le=512)]
    memory_mib: Annotated[int, Field(ge=128)]
    disk_gib: Gib
    interfaces: Annotated[tuple[Interface, ...], Field(min_length=1)]
    authorized_keys: tuple[str, ...]
    user: AccountName = "root"
    disks: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    forward: bool = False
    autostart: bool = True
    verify: bool = True

    @property
    def address(self) -> str:
        """The address that it is managed at."""
        return managed_address(self.interfaces)
