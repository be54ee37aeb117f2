"""What a host is for: its ports, roles, services and backups, each with a reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inventory.entries import Tenant
from inventory.enums import Access, Role
from inventory.model.tenants import Site
from inventory.open_ports import NODE_EXPORTER, SSH
from inventory.roles import ROLES
from monitors.inspection.model import Certificate, Inspection, Listener, WebSite
from monitors.inspection.suggestion.access import guess_access

NAMES = {
    **{22: "ssh", 25: "smtp", 53: "dns", 80: "http", 110: "pop3", 111: "rpcbind", 123: "ntp"},
    **{137: "netbios-name", 138: "netbios-datagram", 139: "netbios-session", 143: "imap"},
    **{161: "snmp", 389: "ldap", 443: "https", 445: "smb", 465: "submissions", 514: "syslog"},
    **{587: "submission", 631: "ipp", 636: "ldaps", 993: "imaps", 995: "pop3s", 1433: "mssql"},
    **{2049: "nfs", 3306: "mysql", 3389: "rdp", 5432: "postgresql", 6379: "redis"},
    **{1194: "openvpn", 9100: "node_exporter", 10050: "zabbix-agent", 51820: "wireguard"},
}
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
# The kernel keeps 15 characters of a program's name: Debian's is prometheus-node-exporter.
NODE_EXPORTERS = frozenset({"node_exporter", "prometheus-node", "node-exporter"})
SYSTEM_DATABASES = frozenset({"postgres"})
LONGEST_ID = 31


@dataclass(frozen=True, slots=True)
class ListenGuess:
    """A port that the inventory should declare; `lasting` is false for one that changes."""

    port: int
    protocol: str
    name: str
    access: Access
    reason: str
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class RoleGuess:
    """A role that fits; `certain` is false for one that a person has to confirm."""

    role: Role
    reason: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class ServiceGuess:
    """A service that people use, by its address."""

    id: str
    name: str
    url: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackupGuess:
    """What should be backed up, what is already, and from what that is concluded."""

    paths: tuple[str, ...]
    database: str
    reasons: tuple[str, ...]


def roles(inspection: Inspection) -> tuple[RoleGuess, ...]:
    """Return the roles that fit what runs."""
    return tuple(_roles(inspection))


def _roles(inspection: Inspection) -> Iterator[RoleGuess]:
    ports = {(s.protocol, s.port): s for s in inspection.listeners if not s.is_local}
    shares = [share.name for share in inspection.shares if share.kind == "smb"]
    if shares and ("tcp", 445) in ports:
        yield RoleGuess(Role.FILE_SERVER, f"Samba's shares {', '.join(shares[:5])}")
    if dns := ports.get(("udp", 53)):
        yield RoleGuess(Role.RESOLVER, f"{dns.process or 'something'} answers on udp port 53")
    if snmp := ports.get(("udp", 161)):
        yield RoleGuess(Role.SNMP_AGENT, f"{snmp.process or 'something'} answers on udp port 161")
    outside = {r.interface for r in inspection.routes if r.to == "default"}
    engines = {network.name for network in inspection.container_networks}
    inside = [
        interface.name
        for interface in inspection.interfaces
        if interface.name not in outside | engines
        and not interface.name.startswith(("br-", "docker", "veth", "virbr", "podman", "cni"))
        and any("." in address for address in interface.addresses)
    ]
    if inspection.system.forwards_ipv4 and outside and inside:
        yield RoleGuess(
            Role.EDGE,
            f"it forwards between {', '.join(sorted(outside))} and {', '.join(inside)}",
            certain=False,
        )


def listens(
    inspection: Inspection, tenant: Tenant, site: Site, taken: tuple[Role, ...], ssh_port: int
) -> tuple[ListenGuess, ...]:
    """Return the ports that others can reach, but for those that every host or a role has."""
    covered = {("tcp", SSH.port), ("tcp", ssh_port)}
    if exporter := node_exporter(inspection):
        covered.add(("tcp", exporter.port))
    covered |= {(p.protocol.value, p.port) for role in taken for p in ROLES[role].listens}
    first: dict[tuple[str, int], Listener] = {}
    for listener in inspection.listeners:
        if not listener.is_local and (listener.protocol, listener.port) not in covered:
            first.setdefault((listener.protocol, listener.port), listener)
    guesses = []
    for (protocol, port), listener in first.items():
        access = guess_access(inspection, tenant, site, protocol, port)
        guesses.append(
            ListenGuess(
                port,
                protocol,
                listener.container or NAMES.get(port) or listener.process or f"port-{port}",
                access.access,
                f"{describe(listener)}; {access.reason}",
                lasting=listener.is_lasting,
            )
        )
    return tuple(guesses)


def describe(listener: Listener) -> str:
    """Return what listens, in words: its program, unit, package and container."""
    parts = [
        listener.process or "a program that is not named",
        f"unit {listener.unit}" if listener.unit else "",
        f"package {listener.package}" if listener.package else "",
        f"container {listener.container}" if listener.container else "",
    ]
    return ", ".join(part for part in parts if part)


def node_exporter(inspection: Inspection) -> Listener | None:
    """Return the node_exporter that is there already, by its program's name or its usual port."""
    for listener in inspection.listeners:
        usual = listener.port == NODE_EXPORTER.tcp_port
        named = listener.process in NODE_EXPORTERS or (usual and not listener.process)
        if named and listener.protocol == "tcp" and not listener.is_local:
            return listener
    return None


def services(inspection: Inspection, taken: frozenset[str]) -> tuple[ServiceGuess, ...]:
    """Return a service for each site with a name, by its TLS address where it has one."""
    by_name: dict[str, WebSite] = {}
    for site in sorted(inspection.sites, key=lambda s: not s.tls):
        for name in (n.lower() for n in site.names[:1]):
            if HOST_NAME.fullmatch(name):
                by_name.setdefault(name, site)
    guesses, used = [], set(taken)
    for name, site in by_name.items():
        own_id = unused(legal_id(name.partition(".")[0], "site"), used)
        used.add(own_id)
        guesses.append(ServiceGuess(own_id, name, _url(name, site), _reasons(inspection, site)))
    return tuple(guesses)


def _url(name: str, site: WebSite) -> str:
    scheme, usual = ("https", 443) if site.tls else ("http", 80)
    port = "" if usual in site.ports or not site.ports else f":{site.ports[0]}"
    return f"{scheme}://{name}{port}/"


def _reasons(inspection: Inspection, site: WebSite) -> tuple[str, ...]:
    reasons = [f"{site.server}, {site.file}"]
    if len(site.names) > 1:
        reasons.append(f"it answers to {', '.join(site.names[1:6])} as well")
    if site.upstreams:
        reasons.append(f"it hands requests on to {', '.join(site.upstreams[:3])}")
    own = (c for c in inspection.certificates if site.certificate and c.file == site.certificate)
    reasons += map(_certificate, own)
    return tuple(reasons)


def _certificate(certificate: Certificate) -> str:
    if certificate.problem:
        return f"the certificate {certificate.file} {certificate.problem}"
    return f"a certificate of {certificate.issuer} that ends {certificate.ends[:10]}"


def backup(inspection: Inspection) -> BackupGuess:
    """Return what holds data that is nowhere else: shares, sites, databases."""
    paths: dict[str, str] = {}
    for share in inspection.shares:
        if share.path.startswith("/") and share.path != "/":
            paths.setdefault(share.path, f"{share.path}: {share.kind} share {share.name}")
    for site in inspection.sites:
        if site.root.startswith(("/srv", "/var/www", "/home", "/opt")):
            paths.setdefault(site.root, f"{site.root}: site {', '.join(site.names[:1])}")
    databases = [
        (name, size, database.engine)
        for database in inspection.databases
        for name, size in database.databases
        if name not in SYSTEM_DATABASES
    ]
    found = [f"{engine} database {name}, {size >> 20} MiB" for name, size, engine in databases]
    largest = max(
        ((size, name) for name, size, engine in databases if engine == "postgresql"),
        default=(0, ""),
    )
    return BackupGuess(_outermost(tuple(paths)), largest[1], (*paths.values(), *found))


def _outermost(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders that are in none of the others."""
    return tuple(p for p in paths if not any(p.startswith(f"{o.rstrip('/')}/") for o in paths))


def legal_id(name: str, otherwise: str) -> str:
    """Return an id by the inventory's rule: lower-case letters, digits and single hyphens."""
    text = "-".join(re.findall(r"[a-z0-9]+", name.casefold().partition(".")[0]))
    if not text[:1].isalpha():
        text = f"{otherwise}-{text}".rstrip("-")
    return text[: LONGEST_ID - 4].rstrip("-")


def unused(base: str, taken: set[str] | frozenset[str]) -> str:
    """Return an id that nothing has yet."""
    number, own_id = 1, base
    while own_id in taken:
        number += 1
        own_id = f"{base}-{number}"
    return own_id
