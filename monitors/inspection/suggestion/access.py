"""From where a port may be reached, as far as the host's firewall says it."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from inventory.entries import Tenant, tenants
from inventory.enums import Access
from inventory.model.tenants import Site
from monitors.inspection.model import Inspection
from monitors.inspection.values import number

# Web sites and VPN: what is for people wherever they are.
OPEN_TO_ALL = frozenset({("tcp", 80), ("tcp", 443), ("udp", 1194), ("udp", 51820)})
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
    sources = tuple(_ufw_sources(inspection, protocol, port))
    if sources:
        known = [access for s in sources if (access := _access(s, tenant, site))]
        listed = ", ".join(dict.fromkeys(map(str, sources)))
        strange = "" if len(known) == len(sources) else ", not all of it networks of the estate"
        widest = max(known, key=ORDER.index, default=Access.SITE)
        return AccessGuess(widest, f"ufw allows it from {listed}{strange}")
    if "ufw" in inspection.firewall.managers:
        return AccessGuess(Access.SITE, "ufw has no rule of its own for it")
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
