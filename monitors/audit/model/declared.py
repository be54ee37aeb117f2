"""What the inventory says about one host, in the words that checks compare with."""

from dataclasses import dataclass

from inventory.entries import PlacedHost, hosts
from inventory.enums import Role, Tier
from inventory.logins import Login, logins
from inventory.model import Estate
from inventory.open_ports import Forward, OpenPort, forwards, open_ports


@dataclass(frozen=True, slots=True)
class Watched:
    """A host as the operations host should know it."""

    host: str
    fqdn: str
    municipality: str


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
    uplink: str = ""
    site_network: str = ""
    forwards: tuple[Forward, ...] = ()
    # Of an operations host: every host that it watches. Of a vault: HOST/PLAN kept on it.
    watched: tuple[Watched, ...] = ()
    keeps: tuple[str, ...] = ()

    @property
    def is_router(self) -> bool:
        """Whether it is meant to forward packets."""
        return Role.EDGE in self.roles


class UndeclaredHostError(Exception):
    """The estate has no host of that name or address."""


def declared_of(placed: PlacedHost) -> Declared:
    """Return what the inventory declares of a host."""
    return Declared(
        host=placed.name,
        municipality=placed.place.id,
        tier=placed.place.tier,
        roles=placed.host.roles,
        ports=open_ports(placed),
        backups=tuple(plan.id for plan in placed.host.backups),
        time_servers=placed.place.estate.time_servers,
        logins=logins(placed),
        fqdn=placed.fqdn,
        owner=placed.place.owner,
        address=str(placed.host.address),
        uplink=str(placed.host.uplink or ""),
        site_network=str(placed.site.network),
        forwards=forwards(placed),
        watched=_watched(placed),
        keeps=_kept(placed),
    )


def _watched(placed: PlacedHost) -> tuple[Watched, ...]:
    if Role.OPERATIONS not in placed.host.roles:
        return ()
    known = hosts(placed.place.estate)
    return tuple(Watched(host.name, host.fqdn, host.place.id) for host in known)


def _kept(vault: PlacedHost) -> tuple[str, ...]:
    return tuple(
        f"{client.name}/{plan.id}"
        for client in hosts(vault.place.estate)
        for plan in client.host.backups
        if plan.target == vault.name
    )


def find_declared(estate: Estate, name: str) -> Declared:
    """Find a host by name, FQDN or address; UndeclaredHostError lists the known names."""
    for placed in hosts(estate):
        if name in (placed.name, placed.fqdn, str(placed.host.address), str(placed.host.uplink)):
            return declared_of(placed)
    known = ", ".join(placed.name for placed in hosts(estate))
    raise UndeclaredHostError(f"{name}: not in estate {estate.estate}; its hosts: {known}")
