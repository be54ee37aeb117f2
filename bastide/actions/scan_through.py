"""A scan through a jump host: which one, the login there, and its ports one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.connections import Connection, connection, merged
from inventory.entries import InventoryHost, Tenant, hosts
from inventory.model.hosts import Host
from inventory.model.tenants import Site
from inventory.outputs import kept_outputs
from monitors.preflight.attempts import remembered
from monitors.scan.relay import Relay
from monitors.scan.tcp import PortReply
from monitors.ssh.failures import SshError, SshFailure
from monitors.ssh.transport import Way
from monitors.workers import workers

Network = IPv4Network | IPv6Network
TryPorts = Callable[[Mapping[int, str]], Awaitable[tuple[PortReply, ...]]]


def jump_of(
    context: EstateContext, network: Network, tenant: Tenant, site: Site
) -> Connection | None:
    """Return the jump host that a network's hosts are logged in to through, if they all are.

    What the tenant or the estate says counts for hosts that nobody knows yet; else what those of
    the inventory say that are in the network.
    """
    if merged(None, tenant.content.ssh, context.estate.ssh).jump:
        newcomer = Host(id="newcomer", site=site.id, address=network[0])
        known = [InventoryHost(tenant, newcomer)]
    else:
        known = [
            entry
            for entry in hosts(context.estate)
            if entry.tenant.id == tenant.id and any(a in network for a in entry.host.addresses)
        ]
    outputs = kept_outputs(context.estate.estate, context.state)
    ways = [connection(entry, context.state, outputs) for entry in known]
    jumps = [way.jump for way in ways]
    places = {jump.place if jump else "" for jump in jumps}
    if len(places) != 1 or jumps[0] is None:
        return None
    inventory = {entry.name for entry in hosts(context.estate)}
    return jumps[0] if jumps[0].name in inventory else replace(jumps[0], name=jumps[0].place)


@contextmanager
def logged_in(
    context: EstateContext, tenant: Tenant, jump: Connection, at_once: int
) -> Iterator[Relay]:
    """Log in to a jump host and yield what tries ports through it.

    CommandError when it lets nobody in or forwards nothing. A login that was refused before is not
    tried again.
    """
    people = (*context.estate.administrators, *tenant.content.administrators)
    keys = tuple(key for person in people for key in person.keys)
    with remembered(context.state) as attempts, workers(at_once) as pool:

        def log_in() -> Relay | SshFailure:
            try:
                return Relay(jump, Way(agent_keys=keys), pool)
            except SshError as error:
                return error.failure

        def failure_of(result: Relay | SshFailure) -> SshFailure | None:
            return result if isinstance(result, SshFailure) else None

        made = attempts.log_in(jump, log_in, failure_of)
        if isinstance(made, SshFailure):
            raise _failed(made)
        try:
            yield made
        except SshError as error:
            raise _failed(error.failure) from None
        finally:
            made.close()


async def one_after_the_other(
    relay: Relay, ports: Mapping[int, str], try_ports: TryPorts
) -> tuple[PortReply, ...]:
    """Try each port of all addresses; between two the relay may log in anew."""
    replies: list[PortReply] = []
    for port, name in ports.items():
        replies += await try_ports({port: name})
        await asyncio.to_thread(relay.renew)
    return tuple(replies)


def _failed(failure: SshFailure) -> CommandError:
    return CommandError(f"{failure.name}: {failure.problem}", Exit.COULD_NOT_CHECK)
