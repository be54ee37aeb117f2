"""What the inventory says about one host, in the words that checks compare with."""

from dataclasses import dataclass

from inventory.listening import OpenPort, open_ports
from inventory.model import Estate
from inventory.placed import PlacedHost, hosts
from inventory.words import Role, Tier


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
    )


def find_declared(estate: Estate, name: str) -> Declared:
    """Find a host by name, FQDN or address; UndeclaredHostError lists the known names."""
    for placed in hosts(estate):
        if name in (placed.name, placed.fqdn, str(placed.host.address), str(placed.host.uplink)):
            return declared_of(placed)
    known = ", ".join(placed.name for placed in hosts(estate))
    raise UndeclaredHostError(f"{name}: not in estate {estate.estate}; its hosts: {known}")
