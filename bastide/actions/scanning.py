"""What answers in a network of the estate, joined with the inventory, and what to do about it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from bastide.actions.scan_suggestions import Suggester, Suggestion
from bastide.actions.scan_through import Network, logged_in, one_after_the_other
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.connections import Connection, ssh
from inventory.entries import InventoryHost, Tenant, devices, hosts, tenants
from inventory.model.estate import Estate
from inventory.model.tenants import Site
from monitors.pace import Pace
from monitors.scan.ports import PORTS, SSH
from monitors.scan.relay import Relay
from monitors.scan.tcp import PortReply, Reply, try_ports
from monitors.snmp.discover.agents import AnsweringAgent, find_agents, probes_of
from monitors.snmp.targets import SnmpTarget, targets, unlisted_target
from monitors.ssh.host_keys import fingerprint

MOST_ADDRESSES = 1024
PROBES_A_SECOND = 100
PROBES_AT_ONCE = 100

Agents = Mapping[str, AnsweringAgent]
OnProbe = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Answering:
    """An address that answers: `name` is the inventory's, empty where it knows none.

    `open` are its ports in order, with SSH's greeting where there was one; `problem` is what does
    not fit the inventory.
    """

    address: str
    name: str
    open: tuple[PortReply, ...]
    agent: AnsweringAgent | None
    problem: str = ""
    suggestion: Suggestion | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """What came of a scan; `refusing` are the addresses that only refused connections.

    `through`: the jump host that the ports were tried through; it tells nothing of refusals.
    """

    network: str
    probes: int
    answering: tuple[Answering, ...]
    refusing: tuple[str, ...]
    no_route: bool
    through: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the estate a network is."""

    tenant: Tenant
    site: Site


def place_of(estate: Estate, wanted: str) -> tuple[Network, Place]:
    """Return a network and whose it is; CommandError when it is none that may be scanned."""
    network = _network(wanted)
    holding = (p for p in _places(estate) if any(_holds(n, network) for n in p.site.networks))
    place = next(holding, None)
    if place is None:
        raise CommandError(
            f"{network} is not in a network of estate {estate.estate}\n    expected: one of "
            f"{_listed(estate)}, or a part of it\n    do: scan one of these, or add the network to "
            "a municipality's `sites:` if it is yours",
            Exit.WRONG_USE,
        )
    if network.num_addresses > MOST_ADDRESSES:
        part = next(network.subnets(new_prefix=network.max_prefixlen - 10))
        raise CommandError(
            f"{network} has {network.num_addresses} addresses\n    expected: at most "
            f"{MOST_ADDRESSES}\n    do: scan a part of it, such as {part}",
            Exit.WRONG_USE,
        )
    return network, place


def scan(
    context: EstateContext,
    network: Network,
    place: Place,
    *,
    jump: Connection | None = None,
    send_community: bool = False,
    on_probe: OnProbe = lambda done, total: None,
) -> Scan:
    """Try every address of a network; nothing is sent to any other.

    `jump`: the host that the ports are tried through; SNMP is not asked then, since it is UDP.
    `on_probe` gets how many probes are done, of how many. SecretError when a community is to be
    sent and is not where its reference points, CommandError when the jump host lets nobody in or
    forwards nothing.
    """
    estate, addresses = context.estate, [str(address) for address in network.hosts()]
    agents = [] if jump else _targets(estate, addresses)
    ports = _ports(estate)
    total = len(addresses) * len(ports)
    total += sum(probes_of(target, send_community=send_community) for target in agents)
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        on_probe(done, total)

    async def all_probes(relay: Relay | None) -> tuple[tuple[PortReply, ...], Agents]:
        pace = Pace(PROBES_A_SECOND, PROBES_AT_ONCE)
        each = partial(try_ports, addresses, pace=pace, pinned=_host_keys(estate), on_probe=count)
        if relay:
            return await one_after_the_other(relay, ports, partial(each, connect=relay.connect)), {}
        return await each(ports), await find_agents(
            agents, context.state, pace, send_community=send_community, on_probe=count
        )

    if jump:
        with logged_in(context, place.tenant, jump, PROBES_AT_ONCE) as relay:
            replies, answered = asyncio.run(all_probes(relay))
    else:
        replies, answered = asyncio.run(all_probes(None))
    scanned = _joined(estate, network, place, replies, answered)
    return replace(scanned, through=jump.place) if jump else scanned


def _network(wanted: str) -> Network:
    try:
        return ip_network(wanted)
    except ValueError as error:
        mistake = str(error)
    try:
        do = f"say {ip_network(wanted, strict=False)} if that is meant"
    except ValueError:
        do = "correct it"
    raise CommandError(
        f"{wanted}: {mistake}\n    expected: a network such as 10.10.1.0/24, or one address"
        f"\n    do: {do}",
        Exit.WRONG_USE,
    )


def _places(estate: Estate) -> list[Place]:
    return [Place(tenant, site) for tenant in tenants(estate) for site in tenant.content.sites]


def _holds(outer: Network, inner: Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


def _listed(estate: Estate) -> str:
    return ", ".join(
        f"{network} ({place.tenant.id} {place.site.id})"
        for place in _places(estate)
        for network in place.site.networks
    )


def _ports(estate: Estate) -> Mapping[int, str]:
    """Return the ports that are tried: the table's, and where the inventory has SSH elsewhere."""
    said = [ssh(entry) for entry in hosts(estate)]
    said += [own for own in (estate.ssh, *(t.content.ssh for t in tenants(estate))) if own]
    return {**PORTS, **{own.port: SSH for own in said if own.port}}


def _targets(estate: Estate, addresses: Sequence[str]) -> list[SnmpTarget]:
    """Return what is asked over SNMP, with the inventory's own access where it knows it."""
    registered = {target.address: target for target in targets(estate).values()}
    each = (registered.get(a) or unlisted_target(a, estate.snmp) for a in addresses)
    return [target for target in each if target]


def _by_address(estate: Estate) -> dict[str, InventoryHost]:
    return {
        str(address): entry
        for entry in hosts(estate)
        for address in (*entry.host.addresses, entry.host.uplink)
        if address
    }


def _host_keys(estate: Estate) -> dict[str, str]:
    known = _by_address(estate)
    return {a: entry.host.host_key for a, entry in known.items() if entry.host.host_key}


def _names(estate: Estate) -> dict[str, str]:
    names = {str(entry.device.address): entry.name for entry in devices(estate)}
    return names | {address: entry.name for address, entry in _by_address(estate).items()}


def _joined(
    estate: Estate,
    network: Network,
    place: Place,
    replies: Sequence[PortReply],
    agents: Agents,
) -> Scan:
    opened: dict[str, list[PortReply]] = defaultdict(list)
    for reply in replies:
        if reply.reply is Reply.OPEN:
            opened[reply.address].append(reply)
    refusing = {r.address for r in replies if r.reply is Reply.REFUSED} - opened.keys()
    names, host_keys = _names(estate), _host_keys(estate)
    suggester = Suggester(estate, place.tenant, place.site.id)
    answering = []
    for address in sorted({*opened, *agents}, key=ip_address):
        ports = tuple(sorted(opened[address], key=lambda reply: reply.port))
        found = Answering(address, names.get(address, ""), ports, agents.get(address))
        answering.append(_judged(estate, found, host_keys.get(address), suggester))
    return Scan(
        network=str(network),
        probes=len(replies),
        answering=tuple(answering),
        refusing=tuple(sorted(refusing - agents.keys(), key=ip_address)),
        no_route=all(reply.reply is Reply.NO_ROUTE for reply in replies),
    )


def _judged(
    estate: Estate, found: Answering, declared: str | None, suggester: Suggester
) -> Answering:
    """Return what answers with what does not fit the inventory, and what to do where it is new."""
    shown = {reply.ssh.host_key for reply in found.open if reply.ssh and reply.ssh.host_key}
    problem, suggestion = "", None
    if declared and shown and declared not in shown:
        problem = f"shows another host key than the inventory's, {fingerprint(declared)}"
    if not found.name:
        twin = next((e.name for e in hosts(estate) if e.host.host_key in shown), "")
        problem = f"has the host key of {twin}" if twin else ""
        suggestion = None if twin else suggester.suggest(found.address, found.open, found.agent)
    return Answering(found.address, found.name, found.open, found.agent, problem, suggestion)
