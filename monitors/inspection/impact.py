"""Whom and what the next level of management would cut off, from what was read of a host.

It speaks of what the baseline's roles do today: SSH takes keys of the inventory's logins only
(roles/ssh), the firewall takes the declared ports from the declared networks and forwards nothing
on a host that is no edge (roles/firewall).
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from inventory.entries import InventoryHost
from inventory.enums import Level, Role
from inventory.frozen import Frozen
from inventory.logins import logins as inventory_logins
from inventory.open_ports import OpenPort, open_ports
from monitors.inspection.forwarding import networks_behind, published_ports
from monitors.inspection.model import Inspection, Listener
from monitors.inspection.privileges import describe_login, logins
from monitors.inspection.values import HostText


class Cut(Frozen):
    """One thing that would be cut off, why, and what a person does beforehand to keep it."""

    what: HostText
    why: HostText
    keep: HostText


class Impact(Frozen):
    """What a level would cut off at a host; `unknown` is what nothing can be said of."""

    host: str
    level: Level
    logins: tuple[Cut, ...] = ()
    ports: tuple[Cut, ...] = ()
    forwarding: tuple[Cut, ...] = ()
    sessions: tuple[HostText, ...] = ()
    unknown: tuple[HostText, ...] = ()

    @property
    def cuts(self) -> bool:
        """Whether anything would be cut off."""
        return bool(self.logins or self.ports or self.forwarding)


def impact(entry: InventoryHost, inspection: Inspection, level: Level) -> Impact:
    """Return what raising a host to a level would cut off; watch and audit change nothing."""
    unread = tuple(f"{subject}: not read, {reason}" for subject, reason in inspection.unread)
    if level in (Level.WATCH, Level.AUDIT):
        return Impact(host=entry.name, level=level, unknown=unread)
    return Impact(
        host=entry.name,
        level=level,
        logins=tuple(_logins(entry, inspection)),
        ports=tuple(_ports(entry, inspection)),
        forwarding=tuple(_forwarding(entry, inspection)),
        sessions=inspection.sessions,
        unknown=(*unread, *_elsewhere(inspection)),
    )


def _logins(entry: InventoryHost, inspection: Inspection) -> Iterator[Cut]:
    allowed = {login.account for login in inventory_logins(entry)}
    for account in logins(inspection):
        said = describe_login(inspection, account)
        if account.name not in allowed:
            yield Cut(
                what=said,
                why="only logins of the inventory may use SSH (AllowUsers)",
                keep=f"declare {account.name} in `administrators:` with its keys",
            )
        elif not account.keys:
            yield Cut(
                what=said,
                why="SSH takes keys only, and this account has none",
                keep=f"give {account.name} a key before",
            )


def _ports(entry: InventoryHost, inspection: Inspection) -> Iterator[Cut]:
    declared = {(p.protocol.value, p.port): p for p in open_ports(entry)}
    peers = {p.port: p.addresses for p in inspection.peers}
    first: dict[tuple[str, int], Listener] = {}
    for listener in inspection.listeners:
        if not listener.is_local:
            first.setdefault((listener.protocol, listener.port), listener)
    # Ports that somebody uses at this moment come first.
    for key in sorted(first, key=lambda key: (key[1] not in peers, key[1])):
        of_port = peers.get(key[1], ()) if key[0] == "tcp" else ()
        cut = _port(first[key], declared.get(key), of_port)
        if cut:
            yield cut


def _port(listener: Listener, declared: OpenPort | None, peers: tuple[str, ...]) -> Cut | None:
    what = f"{listener.protocol} port {listener.port}, {listener.process or 'not named'}"
    now = f"; connected now: {', '.join(peers)}" if peers else ""
    if declared is None:
        return Cut(
            what=f"{what}{now}",
            why="the inventory does not declare it: closed to all others",
            keep=f"declare it in `listens:` with the access that fits, port: {listener.port}",
        )
    outside = [peer for peer in peers if not _is_in(peer, declared.sources)]
    if outside:
        return Cut(
            what=f"{what}; connected now: {', '.join(outside)}",
            why=f"declared for {', '.join(declared.sources)} only",
            keep="give it a wider `access:`, or declare the network that they come from",
        )
    return None


def _is_in(peer: str, sources: tuple[str, ...]) -> bool:
    """Whether an address is in one of the networks; no networks are all."""
    try:
        address: IPv4Address | IPv6Address = ip_address(peer)
    except ValueError:
        return False
    return not sources or any(address in ip_network(source) for source in sources)


def _forwarding(entry: InventoryHost, inspection: Inspection) -> Iterator[Cut]:
    if Role.EDGE in entry.host.roles:
        return
    why = "the firewall forwards nothing on a host that is no edge"
    for behind in networks_behind(inspection):
        yield Cut(
            what=f"network {behind.network} ({behind.reason})",
            why=why,
            keep="leave the host at audit until its forwarding can be declared",
        )
    for port in published_ports(inspection):
        yield Cut(
            what=f"{port.protocol} port {port.port}, handed on to {port.to} ({port.where})",
            why=why,
            keep="leave the host at audit until its forwarding can be declared",
        )


def _elsewhere(inspection: Inspection) -> Iterator[str]:
    others = [s for s in inspection.account_sources if s not in ("files", "systemd", "compat")]
    if others:
        yield f"accounts of {', '.join(others)} (nsswitch.conf): they are not on the host"
