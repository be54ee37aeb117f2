"""The ports of a host that lead to another address (DNAT), from rules of nftables and iptables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from monitors.inspection.model import Chain, Inspection

LAST_PORT = 65535
PROTOCOL = re.compile(r"(?:^|\s)(?:-p |meta l4proto |ip protocol |ip6 nexthdr )?(tcp|udp)\b")
# One port, `{ 80, 443 }`, `8000-8010`; of iptables `80,443` and `8000:8010`. Not `!= 53`.
PORTS = re.compile(r"(?<!! --)dports? (\{[^}]*\}|[\d,:-]+)(?=\s|$)")
TO = re.compile(r"(?:--to-destination|dnat (?:ip |ip6 )?to) (\S+)")
# `dnat to tcp dport map { 80 : 10.0.0.5, 443 : 10.0.0.6 . 8443 }`
MAP = re.compile(r"dnat (?:ip |ip6 )?(?:addr \. port )?to (tcp|udp) dport map \{([^}]*)\}")
RANGE = re.compile(r"(\d+)(?:[:-](\d+))?")


@dataclass(frozen=True, slots=True)
class Published:
    """Ports of the host that lead to another address; `where` is the chain that says so."""

    protocol: str
    port: int
    last: int
    to: str
    where: str

    @property
    def name(self) -> str:
        """The protocol and the port, or the first and the last of them."""
        return f"{self.protocol}/{self.port}" + (f"-{self.last}" if self.last > self.port else "")

    @property
    def said(self) -> str:
        """The same in words."""
        if (self.port, self.last) == (1, LAST_PORT):
            return f"{self.protocol} ports"
        to = f"s {self.port} to {self.last}" if self.last > self.port else f" {self.port}"
        return f"{self.protocol} port{to}"

    def has(self, protocol: str, port: int) -> bool:
        """Whether a port is one of them."""
        return self.protocol in (protocol, "all") and self.port <= port <= self.last


def published_ports(inspection: Inspection) -> tuple[Published, ...]:
    """Return the ports that a rule leads elsewhere, each once."""
    found: dict[tuple[str, str], Published] = {}
    for chain in inspection.firewall.chains:
        for rule in chain.rules:
            for port in _published(chain, rule):
                found.setdefault((port.name, port.to), port)
    return tuple(found.values())


def _published(chain: Chain, rule: str) -> Iterator[Published]:
    where = f"{chain.table} {chain.name}"
    if mapped := MAP.search(rule):
        for element in mapped[2].split(","):
            ports, _, to = element.partition(" : ")
            for first, last in _ranges(ports):
                yield Published(mapped[1], first, last, to.strip().replace(" . ", ":"), where)
        return
    to = TO.search(rule)
    if to is None:
        return
    before = rule[: to.start()]
    protocol, ports = PROTOCOL.search(before), PORTS.search(before)
    if protocol and ports:
        for first, last in _ranges(ports[1]):
            yield Published(protocol[1], first, last, to[1], where)
    elif chain.hook:  # elsewhere the rule that leads here says which ports
        yield Published(protocol[1] if protocol else "all", 1, LAST_PORT, to[1], where)


def _ranges(text: str) -> Iterator[tuple[int, int]]:
    for match in RANGE.finditer(text):
        first, last = int(match[1][:6]), int((match[2] or match[1])[:6])
        if 0 < first <= last <= LAST_PORT:
            yield first, last
