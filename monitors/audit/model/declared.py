"""What the inventory says about one host, in the form that checks compare with."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from inventory.backup_plans import backup_plans, copies_kept_on, pulled_by, second_target
from inventory.connections import jumped_to
from inventory.continuity import host_promise, plan_terms
from inventory.entries import InventoryHost, hosts
from inventory.enums import Level, Role, Tier
from inventory.levels import is_full, is_managed, level, reaches
from inventory.logins import Login, logins
from inventory.model.estate import Estate
from inventory.model.hosts import BackupPlan
from inventory.neighbours import Neighbour, neighbours
from inventory.open_ports import Forward, OpenPort, forwards, open_ports
from inventory.settings import settings, time_servers


@dataclass(frozen=True, slots=True)
class Watched:
    """A host as the operations host should know it."""

    host: str
    fqdn: str
    municipality: str


@dataclass(frozen=True, slots=True)
class PlanPromise:
    """What is promised of a plan, HOST/PLAN: hours that may be lost, days between two drills.

    `targets` are to hold copies of it, which drills restore in turn; the first takes it in.
    """

    plan: str
    rpo_hours: float
    drill_days: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pulling:
    """Another vault that pulls second copies from a vault, and which: HOST/PLAN each."""

    vault: str
    repositories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """A host as declared: checks judge what is found against this."""

    host: str
    municipality: str
    tier: Tier | None
    roles: tuple[Role, ...]
    ports: tuple[OpenPort, ...]
    backups: tuple[str, ...]
    time_servers: tuple[str, ...]
    logins: tuple[Login, ...] = ()
    fqdn: str = ""
    owner: str = ""
    address: str = ""
    more_addresses: tuple[str, ...] = ()
    uplink: str = ""
    site_networks: tuple[str, ...] = ()
    jumped_to: tuple[str, ...] = ()
    forwards: tuple[Forward, ...] = ()
    # Of an operations host: every host that it watches. Of a vault: HOST/PLAN kept on it, and of
    # these what it pulls from another.
    watched: tuple[Watched, ...] = ()
    keeps: tuple[str, ...] = ()
    pulls: tuple[str, ...] = ()
    level: Level = Level.FULL
    keeps_forwarding: bool = False
    # By which a certificate may call the host: its own name, and those of its services' addresses.
    names: tuple[str, ...] = ()
    # Where a host takes the time from whose clock is Bastide's to keep; empty: anywhere.
    time_sources: tuple[str, ...] = ()
    # What cron may start as root beside what packages brought: commands, or files of cron.daily.
    timed_jobs: tuple[str, ...] = ()
    # The other hosts of its site that it looks at for the audit.
    neighbours: tuple[Neighbour, ...] = ()
    # Of each plan of the host, and of each that it keeps as a vault.
    promises: tuple[PlanPromise, ...] = ()
    # Of a vault: who pulls from it.
    pulled_by: tuple[Pulling, ...] = ()

    @property
    def forwards_packets(self) -> bool:
        """Whether it is meant to forward packets: a router, or for containers or a VPN."""
        return Role.EDGE in self.roles or self.keeps_forwarding


class UndeclaredHostError(Exception):
    """The estate has no host of that name or address."""


def declared_of(entry: InventoryHost) -> Declared:
    """Return what the inventory declares of a host."""
    return Declared(
        host=entry.name,
        municipality=entry.tenant.id,
        tier=entry.tenant.tier,
        roles=entry.host.roles,
        ports=open_ports(entry),
        backups=tuple(plan.id for plan in backup_plans(entry)),
        time_servers=entry.tenant.estate.time_servers,
        logins=logins(entry),
        fqdn=entry.fqdn,
        owner=entry.tenant.owner,
        address=str(entry.host.address),
        more_addresses=tuple(map(str, entry.host.more_addresses)),
        uplink=str(entry.host.uplink or ""),
        jumped_to=jumped_to(entry),
        site_networks=tuple(map(str, entry.site.networks)),
        forwards=forwards(entry),
        watched=_watched(entry),
        keeps=_kept(entry),
        pulls=_pulled(entry),
        level=_level(entry),
        keeps_forwarding=entry.host.forwards,
        names=_names(entry),
        time_sources=_time_sources(entry),
        timed_jobs=_timed_jobs(entry),
        neighbours=neighbours(entry),
        promises=_promises(entry),
        pulled_by=tuple(Pulling(vault, tuple(names)) for vault, names in pulled_by(entry).items()),
    )


def _names(entry: InventoryHost) -> tuple[str, ...]:
    own = [s for s in entry.tenant.content.services if entry.host.id in s.hosts]
    urls = (urlsplit(service.url).hostname or "" for service in own)
    return tuple(dict.fromkeys(name for name in (entry.fqdn, *urls) if name))


def _time_sources(entry: InventoryHost) -> tuple[str, ...]:
    """Return the servers that the time role configures."""
    if not is_full(entry) or "time_servers" in settings(entry):
        return ()
    outside = tuple(map(str, time_servers(entry)))
    if Role.OPERATIONS in entry.host.roles:
        return outside
    central = (h for h in hosts(entry.tenant.estate) if Role.OPERATIONS in h.host.roles)
    return tuple(str(host.host.address) for host in central) or outside


def _timed_jobs(entry: InventoryHost) -> tuple[str, ...]:
    named = settings(entry).get("hardening_timed_jobs", [])
    return tuple(map(str, named)) if isinstance(named, list) else ()


def _level(entry: InventoryHost) -> Level:
    """Return how far a host is managed: one that may not be changed yet is only read."""
    reached = level(entry)
    refused = reaches(reached, Level.BASELINE) and not is_managed(entry)
    return Level.AUDIT if refused else reached


def _watched(entry: InventoryHost) -> tuple[Watched, ...]:
    if Role.OPERATIONS not in entry.host.roles:
        return ()
    watched = hosts(entry.tenant.estate)
    return tuple(Watched(host.name, host.fqdn, host.tenant.id) for host in watched)


def _kept(vault: InventoryHost) -> tuple[str, ...]:
    return tuple(copy.name for copy in copies_kept_on(vault))


def _pulled(vault: InventoryHost) -> tuple[str, ...]:
    return tuple(copy.name for copy in copies_kept_on(vault) if copy.pulled_from)


def _promises(entry: InventoryHost) -> tuple[PlanPromise, ...]:
    own = ((entry, plan) for plan in backup_plans(entry))
    kept = ((copy.client, copy.plan) for copy in copies_kept_on(entry))
    return tuple(dict.fromkeys(_promise(client, plan) for client, plan in (*own, *kept)))


def _promise(client: InventoryHost, plan: BackupPlan) -> PlanPromise:
    terms = plan_terms(plan, host_promise(client), client.tenant.tier)
    name = f"{client.name}/{plan.id}"
    targets = tuple(filter(None, (plan.target, second_target(client, plan))))
    return PlanPromise(name, terms.promise.rpo_hours, terms.drill_every_days, targets)


def find_declared(estate: Estate, name: str) -> Declared:
    """Find a host by name, FQDN or address; UndeclaredHostError lists the known names."""
    for entry in hosts(estate):
        if name in (entry.name, entry.fqdn, str(entry.host.address), str(entry.host.uplink)):
            return declared_of(entry)
    names = ", ".join(entry.name for entry in hosts(estate))
    raise UndeclaredHostError(f"{name}: not in estate {estate.estate}; its hosts: {names}")
