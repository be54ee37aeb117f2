"""A machine as its own system sees it: name, login, keys, interfaces."""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Annotated, ClassVar, Protocol

from pydantic import ConfigDict, Field

from infra.driver.spec import SPEC
from infra.guests.ownership import identity
from infra.ssh_keys import KeyPair

# The prefix that QEMU's own network cards have: switches and people know it.
HARDWARE_PREFIX = ("52", "54", "00")

LinkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*$", max_length=15)]  # IFNAMSIZ
# A bridge or network of the hypervisor; its name becomes part of XML and of option strings.
SwitchName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=62)]
Gib = Annotated[int, Field(ge=1, le=65536)]
AccountName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface: on a bridge of the hypervisor, or on a network that it made."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: LinkName
    address: IPv4Interface | IPv6Interface
    gateway: IPv4Address | IPv6Address | None = None
    bridge: SwitchName | None = None
    network: SwitchName | None = None
    vlan: Annotated[int, Field(ge=1, le=4094)] | None = None


@dataclass(frozen=True, slots=True)
class Guest:
    """What its first boot must bring about; `identity` is one that no other machine has.

    `forward`: it routes between its interfaces, as an edge does.
    """

    identity: str
    hostname: str
    user: str
    authorized_keys: tuple[str, ...]
    interfaces: tuple[Interface, ...]
    resolvers: tuple[str, ...] = ()
    forward: bool = False


class MachineSpec(Protocol):
    """What the specs of all hypervisors say of the system in a machine."""

    @property
    def name(self) -> str: ...  # noqa: D102 (fields of a spec)

    @property
    def user(self) -> str: ...  # noqa: D102

    @property
    def authorized_keys(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def interfaces(self) -> tuple[Interface, ...]: ...  # noqa: D102

    @property
    def resolvers(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def forward(self) -> bool: ...  # noqa: D102


def guest_of(spec: MachineSpec, estate: str, host_key: KeyPair) -> Guest:
    """Return what a machine's first boot must bring about; with another host key it is another."""
    return Guest(
        identity=f"{identity(estate, 'machine', spec.name)}-{host_key.public[-12:]}",
        hostname=spec.name,
        user=spec.user,
        authorized_keys=spec.authorized_keys,
        interfaces=spec.interfaces,
        resolvers=spec.resolvers,
        forward=spec.forward,
    )


def managed_address(interfaces: tuple[Interface, ...]) -> str:
    """Return the address that a machine is managed at: its last interface's (an edge's LAN)."""
    return str(interfaces[-1].address.ip)


def hardware_address(machine: str, interface: str) -> str:
    """Return an interface's MAC address: the same whenever the machine is made again.

    Neighbours and DHCP reservations then go on knowing it.
    """
    digest = hashlib.sha256(f"mac {machine} {interface}".encode()).hexdigest()
    return ":".join((*HARDWARE_PREFIX, *(digest[at : at + 2] for at in range(0, 6, 2))))
