"""VPN: WireGuard's interfaces with whom they let in, from wg(8), and OpenVPN's clients.

A socket of the kernel has no program, and UDP has no connections: what ss(8) cannot tell of
WireGuard is here, told by its port.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from monitors.inspection.model import Listener, Peers, Tunnel, TunnelPeer
from monitors.inspection.values import bounded, number

# After that long without a handshake a session is no longer used (REJECT_AFTER_TIME of the paper).
HANDSHAKE_SECONDS = 180
OPENVPN = "openvpn"
NOBODY = "(none)"


@dataclass(slots=True)
class _Read:
    """The lines of the command: by interface, and by interface and public key."""

    interfaces: dict[str, int | None] = field(default_factory=dict)
    networks: dict[tuple[str, str], str] = field(default_factory=dict)
    endpoints: dict[tuple[str, str], str] = field(default_factory=dict)
    handshakes: dict[tuple[str, str], int] = field(default_factory=dict)
    configured: set[int] = field(default_factory=set)
    now: int = 0


def read_tunnels(wireguard: str) -> tuple[Tunnel, ...]:
    """Return WireGuard's interfaces; those that only the kernel names have no port."""
    read = _read(wireguard)
    peers: dict[str, list[TunnelPeer]] = defaultdict(list)
    for interface, key in read.networks:
        peers[interface].append(_peer(read, interface, key))
    return bounded(
        Tunnel(interface=interface, port=port, peers=bounded(peers[interface]))
        for interface, port in sorted(read.interfaces.items())
    )


def _peer(read: _Read, interface: str, key: str) -> TunnelPeer:
    who = interface, key
    endpoint = read.endpoints.get(who, NOBODY)
    return TunnelPeer(
        key=key,
        networks=tuple(n for n in read.networks[who].split() if n != NOBODY),
        endpoint="" if endpoint == NOBODY else endpoint.rpartition(":")[0].strip("[]"),
        connected=read.now - read.handshakes.get(who, 0) < HANDSHAKE_SECONDS,
    )


def _read(text: str) -> _Read:
    read = _Read()
    last = ""
    for line in text.splitlines():
        word, _, value = line.partition(" ")
        what, *fields = line.split("\t")
        if word == "interface" and value:
            read.interfaces.setdefault(value, None)
        elif word == "configured":
            read.configured.add(number(value) or 0)
        elif word == "now":
            read.now = number(value) or 0
        elif what == "listen-port" and len(fields) == 2:
            read.interfaces[fields[0]] = number(fields[1])
        elif len(fields) in (2, 3):
            # wg(8) names the interface of endpoints at its first peer only.
            last, key, value = fields if len(fields) == 3 else (last, *fields)
            _take(read, what, (last, key), value)
    return read


def _take(read: _Read, what: str, who: tuple[str, str], value: str) -> None:
    if what == "allowed-ips":
        read.networks[who] = value
    elif what == "endpoints":
        read.endpoints[who] = value
    elif what == "latest-handshakes":
        read.handshakes[who] = number(value) or 0


def named(
    listeners: tuple[Listener, ...], tunnels: tuple[Tunnel, ...], wireguard: str
) -> tuple[Listener, ...]:
    """Return listeners, those of WireGuard by the name of their interface.

    Without wg(8) it is the one whose port a file of WireGuard names.
    """
    by_port = {tunnel.port: f" {tunnel.interface}" for tunnel in tunnels if tunnel.port}
    configured = _read(wireguard).configured
    return tuple(
        listener.model_copy(
            update={
                "process": f"WireGuard{by_port.get(listener.port, '')}",
                "tunnel": True,
                "fixed": listener.port in configured,
            }
        )
        if listener.protocol == "udp"
        and (listener.port in by_port or (listener.port in configured and not listener.process))
        else listener
        for listener in listeners
    )


def read_vpn_peers(
    tunnels: tuple[Tunnel, ...], openvpn: str, listeners: tuple[Listener, ...]
) -> Iterator[Peers]:
    """Yield who is connected to a VPN's UDP ports now; OpenVPN's clients at each of its ports."""
    for tunnel in tunnels:
        far = {peer.endpoint for peer in tunnel.peers if peer.connected and peer.endpoint}
        if tunnel.port and far:
            yield Peers(port=tunnel.port, addresses=bounded(sorted(far)), protocol="udp")
    clients = bounded(sorted({_client(line) for line in openvpn.splitlines()} - {""}))
    ports = {s.port for s in listeners if (s.protocol, s.process) == ("udp", OPENVPN)}
    for port in sorted(ports) if clients else ():
        yield Peers(port=port, addresses=clients, protocol="udp")


def _client(line: str) -> str:
    """Return the address of `192.0.2.7:51234`, `udp4:192.0.2.7:51234` or `[2001:db8::7]:51234`."""
    address = line.strip().rpartition(":")[0]
    kind, _, rest = address.partition(":")
    return (rest if kind.startswith(("udp", "tcp")) else address).strip("[]")
