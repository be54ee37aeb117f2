"""What each role of a host means: the Ansible roles that do its work, and the ports it serves."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from inventory.enums import Access, Protocol, Role
from inventory.model.hosts import Listen

TCP, UDP = Protocol.TCP, Protocol.UDP


@dataclass(frozen=True, slots=True)
class HostRole:
    """A role's Ansible roles and ports; its Ansible group has the role's own name.

    The packages are those that the Ansible roles name in their defaults.
    """

    configured_by: str
    hardened_by: str | None = None
    listens: tuple[Listen, ...] = ()


# Administrators poll too, with `bastide snmp`; who does not know the keys gets no answer anyway.
SNMP = Listen(port=161, protocol=UDP, access=Access.MANAGEMENT, name="snmp")

ROLES: Mapping[Role, HostRole] = MappingProxyType(
    {
        Role.EDGE: HostRole("edge"),
        Role.RESOLVER: HostRole(
            "resolver",
            listens=(
                Listen(port=53, protocol=UDP, access=Access.SITE, name="dns"),
                Listen(port=53, protocol=TCP, access=Access.SITE, name="dns"),
                # The operations host asks whether it answers.
                Listen(port=53, protocol=UDP, access=Access.CENTRAL, name="dns"),
            ),
        ),
        Role.WEB: HostRole(
            "web",
            listens=(
                Listen(port=80, access=Access.ANYWHERE, name="http"),
                Listen(port=443, access=Access.ANYWHERE, name="https"),
            ),
        ),
        # To whom it answers beyond the host itself is said by `listens:`.
        Role.DATABASE: HostRole("database"),
        Role.FILE_SERVER: HostRole(
            "file_server", listens=(Listen(port=445, access=Access.SITE, name="smb"),)
        ),
        Role.SNMP_AGENT: HostRole("snmp_agent", listens=(SNMP,)),
        Role.OPERATIONS: HostRole(
            "monitoring",
            hardened_by="log_receiver",
            listens=(
                Listen(port=123, protocol=UDP, access=Access.ESTATE, name="ntp"),
                Listen(port=9090, access=Access.MANAGEMENT, name="prometheus"),
                Listen(port=9093, access=Access.MANAGEMENT, name="alertmanager"),
                # Devices and hosts everywhere; who is not in the inventory, or lacks the keys, is
                # dropped.
                Listen(port=162, protocol=UDP, access=Access.ESTATE, name="snmp_traps"),
                # Every host's journal; whoever has no certificate of the estate is refused.
                Listen(port=19532, access=Access.ESTATE, name="journal"),
            ),
        ),
        Role.VAULT: HostRole(
            "backup_target",
            listens=(Listen(port=22, access=Access.ESTATE, name="backup_ssh"),),
        ),
        Role.SCRATCH: HostRole("scratch"),
    }
)
"""One row a role."""
