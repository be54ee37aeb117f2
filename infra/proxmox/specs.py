"""What the driver's kind takes."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from infra.driver.spec import SPEC, Name
from infra.guests.guest import AccountName, Gib, Interface, managed_address

Url = Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.\[\]:-]+/?$")]
# Names of nodes, storages and pools become parts of paths and of option strings.
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=62)]
VolumeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+:[A-Za-z0-9._/-]+$")]
VmId = Annotated[int, Field(ge=100, le=999_999_999)]
MOST_DISKS = 29  # scsi1 to scsi29: the first is the system's


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """A machine made from a template, or from an image that the storage has.

    `disks` are the sizes of those for data, in GiB; they are grown and added to, never taken away,
    and go with the machine. `token_file` holds the token; `authorized_keys`, `user`, `resolvers`
    and what it is made from count at its creation only. `protect`: Proxmox refuses to delete it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    url: Url
    token_file: str
    node: Word
    storage: Word
    iso_storage: Word
    cpus: Annotated[int, Field(ge=1, le=512)]
    memory_mib: Annotated[int, Field(ge=128)]
    disk_gib: Gib
    interfaces: Annotated[tuple[Interface, ...], Field(min_length=1)]
    authorized_keys: tuple[str, ...]
    template: VmId | None = None
    image: VolumeId | None = None
    ca_file: str | None = None
    pool: Word | None = None
    user: AccountName = "root"
    disks: Annotated[tuple[Gib, ...], Field(max_length=MOST_DISKS)] = ()
    resolvers: tuple[str, ...] = ()
    forward: bool = False
    autostart: bool = True
    protect: bool = True
    verify: bool = True

    @property
    def address(self) -> str:
        """The address that it is managed at."""
        return managed_address(self.interfaces)
