"""From where a port may be reached, as far as the host's firewall says it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from inventory.entries import Tenant, tenants
from inventory.enums import Access
from inventory.model.tenants import Site
from monitors.inspection.model import Inspection
from monitors.inspection.values import number

# Web sites and VPN: what is for people wherever they are.
OPEN_TO_ALL = frozenset({("tcp", 80), ("tcp", 443), ("udp", 1194), ("udp", 51820)})
ZONE = re.compile(r"firewalld: zone (\S+): (\S+) (.*)")
RICH_SOURCE = re.compile(r'(?<!NOT )address="([^"]+)"')
RICH_PORT = re.compile(r'(?<!source-)port port="([\d-]+)" protocol="(\w+)"')
RICH_SERVICE = re.compile(r'service name="([^"]+)"')
EVERYWHERE = ("0.0.0.0/0", "::/0")
# As /usr/lib/firewalld/services has them.
SERVICES = {
    **{"ssh": 22, "smtp": 25, "dns": 53, "tftp": 69, "http": 80, "kerberos": 88, "ntp": 123},
    **{"imap": 143, "snmp": 161, "ldap": 389, "https": 443, "samba": 445, "smtps": 465},
    **{"syslog": 514, "ipp": 631, "ldaps": 636, "imaps": 993, "pop3s": 995, "openvpn": 1194},
    **{"nfs": 2049, "mysql": 3306, "postgresql": 5432, "cockpit": 9090, "prometheus": 9090},
}
# From the narrowest to the widest.
ORDER = (Access.SITE, Access.MANAGEMENT, Access.ESTATE, Access.ANYWHERE)

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class AccessGuess:
    """Who may reach a port, and from what that is concluded."""

    access: Access
    reason: str


def guess_access(
    inspection: Inspection, tenant: Tenant, site: Site, protocol: str, port: int
) -> AccessGuess:
    """Return the access of a port: by ufw's rules, by firewalld's, or by the port alone."""
    managers = inspection.firewall.managers
    manager, found = ("ufw", _ufw_sources) if "ufw" in managers else ("firewalld", _zone_sources)
    sources = tuple(found(inspection, protocol, port))
    if sources:
        known = [access for s in sources if (access := _access(s, tenant, site))]
        listed = ", ".join(dict.fromkeys(map(str, sources)))
        strange = "" if len(known) == len(sources) else ", not all of it networks of the estate"
        widest = max(known, key=ORDER.index, default=Access.SITE)
        return AccessGuess(widest, f"{manager} allows it from {listed}{strange}")
    if manager in managers:
        return AccessGuess(Access.SITE, f"{manager} has no rule of its own for it")
    wide = (protocol, port) in OPEN_TO_ALL or _is_tunnel(inspection, protocol, port)
    guessed = Access.ANYWHERE if wide else Access.SITE
    return AccessGuess(guessed, "by the port alone; compare with the firewall")


def _is_tunnel(inspection: Inspection, protocol: str, port: int) -> bool:
    listeners = ((s.protocol, s.port) for s in inspection.listeners if s.tunnel)
    return (protocol, port) in listeners


def _ufw_sources(inspection: Inspection, protocol: str, port: int) -> Iterator[Network]:
    """Read `ufw: allow tcp 80,443 0.0.0.0/0 any SOURCE in`: action, protocol, ports, to, from."""
    for rule in inspection.firewall.allowed:
        words = rule.split()
        if len(words) < 7 or words[0] != "ufw:" or not words[1].startswith(("allow", "limit")):
            continue
        if words[2] in (protocol, "any") and _holds(words[3], port):
            try:
                yield ip_network(words[6], strict=False)
            except ValueError:
                continue


def _zone_sources(inspection: Inspection, protocol: str, port: int) -> Iterator[Network]:
    """Read `firewalld: zone public: ports 8443/tcp 5000-5010/udp`, and its rich rules."""
    zones: dict[str, dict[str, str]] = {}
    for line in inspection.firewall.allowed:
        match = ZONE.match(line)
        if match and match[2] == "rule":
            if _is_let_in(match[3], protocol, port):
                yield from _networks(RICH_SOURCE.findall(match[3]) or EVERYWHERE)
        elif match:
            zones.setdefault(match[1], {})[match[2]] = match[3]
    for zone in zones.values():
        named = {name for name in zone.get("services", "").split() if SERVICES.get(name) == port}
        ports = (entry.partition("/") for entry in zone.get("ports", "").split())
        opened = any(p == protocol and _holds(n.replace("-", ":"), port) for n, _, p in ports)
        if named or opened or zone.get("target") == "ACCEPT":
            bound = zone.get("sources", "").split() if "interfaces" not in zone else ()
            yield from _networks(bound or EVERYWHERE)


def _is_let_in(rule: str, protocol: str, port: int) -> bool:
    """Whether a rich rule (firewalld.richlanguage(5)) accepts a port."""
    opened = RICH_PORT.search(rule)
    named = RICH_SERVICE.search(rule)
    return rule.rstrip().endswith("accept") and (
        bool(opened and opened[2] == protocol and _holds(opened[1].replace("-", ":"), port))
        or bool(named and SERVICES.get(named[1]) == port)
    )


def _networks(texts: Iterable[str]) -> Iterator[Network]:
    for text in texts:
        try:
            yield ip_network(text, strict=False)
        except ValueError:  # an interface's address, or a set's name
            continue


def _holds(ports: str, port: int) -> bool:
    if ports == "any":
        return True
    for part in ports.split(","):
        first, _, last = part.partition(":")
        low, high = number(first), number(last or first)
        if low is not None and high is not None and low <= port <= high:
            return True
    return False


def _access(source: Network, tenant: Tenant, site: Site) -> Access | None:
    """Return the word that holds a source; None for one outside the estate."""
    if source.prefixlen == 0:
        return Access.ANYWHERE
    if any(_within(source, network) for network in site.networks):
        return Access.SITE
    if any(_within(source, network) for network in tenant.estate.management):
        return Access.MANAGEMENT
    sites = (n for other in tenants(tenant.estate) for s in other.content.sites for n in s.networks)
    if any(_within(source, network) for network in sites):
        return Access.ESTATE
    return None


def _within(source: Network, network: Network) -> bool:
    if isinstance(source, IPv4Network) and isinstance(network, IPv4Network):
        return source.subnet_of(network)
    if isinstance(source, IPv6Network) and isinstance(network, IPv6Network):
        return source.subnet_of(network)
    return False
