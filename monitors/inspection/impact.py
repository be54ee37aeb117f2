"""Whom and what the next level of management would cut off, from what was read of a host.

It speaks of what the baseline's roles do today: SSH takes keys of the inventory's logins only
(roles/ssh), the firewall takes the declared ports from the declared networks and forwards nothing
on a host that is no edge (roles/firewall, roles/hardening) unless it is declared with `forwards`,
and the kernel heeds no router's advertisements (roles/hardening).
"""

from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from inventory.connections import ROOT, ssh
from inventory.entries import InventoryHost
from inventory.enums import Level, Role
from inventory.frozen import Frozen
from inventory.levels import is_full
from inventory.logins import logins as inventory_logins
from inventory.open_ports import MORE_PROTOCOLS, OpenPort, open_ports
from inventory.preview import host_at_level
from inventory.settings import settings
from monitors.inspection.forwarding import networks_behind, routed_families, vpn_networks
from monitors.inspection.model import Inspection, Listener
from monitors.inspection.privileges import describe_login, logins, ways_to_root
from monitors.inspection.published import published_ports
from monitors.inspection.values import HostText

LOGIN = "login: "
DHCP_CLIENT = 68


class Cut(Frozen):
    """One thing that would be cut off, why, and what a person does beforehand to keep it.

    `key` is what `accepts:` names it by: the same at every reading.
    """

    key: HostText
    what: HostText
    why: HostText
    keep: HostText


class Impact(Frozen):
    """What a level would cut off at a host; `unknown` is what nothing can be said of."""

    host: str
    level: Level
    logins: tuple[Cut, ...] = ()
    ports: tuple[Cut, ...] = ()
    protocols: tuple[Cut, ...] = ()
    forwarding: tuple[Cut, ...] = ()
    routes: tuple[Cut, ...] = ()
    sessions: tuple[HostText, ...] = ()
    unknown: tuple[HostText, ...] = ()

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """All that would be cut off: logins first."""
        return (*self.logins, *self.ports, *self.protocols, *self.forwarding, *self.routes)


def impact(entry: InventoryHost, inspection: Inspection, level: Level) -> Impact:
    """Return what raising a host to a level would cut off; watch and audit change nothing."""
    unread = tuple(f"{subject}: not read, {reason}" for subject, reason in inspection.unread)
    if level in (Level.WATCH, Level.AUDIT):
        return Impact(host=entry.name, level=level, unknown=unread)
    raised = host_at_level(entry, level)
    return Impact(
        host=entry.name,
        level=level,
        logins=tuple(_logins(raised, inspection)),
        ports=(*_ports(raised, inspection), *_on_demand(raised, inspection)),
        protocols=tuple(_protocols(raised, inspection)),
        forwarding=tuple(_forwarding(raised, inspection)),
        routes=tuple(_routes(raised, inspection)),
        sessions=inspection.sessions,
        unknown=(
            *unread,
            *_elsewhere(inspection),
            *_questions(raised, inspection),
            *_tunnels(raised, inspection),
        ),
    )


def _let_in(entry: InventoryHost) -> frozenset[str]:
    """Return the accounts that SSH takes at the level, as the role ssh has it."""
    said, own = settings(entry), ssh(entry).user or ROOT
    more = said.get("ssh_more_accounts")
    permits = said.get("ssh_permit_root_login", "prohibit-password" if own == ROOT else "no")
    accounts = {own, *(login.account for login in inventory_logins(entry))}
    accounts |= {str(account) for account in more} if isinstance(more, list | tuple) else set()
    return frozenset(accounts if permits == "prohibit-password" else accounts - {ROOT})


def administrators_left(
    entry: InventoryHost, inspection: Inspection, not_of_people: Collection[str]
) -> tuple[str, ...]:
    """Return who would still log in with a key of their own and become root.

    `not_of_people` are fingerprints of keys that are no person's.
    """
    allowed = _let_in(entry)
    return tuple(
        account.name
        for account in logins(inspection)
        if account.name in allowed
        and ways_to_root(inspection, account)
        and any(key.fingerprint not in not_of_people for key in account.keys)
    )


def administrators_cut(impact: Impact, inspection: Inspection) -> tuple[str, ...]:
    """Return whom of those who log in and become root today a level would cut off."""
    cut = {login.key for login in impact.logins}
    return tuple(
        account.name
        for account in logins(inspection)
        if f"{LOGIN}{account.name}" in cut and ways_to_root(inspection, account)
    )


def _logins(entry: InventoryHost, inspection: Inspection) -> Iterator[Cut]:
    allowed = _let_in(entry)
    for account in logins(inspection):
        key, said = f"{LOGIN}{account.name}", describe_login(inspection, account)
        if account.name == ROOT and ROOT not in allowed:
            yield Cut(
                key=key,
                what=said,
                why="root itself logs in only where the inventory logs in as root (SSH-07)",
                keep="write ssh_permit_root_login: prohibit-password in `settings:`",
            )
        elif account.name not in allowed:
            yield Cut(
                key=key,
                what=said,
                why="only logins of the inventory may use SSH (AllowUsers)",
                keep=f"declare {account.name} in `administrators:` with its keys",
            )
        elif not (inspection.ssh.key_sources or any(k.is_in_usual_file for k in account.keys)):
            yield Cut(
                key=key,
                what=said,
                why="SSH takes keys only, and this account has none"
                + (" in ~/.ssh/authorized_keys" if account.keys else ""),
                keep=f"give {account.name} a key in ~/.ssh/authorized_keys before",
            )


def _ports(entry: InventoryHost, inspection: Inspection) -> Iterator[Cut]:
    declared = _declared(entry)
    peers = {(p.protocol, p.port): p.addresses for p in inspection.peers}
    handed_on = published_ports(inspection)
    first: dict[tuple[str, int], Listener] = {}
    for listener in inspection.listeners:
        of_port = (listener.protocol, listener.port)
        kept = entry.host.forwards and any(p.has(*of_port) for p in handed_on)
        if not (listener.is_local or kept or _asks(listener)):
            first.setdefault(of_port, listener)
    # Ports that somebody uses at this moment come first.
    for key in sorted(first, key=lambda key: (key not in peers, key[1])):
        cut = _port(first[key], declared.get(key), peers.get(key, ()))
        if cut:
            yield cut


def _on_demand(entry: InventoryHost, inspection: Inspection) -> Iterator[Cut]:
    """Yield the ports that no reading sees listening, unless each of them is declared."""
    declared = _declared(entry)
    for ports in inspection.on_demand:
        numbers = range(ports.first, ports.last + 1)
        if not all((ports.protocol, port) in declared for port in numbers):
            named = f"{ports.protocol}/{ports.first}-{ports.last}"
            yield Cut(
                key=f"port: {named}",
                what=f"{named}, which {ports.process} opens while somebody uses them",
                why="the inventory does not declare them: closed to all others",
                keep=f"give {ports.process} few of them, and declare each in `listens:`",
            )


def _declared(entry: InventoryHost) -> dict[tuple[str, int], OpenPort]:
    return {(port.protocol.value, port.port): port for port in open_ports(entry)}


def _asks(listener: Listener) -> bool:
    """Whether a socket belongs to a program that asks others: the answers get through.

    What the kernel itself serves (WireGuard, where wg(8) is missing) has no program.
    """
    lasting = listener.is_lasting or listener.tunnel or not listener.process
    return listener.protocol == "udp" and (listener.port == DHCP_CLIENT or not lasting)


def _port(listener: Listener, declared: OpenPort | None, peers: tuple[str, ...]) -> Cut | None:
    key = f"port: {listener.protocol}/{_lasting_name(listener)}"
    what = f"{listener.protocol} port {listener.port}, {listener.process or 'not named'}"
    now = f"; connected now: {', '.join(peers)}" if peers else ""
    if declared is None:
        return Cut(
            key=key,
            what=f"{what}{now}",
            why="the inventory does not declare it: closed to all others",
            keep=f"declare it in `listens:` with the access that fits, port: {listener.port}",
        )
    outside = [peer for peer in peers if not _is_in(peer, declared.sources)]
    if outside:
        return Cut(
            key=f"port: {listener.protocol}/{listener.port} from elsewhere",
            what=f"{what}; connected now: {', '.join(outside)}",
            why=f"declared for {', '.join(declared.sources)} only",
            keep="give it a wider `access:`, or declare the network that they come from",
        )
    return None


def _lasting_name(listener: Listener) -> str:
    """Return a port's number; the program where the number is another after each start."""
    return str(listener.port) if listener.is_lasting else listener.process or "not-named"


def _protocols(entry: InventoryHost, inspection: Inspection) -> Iterator[Cut]:
    said = settings(entry).get(MORE_PROTOCOLS)
    kept = set(said) if isinstance(said, list | tuple) else set()
    for protocol in inspection.protocols:
        if protocol.number not in kept:
            yield Cut(
                key=f"protocol: {protocol.number}",
                what=f"IP protocol {protocol.number}, {protocol.of}",
                why="the firewall lets in declared ports, and this has none",
                keep=f"add {protocol.number} to {MORE_PROTOCOLS} in `settings:`",
            )


def _is_in(peer: str, sources: tuple[str, ...]) -> bool:
    """Whether an address is in one of the networks; no networks are all."""
    try:
        address: IPv4Address | IPv6Address = ip_address(peer)
    except ValueError:
        return False
    return not sources or any(address in ip_network(source) for source in sources)


def _forwarding(entry: InventoryHost, inspection: Inspection) -> Iterator[Cut]:
    # The role of an edge is configured at full only.
    if entry.host.forwards or (Role.EDGE in entry.host.roles and is_full(entry)):
        return
    for behind in networks_behind(inspection):
        yield _forwarded(behind.network, f"network {behind.network} ({behind.reason})")
    for port in published_ports(inspection):
        yield _forwarded(port.name, f"{port.said}, handed on to {port.to} ({port.where})")
    for family in routed_families(inspection):
        yield _forwarded(family.lower(), f"{family} between its interfaces, not known for whom")


def _forwarded(key: str, what: str) -> Cut:
    return Cut(
        key=f"forwarding: {key}",
        what=what,
        why="a host that is no edge forwards nothing: by the firewall, and by the kernel",
        keep="write `forwards: true` at the host",
    )


def _routes(entry: InventoryHost, inspection: Inspection) -> Iterator[Cut]:
    if settings(entry).get("hardening_router_advertisements"):
        return
    for interface in inspection.interfaces:
        if interface.advertised:
            yield Cut(
                key=f"route: {interface.name} ipv6",
                what=f"{interface.name}: {', '.join(interface.advertised)} and its IPv6 routes",
                why="no interface takes addresses and routes from routers (NET-06): they end when "
                "they expire, half an hour later or more",
                keep="give the host a fixed address and route, or write "
                "hardening_router_advertisements: true in `settings:`",
            )


def _elsewhere(inspection: Inspection) -> Iterator[str]:
    others = [s for s in inspection.account_sources if s not in ("files", "systemd", "compat")]
    if others:
        yield f"accounts of {', '.join(others)} (nsswitch.conf): they are not on the host"
    # sudoers(5): netgroups, groups of a plugin, groups by number.
    for rule in inspection.sudo:
        if rule.is_root and rule.who.startswith(("+", "%:", "%#")):
            yield f"who is in {rule.who}, which {rule.file} lets become root"


def _tunnels(entry: InventoryHost, inspection: Inspection) -> Iterator[str]:
    """Say which networks come to the host through a VPN, and what nobody can know of its peers."""
    for tunnel in inspection.tunnels:
        if tunnel.port is None:
            yield f"the peers of WireGuard {tunnel.interface}: wg(8) is not installed there"
    ports = [port for port in open_ports(entry) if port.sources]
    for behind in vpn_networks(inspection):
        address = behind.network.partition("/")[0]
        closed = [f"{p.protocol.value} {p.port}" for p in ports if not _is_in(address, p.sources)]
        if closed:
            yield (
                f"who comes from {behind.network} ({behind.reason}) to {', '.join(closed)} of this "
                "host: not let in, unless `management:` or a site has that network"
            )


def _questions(entry: InventoryHost, inspection: Inspection) -> Iterator[str]:
    """Say which sockets are taken for a program's own questions."""
    declared = _declared(entry)
    for listener in inspection.listeners:
        of_port = (listener.protocol, listener.port)
        if _asks(listener) and not listener.is_local and of_port not in declared:
            yield (
                f"udp port {listener.port}, {listener.process or 'not named'}: taken for a "
                "program that asks others; declare it in `listens:` if others ask it"
            )
