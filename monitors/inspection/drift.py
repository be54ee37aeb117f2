"""How a host differs from the look that was accepted, and from what the inventory declares."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from enum import StrEnum

from inventory.connections import ssh
from inventory.entries import InventoryHost, devices, hosts
from inventory.frozen import Frozen
from inventory.open_ports import NODE_EXPORTER, SSH, open_ports
from monitors.inspection.model import Account, Chain, Inspection, Job, Listener, System
from monitors.inspection.privileges import describe_login, logins, ways_to_root
from monitors.inspection.readers.firewall import DYNAMIC
from monitors.inspection.values import HostText

# What engines and fail2ban name in the rules of others.
OF_ENGINES = re.compile(
    r"\b(br-[0-9a-f]{12}|docker\d|veth|podman\d|cni-|f2b-|DOCKER|NETAVARK|CNI-)"
)


class Kind(StrEnum):
    """What differs; the label of the metric."""

    LISTENER = "listener"
    LOGIN = "login"
    ROOT = "root"
    JOB = "job"
    FIREWALL = "firewall"
    FORWARDING = "forwarding"
    ADDRESS = "address"
    SHARE = "share"
    VPN = "vpn"


SUBJECTS: dict[Kind, frozenset[str]] = {
    Kind.LISTENER: frozenset({"sockets", "raw"}),
    Kind.LOGIN: frozenset({"passwd", "shadow", "authorized_keys"}),
    Kind.ROOT: frozenset({"passwd", "group", "sudoers"}),
    Kind.JOB: frozenset({"timers", "cron"}),
    Kind.FIREWALL: frozenset({"nft", "iptables", "ufw", "firewalld"}),
    Kind.FORWARDING: frozenset({"kernel"}),
    Kind.ADDRESS: frozenset({"addresses"}),
    Kind.SHARE: frozenset({"samba", "exports"}),
    Kind.VPN: frozenset({"wireguard"}),
}
"""What each kind was read from; it is not compared where one of these was not read."""


class Difference(Frozen):
    """One difference in words; `since` is what it is held against: the last look, the inventory."""

    kind: Kind
    since: HostText
    text: HostText


LAST, INVENTORY = "last look", "inventory"


def not_compared(inspection: Inspection) -> tuple[Kind, ...]:
    """Return the kinds that a look cannot judge, since something of them was not read."""
    unread = {subject for subject, _ in inspection.unread}
    return tuple(kind for kind in Kind if SUBJECTS[kind] & unread)


def compared(inspection: Inspection) -> Inspection:
    """Return what later looks are held against, without all else that was read."""
    system = inspection.system
    return Inspection(
        system=System(forwards_ipv4=system.forwards_ipv4, forwards_ipv6=system.forwards_ipv6),
        interfaces=inspection.interfaces,
        listeners=inspection.listeners,
        protocols=inspection.protocols,
        tunnels=inspection.tunnels,
        accounts=inspection.accounts,
        sudo=inspection.sudo,
        firewall=inspection.firewall,
        shares=inspection.shares,
        jobs=inspection.jobs,
        unread=inspection.unread,
    )


def since_last_look(before: Inspection, now: Inspection) -> tuple[Difference, ...]:
    """Return what appeared, went or changed between two looks."""
    unknown = {*not_compared(before), *not_compared(now)}
    found: list[Difference] = []
    for kind, facts in FACTS.items():
        if kind not in unknown:
            found += _changes(kind, dict(facts(before)), dict(facts(now)))
    return tuple(found)


def _changes(
    kind: Kind, before: dict[Hashable, str], now: dict[Hashable, str]
) -> Iterator[Difference]:
    for key in now.keys() - before.keys():
        yield Difference(kind=kind, since=LAST, text=f"new: {now[key]}")
    for key in before.keys() - now.keys():
        yield Difference(kind=kind, since=LAST, text=f"gone: {before[key]}")
    for key in now.keys() & before.keys():
        if now[key] != before[key]:
            yield Difference(kind=kind, since=LAST, text=f"changed: {before[key]} -> {now[key]}")


Facts = Iterable[tuple[Hashable, str]]


def _listeners(inspection: Inspection) -> Facts:
    for listener in inspection.listeners:
        port = listener.port if listener.is_lasting else "a changing port"
        key = (listener.protocol, listener.address, port, listener.process, listener.container)
        yield key, f"{listener.protocol} {listener.address} port {port}, {_program(listener)}"
    for protocol in inspection.protocols:
        yield protocol.number, f"IP protocol {protocol.number}, {protocol.of}"


def _program(listener: Listener) -> str:
    of = f" in container {listener.container}" if listener.container else ""
    unit = f" ({listener.unit})" if listener.unit else ""
    return f"{listener.process or 'a program that is not named'}{unit}{of}"


def _logins(inspection: Inspection) -> Facts:
    for account in inspection.accounts:
        if account.may_log_in:
            yield account.name, _login(account)


def _login(account: Account) -> str:
    keys = ", ".join(f"{k.fingerprint} {k.options}".strip() for k in account.keys)
    return (
        f"login {account.name}, password {account.password or 'not read'}, keys: {keys or 'none'}"
    )


def _roots(inspection: Inspection) -> Facts:
    for account in inspection.accounts:
        for way in ways_to_root(inspection, account):
            yield (account.name, way), f"{account.name} becomes root: {way}"
    for rule in inspection.sudo:
        if not rule.is_root:
            key = (rule.who, rule.commands, rule.run_as, rule.asks_password)
            yield key, f"sudo: {rule.who} may run {rule.commands} as {rule.run_as} ({rule.file})"


def _jobs(inspection: Inspection) -> Facts:
    for job in inspection.jobs:
        key = (job.source, job.name, job.user, job.command, job.when)
        yield key, _job(job)


def _job(job: Job) -> str:
    what = " ".join(word for word in (job.name, job.command) if word)
    user = f" as {job.user}" if job.user else ""
    return f"{job.source}: {what}{user} at {job.when}"


def _firewall(inspection: Inspection) -> Facts:
    for chain in inspection.firewall.chains:
        if chain.owner in DYNAMIC:
            continue
        if chain.hook:
            yield _key(chain, "policy"), f"{_name(chain)}: policy {chain.policy}"
        for rule in chain.rules:
            if not OF_ENGINES.search(rule):
                yield _key(chain, rule), f"{_name(chain)}: {rule}"
    for manager in inspection.firewall.managers:
        if manager not in DYNAMIC:
            yield manager, f"{manager} is on"


def _key(chain: Chain, what: str) -> tuple[str, str, str]:
    return chain.table, chain.name, what


def _name(chain: Chain) -> str:
    return f"{chain.table} {chain.name}"


def _forwarding(inspection: Inspection) -> Facts:
    yield "ipv4", f"IPv4 forwarding is {'on' if inspection.system.forwards_ipv4 else 'off'}"
    yield "ipv6", f"IPv6 forwarding is {'on' if inspection.system.forwards_ipv6 else 'off'}"


def _addresses(inspection: Inspection) -> Facts:
    for interface in inspection.interfaces:
        if interface.name.startswith(("veth", "br-", "docker", "podman", "cni")):
            continue
        for address in interface.addresses:
            if not address.startswith("fe80:"):
                yield (interface.name, address), f"address {address} on {interface.name or 'it'}"


def _shares(inspection: Inspection) -> Facts:
    for share in inspection.shares:
        who = f"for {share.users or 'everybody with an account'}"
        how = "to write" if share.writable else "to read"
        yield (share.kind, share.name), f"{share.kind} share {share.name}: {share.path} {who} {how}"


def _tunnels(inspection: Inspection) -> Facts:
    for tunnel in inspection.tunnels:
        for peer in tunnel.peers:
            whom = f"{peer.key} with {', '.join(peer.networks) or 'no network'}"
            yield (tunnel.interface, peer.key), f"WireGuard {tunnel.interface} lets in {whom}"


FACTS: dict[Kind, Callable[[Inspection], Facts]] = {
    Kind.LISTENER: _listeners,
    Kind.LOGIN: _logins,
    Kind.ROOT: _roots,
    Kind.JOB: _jobs,
    Kind.FIREWALL: _firewall,
    Kind.FORWARDING: _forwarding,
    Kind.ADDRESS: _addresses,
    Kind.SHARE: _shares,
    Kind.VPN: _tunnels,
}


def against_inventory(entry: InventoryHost, now: Inspection) -> tuple[Difference, ...]:
    """Return what the inventory does not declare, and what it declares and is not there."""
    unknown = not_compared(now)
    parts = (
        (Kind.LISTENER, _ports),
        (Kind.ROOT, _administrators),
        (Kind.ADDRESS, _identity),
    )
    return tuple(
        Difference(kind=kind, since=INVENTORY, text=text)
        for kind, compare in parts
        if kind not in unknown
        for text in compare(entry, now)
    )


def _ports(entry: InventoryHost, now: Inspection) -> Iterator[str]:
    declared = {(port.protocol.value, port.port): port.name for port in open_ports(entry)}
    listening = {(s.protocol, s.port): s for s in now.listeners if not s.is_local}
    for (protocol, port), listener in listening.items():
        if (protocol, port) not in declared and listener.is_lasting:
            yield f"not declared: {protocol} port {port}, {_program(listener)}"
    # Every host has the first two by itself; the port it was logged in at may lead there by NAT.
    of_every_host = {("tcp", SSH.port), ("tcp", NODE_EXPORTER.port), ("tcp", ssh(entry).port)}
    for key, name in declared.items():
        if key not in listening and key not in of_every_host:
            yield f"declared, and nothing listens: {key[0]} port {key[1]}, {name}"


def _administrators(entry: InventoryHost, now: Inspection) -> Iterator[str]:
    """Compare who becomes root with `administrators:`; where none are declared, nothing is said."""
    declared = (*entry.tenant.estate.administrators, *entry.tenant.content.administrators)
    if not declared:
        return
    known = {"root", ssh(entry).user, *(person.login for person in declared)}
    for account in logins(now):
        if account.name not in known and ways_to_root(now, account):
            yield f"no administrator of the inventory: {describe_login(now, account)}"


def _identity(entry: InventoryHost, now: Inspection) -> Iterator[str]:
    """Say when the machine holds the address of another host: it stands in the inventory twice."""
    own = {a.partition("/")[0] for i in now.interfaces for a in i.addresses}
    for other in hosts(entry.tenant.estate):
        held = [address for address in map(str, other.host.addresses) if address in own]
        if other.name != entry.name and held:
            yield f"it holds {held[0]}, which is {other.name} in the inventory: one machine, twice"
    for device in devices(entry.tenant.estate):
        if str(device.device.address) in own:
            yield f"it holds {device.device.address}, which is the device {device.name}"
