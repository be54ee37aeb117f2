"""Which hosts and devices of the inventory are asked over SNMP, and how."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from inventory.entries import InventoryDevice, InventoryHost, devices, hosts
from inventory.enums import Role, SnmpVersion
from inventory.model.devices import Device
from inventory.model.estate import Estate
from inventory.model.snmp_access import SnmpAccess
from inventory.secrets import resolve
from monitors.snmp.client import Agent, Community, Credentials, User
from monitors.snmp.intent import Intent, intents
from monitors.snmp.wire import community_message

PORT = 161
HOST_KIND = "host"
VERSIONS = {SnmpVersion.V1: community_message.V1, SnmpVersion.V2C: community_message.V2C}


@dataclass(frozen=True, slots=True)
class SnmpTarget:
    """A device, or a host that runs an SNMP agent.

    ``device`` is what the inventory says of it, None for a host; ``intent`` is of its ports.
    """

    name: str
    kind: str
    municipality: str
    site: str
    address: str
    access: SnmpAccess
    port: int
    device: Device | None = None
    intent: Intent | None = None


def targets(estate: Estate, port: int = PORT) -> dict[str, SnmpTarget]:
    """Everything in an estate that may be asked over SNMP, by estate-wide name.

    ``port`` is the UDP port of all agents.
    """
    wanted = intents(estate)
    every = [_device(entry, port, wanted.get(entry.name)) for entry in devices(estate)]
    every += [_host(entry, port) for entry in hosts(estate) if _has_agent(entry)]
    return {target.name: target for target in every}


def unlisted_target(address: str, access: SnmpAccess, port: int = PORT) -> SnmpTarget | None:
    """A device that is in no inventory, by its address; None for what is no address."""
    try:
        return SnmpTarget(address, "", "", "", str(ip_address(address)), access, port)
    except ValueError:
        return None


def agent(target: SnmpTarget, state: Path) -> Agent:
    """Where a target answers, with its secrets.

    Raises inventory.secrets.SecretError when a secret is not where its reference points.
    """
    device = target.device
    others = tuple(map(str, device.answers_from)) if device else ()
    return Agent(target.address, target.port, credentials(target.access, state), others)


def credentials(access: SnmpAccess, state: Path) -> Credentials:
    """The secrets behind an access. Raises inventory.secrets.SecretError."""
    if access.version is not SnmpVersion.V3:
        return Community(resolve(access.community or "", state), VERSIONS[access.version])
    return User(
        access.user,
        access.auth_protocol,
        resolve(access.auth, state),
        access.priv_protocol,
        resolve(access.priv, state),
    )


def _device(entry: InventoryDevice, port: int, intent: Intent | None) -> SnmpTarget:
    device = entry.device
    return SnmpTarget(
        entry.name,
        device.kind.value,
        entry.tenant.id,
        device.site,
        str(device.address),
        entry.snmp,
        port,
        device,
        intent,
    )


def _has_agent(entry: InventoryHost) -> bool:
    return Role.SNMP_AGENT in entry.host.roles or entry.host.snmp is not None


def _host(entry: InventoryHost, port: int) -> SnmpTarget:
    tenant, host = entry.tenant, entry.host
    access = host.snmp or tenant.estate.snmp
    return SnmpTarget(entry.name, HOST_KIND, tenant.id, host.site, str(host.address), access, port)
