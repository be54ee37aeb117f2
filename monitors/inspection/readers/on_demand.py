"""Ports that a server opens as it needs them: of FTP, telephony and TURN, from their own files."""

import re
from collections.abc import Iterator

from monitors.inspection.model import Listener, PortsOnDemand
from monitors.inspection.values import bounded, number

# The program, how it names the first and the last port, the protocol, and what it takes unasked.
FTP = ("tcp", (1024, 65535))
SERVERS = {
    "vsftpd": (re.compile(r"pasv_min_port\s*=\s*(\d+)|pasv_max_port\s*=\s*(\d+)"), *FTP),
    "proftpd": (re.compile(r"passiveports\s+(\d+)\s+(\d+)"), *FTP),
    "pure-ftpd": (re.compile(r"/passiveportrange:\s*(\d+)\s+(\d+)"), *FTP),
    "asterisk": (
        re.compile(r"rtpstart\s*=>?\s*(\d+)|rtpend\s*=>?\s*(\d+)"),
        *("udp", (5000, 31000)),
    ),
    "turnserver": (re.compile(r"min-port\s*=\s*(\d+)|max-port\s*=\s*(\d+)"), "udp", (49152, 65535)),
}
LAST_PORT = 65535


def read_on_demand(ranges: str, listeners: tuple[Listener, ...]) -> tuple[PortsOnDemand, ...]:
    """Return the ports of each server that others can reach, by its file or by its own default."""
    running = {listener.process for listener in listeners if not listener.is_local}
    return bounded(_of(server, ranges.lower()) for server in SERVERS if server in running)


def _of(server: str, text: str) -> PortsOnDemand:
    pattern, protocol, usual = SERVERS[server]
    firsts: list[int] = []
    lasts: list[int] = []
    for line in text.splitlines():
        if match := pattern.search(line):
            firsts += _ports(match[1])
            lasts += _ports(match[2])
    first, last = firsts[-1] if firsts else usual[0], lasts[-1] if lasts else usual[1]
    return PortsOnDemand(protocol=protocol, first=first, last=max(first, last), process=server)


def _ports(text: str | None) -> Iterator[int]:
    """Yield a port; 0 means that none is set (vsftpd.conf(5))."""
    value = number(text or "")
    if value and value <= LAST_PORT:
        yield value
