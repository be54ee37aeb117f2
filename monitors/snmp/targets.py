"""Which hosts and devices of the inventory are asked over SNMP, and how."""

from dataclasses import dataclass
from pathlib import Path

from inventory.model import Estate, SnmpAccess
from inventory.placed import PlacedDevice, PlacedHost, devices, hosts
from inventory.secrets import resolve
from inventory.words import Role
from monitors.snmp.client import Agent, Credentials

PORT = 161
HOST_KIND = "host"


@dataclass(frozen=True, slots=True)
class Target:
    """A device, or a host that runs an SNMP agent; ``kind`` picks its profiles."""

    name: str
    kind: str
    municipality: str
    address: str
    access: SnmpAccess
    port: int


def targets(estate: Estate, port: int = PORT) -> dict[str, Target]:
    """Everything in an estate that may be asked over SNMP, by estate-wide name.

    ``port`` is the UDP port of all agents.
    """
    found = [_device(placed, port) for placed in devices(estate)]
    found += [
        _host(placed, port) for placed in hosts(estate) if Role.SNMP_AGENT in placed.host.roles
    ]
    return {target.name: target for target in found}


def agent(target: Target, state: Path) -> Agent:
    """Where a target answers, with its secrets.

    Raises inventory.secrets.SecretError when a secret is not where its reference points.
    """
    access = target.access
    credentials = Credentials(
        access.user,
        access.auth_protocol,
        resolve(access.auth, state),
        access.priv_protocol,
        resolve(access.priv, state),
    )
    return Agent(target.address, target.port, credentials)


def _device(placed: PlacedDevice, port: int) -> Target:
    device = placed.device
    return Target(
        placed.name, device.kind.value, placed.place.id, str(device.address), placed.snmp, port
    )


def _host(placed: PlacedHost, port: int) -> Target:
    place = placed.place
    return Target(
        placed.name, HOST_KIND, place.id, str(placed.host.address), place.estate.snmp, port
    )
