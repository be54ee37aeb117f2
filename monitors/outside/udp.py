"""Which UDP services answer a datagram that each of them knows."""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress

from monitors.outside.document import UdpPort
from monitors.outside.tables import UDP_PROBES, UdpProbe

# A datagram that was lost is sent once more.
SENDINGS = 2
PAUSE_SECONDS = 0.3
LONGEST_DATAGRAM = 1 << 16


async def udp_ports(address: str, ports: Iterable[int]) -> tuple[UdpPort, ...]:
    """Return those of the ports that answer; what has no known datagram is not asked."""
    asked = set(ports)
    probes = sorted((p for p in UDP_PROBES if p.port in asked), key=lambda probe: probe.port)
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


async def _answers(address: str, probe: UdpProbe) -> bool:
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
