"""Which UDP services answer a datagram that each of them knows."""

import asyncio
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from monitors.outside.document import UdpPort
from monitors.outside.tables import SNMP, SNMP_PORT, UDP_PORTS

SNMP_SERVICE = "snmp"
# A datagram that was lost is sent once more.
SENDINGS = 2
PAUSE_SECONDS = 0.3
LONGEST_DATAGRAM = 1 << 16


@dataclass(frozen=True, slots=True)
class _Probe:
    port: int
    service: str
    version: str
    content: bytes


async def udp_ports(address: str, ports: Iterable[int]) -> tuple[UdpPort, ...]:
    """Return those of the ports that answer; what has no known datagram is not asked."""
    probes = [probe for port in sorted(set(ports)) for probe in _probes(port)]
    answered = await asyncio.gather(*(_answers(address, probe) for probe in probes))
    open_probes = [probe for probe, has in zip(probes, answered, strict=True) if has]
    services = dict.fromkeys((probe.port, probe.service) for probe in open_probes)
    return tuple(
        UdpPort(
            port=port,
            service=service,
            versions=tuple(p.version for p in open_probes if p.port == port and p.version),
        )
        for port, service in services
    )


def _probes(port: int) -> Iterator[_Probe]:
    if port == SNMP_PORT:
        yield from (_Probe(port, SNMP_SERVICE, name, content) for name, content in SNMP.items())
    elif port in UDP_PORTS:
        yield _Probe(port, UDP_PORTS[port].service, "", UDP_PORTS[port].content)


async def _answers(address: str, probe: _Probe) -> bool:
    """Whether anything comes back from the port; a refusal is none."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as link:
        try:
            link.connect((address, probe.port))  # of others nothing is taken
            for _ in range(SENDINGS):
                link.send(probe.content)
                with suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE_SECONDS):
                        return bool(await loop.sock_recv(link, LONGEST_DATAGRAM))
        except OSError:
            return False
    return False
