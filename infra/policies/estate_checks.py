"""What is found in the estate alone, before any engine has run."""

from collections.abc import Iterator
from ipaddress import ip_network

from infra.errors import Problem
from infra.policies.model import Breach, Removal
from inventory.backup_plans import backup_plans
from inventory.copies import accepted, lies_beside
from inventory.entries import InventoryHost, Tenant, hosts, tenants
from inventory.enums import ProviderName
from inventory.levels import is_managed
from inventory.model.estate import Estate
from inventory.model.hosts import BackupPlan
from inventory.open_ports import open_ports
from inventory.tiers import MACHINE_SIZES

MANAGEMENT_PORTS = {
    22: "SSH",
    23: "Telnet",
    161: "SNMP",
    623: "IPMI",
    2375: "Docker",
    2376: "Docker",
    3389: "RDP",
    5900: "VNC",
    5985: "WinRM",
    5986: "WinRM",
    8006: "Proxmox VE",
    9090: "Prometheus",
    9093: "Alertmanager",
    9100: "node_exporter",
    9182: "windows_exporter",
    9872: "bastide-exporter",
    10000: "Webmin",
    16509: "libvirt",
    16514: "libvirt",
}
"""Ports that administrate or tell what is inside, by number, whatever the transport."""

# A public network that is wider than this, by IP version, is the world as far as we can tell.
WIDEST_PUBLIC = {4: 16, 6: 32}

# A machine this many times as large as its tier's is a mistake, or wants a second pair of eyes.
MOST_TIMES = 4


def copies_on_their_site(estate: Estate, _removals: tuple[Removal, ...]) -> Iterator[Breach]:
    """Yield each plan of which no copy, of it or of another plan of the same, is kept elsewhere.

    Where a control's waiver accepts that (inventory.copies), it is not asked about twice.
    """
    by_name = {entry.name: entry for entry in hosts(estate)}
    for entry in by_name.values():
        plans = backup_plans(entry)
        away = [plan for plan in plans if not lies_beside(entry, plan, by_name)]
        kept = {part for plan in away for part in _parts(plan)}
        for plan in plans:
            known = accepted(estate.waivers, entry.tenant.id, entry.name)
            if plan not in away and not known and not kept.issuperset(_parts(plan)):
                yield _breach(
                    entry,
                    expected="a copy on another site",
                    found=f"plan {plan.id} is kept on {plan.target}, on the same site "
                    f"{entry.host.site}",
                    advice="name a target on another site, or add a plan of the same with one",
                )


def _parts(plan: BackupPlan) -> tuple[str, ...]:
    """Return what a plan keeps: folders, files, and databases by words that no folder is."""
    servers = {"database": plan.database, "MariaDB database": plan.mariadb}
    named = [f"{server} {name}" for server, name in servers.items() if name]
    return (*plan.paths, *plan.sqlite, *named)


def open_management(estate: Estate, _removals: tuple[Removal, ...]) -> Iterator[Breach]:
    """Yield each host of which our firewall would open a management port to the world.

    What is only watched or audited has a firewall of its own: its ports are declared, not opened.
    """
    for entry in filter(is_managed, hosts(estate)):
        wide = tuple(dict.fromkeys(_wide_ports(entry)))
        if wide:
            yield _breach(
                entry,
                expected="ports of management open to named networks only",
                found=", ".join(wide),
                advice="narrow their access (`listens:`), or the estate's `management:`",
            )


def _wide_ports(entry: InventoryHost) -> Iterator[str]:
    for port in open_ports(entry):
        wide = _from_the_world(port.sources)
        if wide and port.port in MANAGEMENT_PORTS:
            yield f"{MANAGEMENT_PORTS[port.port]} at {port.protocol} port {port.port} for {wide}"


def _from_the_world(sources: tuple[str, ...]) -> str:
    """Return what is too wide among the networks that may reach a port; none means anywhere."""
    if not sources:
        return "anywhere"
    networks = map(ip_network, sources)
    wide = (n for n in networks if n.is_global and n.prefixlen < WIDEST_PUBLIC[n.version])
    return ", ".join(map(str, wide))


def nobody_to_ask(estate: Estate, _removals: tuple[Removal, ...]) -> Iterator[Breach]:
    """Yield each tenant with hosts whose owner, its first contact, cannot be reached.

    That there is one, and that a municipality has a tier, the inventory itself demands.
    """
    for tenant in tenants(estate):
        first = tenant.content.contacts[0]
        if tenant.content.hosts and not (first.email or first.phone):
            yield Breach(
                tenant.id,
                Problem(
                    tenant.id,
                    expected="an owner of its hosts who can be reached",
                    found=f"{tenant.owner}, without email or phone",
                    advice="give the first of its contacts an email or phone",
                ),
            )


def too_large(estate: Estate, _removals: tuple[Removal, ...]) -> Iterator[Breach]:
    """Yield each machine that would be made much larger than its tier's are."""
    for entry in hosts(estate):
        if entry.provider is not ProviderName.EXISTING:
            above = tuple(_above(entry))
            if above:
                yield _breach(
                    entry,
                    expected=f"at most {MOST_TIMES} times the usual size {_of(entry.tenant)}",
                    found=", ".join(above),
                    advice="correct it, or have the size approved by a waiver",
                )


def _above(entry: InventoryHost) -> Iterator[str]:
    usual, own = MACHINE_SIZES[entry.tenant.tier], entry.host.machine
    rows = (
        ("MiB of memory", entry.host.memory_mib, usual.memory_mib),
        ("processors", own.cpus if own else None, usual.cpus),
        ("GiB of system disk", own.disk_gib if own else None, usual.disk_gib),
    )
    for what, wanted, common in rows:
        if wanted is not None and wanted > MOST_TIMES * common:
            yield f"{wanted} {what} (usual: {common})"


def _of(tenant: Tenant) -> str:
    return f"in a {tenant.tier}" if tenant.tier else "at the central site"


def _breach(entry: InventoryHost, *, expected: str, found: str, advice: str) -> Breach:
    return Breach(entry.tenant.id, Problem(entry.name, expected, found, advice))
