"""The way in to each host, put together from what the host, its tenant and the estate say."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from inventory.authority import authority
from inventory.entries import InventoryDevice, InventoryHost, Tenant, devices, hosts
from inventory.enums import ConnectionKind
from inventory.model.configuration import Configuration
from inventory.model.ssh import Ssh, Sudo
from inventory.outputs import Outputs
from inventory.scalars import is_address

ROOT = "root"
PORT = 22
AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and how a host is logged in to.

    `name` is what its key is pinned under in known_hosts (OpenSSH's HostKeyAlias), since towns use
    the same addresses. `host_key` is None while nobody has declared it, and may be a fingerprint
    that somebody compared (`SHA256:…`); `key` is None for the keys of ssh-agent; `sudo_password` is
    the reference to the password. `more_addresses` are its others, which it has the same key at.
    """

    name: str
    address: str
    port: int = PORT
    user: str = ROOT
    sudo: Sudo = "none"
    sudo_password: str | None = None
    key: Path | None = None
    host_key: str | None = None
    jump: "Connection | None" = None
    local: bool = False
    more_addresses: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The address and port, as a person writes them."""
        return f"{self.user}@{authority(self.address, self.port)}"


def connection(
    entry: InventoryHost, state: Path, outputs: Outputs | None = None, key: Path | None = None
) -> Connection:
    """Return the way in to a host; where provisioning left outputs, its address and key are theirs.

    A chain of jump hosts is followed; `inventory check` has refused circles and unknown names.
    `key` is a private key that is used instead of what the inventory says, at jump hosts too.
    """
    said = ssh(entry)
    user = said.user or ROOT
    provisioned = outputs.hosts.get(entry.name) if outputs else None
    return Connection(
        name=entry.name,
        address=provisioned.address if provisioned else str(entry.host.address),
        port=said.port or PORT,
        user=user,
        sudo=said.sudo or ("none" if user == ROOT else "passwordless"),
        sudo_password=said.sudo_password if said.sudo == "password" else None,
        key=key or _key(said, state),
        host_key=(provisioned and provisioned.host_key) or entry.host.host_key,
        jump=_jump(said, entry.name, entry.tenant, state, outputs, key),
        local=entry.host.connection is ConnectionKind.LOCAL,
        more_addresses=tuple(map(str, entry.host.more_addresses)),
    )


def device_connection(
    entry: InventoryDevice,
    configuration: Configuration,
    state: Path,
    outputs: Outputs | None = None,
    key: Path | None = None,
) -> Connection:
    """Return the way in to a device whose configuration is read; `key` is for its jump hosts."""
    own = configuration.ssh
    return Connection(
        name=entry.name,
        address=str(entry.device.address),
        port=own.port,
        user=own.user,
        host_key=configuration.host_key,
        jump=_jump(device_ssh(entry), entry.name, entry.tenant, state, outputs, key),
    )


def device_ssh(entry: InventoryDevice) -> Ssh:
    """Return which host a device is logged in to through: its own, its tenant's, the estate's."""
    own = entry.device.configuration and entry.device.configuration.ssh
    said = Ssh(jump=own.jump, jump_host_key=own.jump_host_key) if own else None
    return merged(said, entry.tenant.content.ssh, entry.tenant.estate.ssh)


def ssh(entry: InventoryHost) -> Ssh:
    """Return what is said of the way in, key by key: the host's, its tenant's, the estate's."""
    return merged(entry.host.ssh, entry.tenant.content.ssh, entry.tenant.estate.ssh)


def merged(host: Ssh | None, tenant: Ssh | None, estate: Ssh | None) -> Ssh:
    """Return what is said, key by key: the first of the three that says something counts."""
    values: dict[str, object] = {}
    for said in (estate, tenant, host):
        values |= said.model_dump(exclude_none=True) if said else {}
    return Ssh.model_validate(values)


def _key(said: Ssh, state: Path) -> Path | None:
    if said.key == AGENT:
        return None
    return Path(said.key).expanduser() if said.key else state / "ssh" / "admin"


def _jump(
    said: Ssh, name: str, tenant: Tenant, state: Path, outputs: Outputs | None, key: Path | None
) -> Connection | None:
    if said.jump is None or said.jump == name:
        return None
    if "@" not in said.jump:
        return connection(_by_name(hosts(tenant.estate), said.jump), state, outputs, key)
    user, address, port = split_jump(said.jump)
    return Connection(
        # No host of the inventory has a full stop in its name.
        name=f"{name}.jump",
        address=address,
        port=port,
        user=user,
        key=key or _key(said, state),
        host_key=said.jump_host_key,
    )


def jump_addresses(entry: InventoryHost) -> tuple[str, ...]:
    """Return the addresses that a host's logins come from: those of its jump host, if it has one.

    Of a jump host that is given by name only its own firewall's administrator knows them.
    """
    jump = ssh(entry).jump
    if jump is None or jump == entry.name:
        return ()
    if "@" in jump:
        address = split_jump(jump)[1]
        return (address,) if is_address(address) else ()
    host = _by_name(hosts(entry.tenant.estate), jump).host
    return tuple(str(own) for own in (*host.addresses, host.uplink) if own)


def jumped_to(entry: InventoryHost) -> tuple[str, ...]:
    """Return `address:port` of each host and device whose logins come through this one."""
    return tuple(
        authority(str(address), said.port or PORT)
        for other in hosts(entry.tenant.estate)
        if (said := ssh(other)).jump == entry.name and other.name != entry.name
        for address in other.host.addresses
    ) + tuple(
        authority(str(other.device.address), other.device.configuration.ssh.port)
        for other in devices(entry.tenant.estate)
        if other.device.configuration and device_ssh(other).jump == entry.name
    )


def split_jump(jump: str) -> tuple[str, str, int]:
    """Return the user, address and port of `user@address`, `user@address:port`, `user@[v6]:port`.

    ValueError when the port is no number from 1 to 65535.
    """
    user, _, where = jump.partition("@")
    if where.startswith("["):
        address, _, port = where[1:].partition("]")
        port = port.removeprefix(":")
    elif where.count(":") == 1:
        address, _, port = where.partition(":")
    else:
        address, port = where, ""
    number = int(port or PORT)
    if not 1 <= number <= 65535:
        raise ValueError(f"port {number}")
    return user, address, number


def _by_name(entries: Iterable[InventoryHost], name: str) -> InventoryHost:
    return next(entry for entry in entries if entry.name == name)
