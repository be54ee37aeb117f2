"""Hosts and devices that are there already."""

from pulumi import ResourceOptions

from infra import ssh_keyscan
from infra.components.context import (
    BuildContext,
    Placement,
    StackOutput,
    device_output,
    host_output,
)
from infra.components.resources import declare
from infra.errors import failed
from infra.existing.host import ExistingSpec
from inventory.connections import connection
from inventory.entries import InventoryDevice, InventoryHost
from inventory.enums import Level
from inventory.levels import at_least, is_managed


def existing_host(entry: InventoryHost, placement: Placement, context: BuildContext) -> StackOutput:
    """Declare a host that is there already; InfraError when its host key is needed and not there.

    It is asked for its key only where it is logged in to, and can be reached from here directly.
    """
    way = connection(entry, context.state)
    logged_in = at_least(entry, Level.AUDIT) and not way.local
    key = way.host_key or (_own_key(entry) if way.local and is_managed(entry) else None)
    if key is None and logged_in:
        raise failed(
            f"host {entry.name}",
            expected="host_key: the SSH host key that it has",
            found="none",
            advice="read it at the host's console from /etc/ssh/ssh_host_ed25519_key.pub",
        )
    verify = context.verify and logged_in and way.jump is None
    spec = ExistingSpec(entry.name, entry.host.address, key, way.port, verify)
    opts = ResourceOptions(parent=placement.parent)
    declare("bastide:existing:Machine", entry.name, entry.tenant.estate.estate, spec, opts)
    return host_output(str(entry.host.address), key, entry.provider)


def _own_key(entry: InventoryHost) -> str:
    """Return the host key of this machine: audits, backups and drills log in to it as to others."""
    try:
        return ssh_keyscan.own_host_key()
    except ssh_keyscan.NoAnswerError as error:
        raise failed(
            f"host {entry.name}, which is this machine",
            expected="the SSH host key that it has",
            found=str(error),
            advice="apt-get install openssh-server",
        ) from None


def existing_device(
    entry: InventoryDevice, _placement: Placement, _context: BuildContext
) -> StackOutput:
    """Return what the stack exports of an existing device: there is nothing to declare."""
    return device_output(entry)
