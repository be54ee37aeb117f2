"""A campus of 200 hosts and devices with redundant links, and what falls silent when it is cut."""

import random
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import yaml

from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.paths import SHIPPED_ESTATES

SEED, SIZE = 20261128, 200
ROUTERS, CORES, RING, ACCESS, SERVERS, BEHIND_POINTS = 2, 2, 6, 24, 12, 20
TOWN = "velgora"
NETWORK, GATEWAY, FIRST = "10.77.8.0/23", "10.77.8.1", ip_address("10.77.8.10")

Ways = Mapping[str, tuple[str, ...]]
Link = frozenset[str]


def ways() -> dict[str, tuple[str, ...]]:
    """Return what each host (`router…`, `server…`) and device of the campus is reached through.

    Two routers, two cores that hang on both and on each other, a ring of distribution switches
    that two cores enter, access switches on one or two of the ring or on another access switch,
    servers on two switches, and what is plugged in, some of it behind an access point.
    """
    chance = random.Random(SEED)  # noqa: S311 - a plan, the same each time
    found: dict[str, tuple[str, ...]] = {f"router{n}": () for n in range(ROUTERS)}
    routers = tuple(found)
    cores = tuple(f"core{n}" for n in range(CORES))
    found |= {core: (*routers, *(other for other in cores if other != core)) for core in cores}
    ring = tuple(f"ring{n}" for n in range(RING))
    for n, switch in enumerate(ring):
        neighbours = (ring[n - 1], ring[(n + 1) % RING])
        entry = cores[n // (RING // CORES)]
        found[switch] = (entry, *neighbours) if n % (RING // CORES) == 0 else neighbours
    access: list[str] = []
    for n in range(ACCESS):
        above = ring if n < ACCESS * 3 // 4 else tuple(access)
        access.append(f"access{n}")
        found[access[-1]] = tuple(sorted(chance.sample(above, chance.choice((1, 2)))))
    for n in range(SERVERS):
        found[f"server{n}"] = tuple(sorted(chance.sample([*ring, *access], chance.choice((1, 2)))))
    points = [f"point{n}" for n in range(SIZE - len(found) - BEHIND_POINTS)]
    found |= {point: (chance.choice(access),) for point in points}
    return found | {f"camera{n}": (chance.choice(points),) for n in range(BEHIND_POINTS)}


def links(campus: Ways) -> list[Link]:
    """Return each link once; the two ends of one in a ring name each other."""
    found = {frozenset((name, parent)) for name, through in campus.items() for parent in through}
    return sorted(found, key=sorted)


@dataclass(frozen=True, slots=True)
class Cut:
    """Nodes that died and links that were cut, at once."""

    nodes: frozenset[str] = frozenset()
    links: frozenset[Link] = frozenset()

    @property
    def failures(self) -> int:
        """How many things broke."""
        return len(self.nodes) + len(self.links)

    def __or__(self, other: "Cut") -> "Cut":
        """Return both cuts together."""
        return Cut(self.nodes | other.nodes, self.links | other.links)

    @property
    def ends(self) -> frozenset[str]:
        """What died, and both ends of what was cut."""
        return self.nodes.union(*self.links)


def single_cuts(campus: Ways) -> Iterator[Cut]:
    """Yield each node and each link, cut alone."""
    yield from (Cut(nodes=frozenset((name,))) for name in campus)
    yield from (Cut(links=frozenset((link,))) for link in links(campus))


def silent(campus: Ways, cut: Cut) -> frozenset[str]:
    """Return what does not answer: all that no whole way leads to any more, or that died."""
    answering: set[str] = set()
    while more := {
        name
        for name, through in campus.items()
        if name not in cut.nodes | answering
        and (
            not through
            or any(p in answering and frozenset((name, p)) not in cut.links for p in through)
        )
    }:
        answering |= more
    return frozenset(campus) - answering


def told(campus: Ways, lost: frozenset[str]) -> frozenset[str]:
    """Return the first of what is silent on each way from the top."""
    return frozenset(
        name for name in lost if not campus[name] or any(p not in lost for p in campus[name])
    )


def severity(campus: Ways, lost: frozenset[str], name: str) -> str:
    """Return how one of those told is: a device that cuts nothing off can wait until morning."""
    cuts_off = any(name in campus[other] for other in lost - told(campus, lost))
    return "page" if is_host(name) or cuts_off else "ticket"


def is_host(name: str) -> bool:
    """Whether it is a server; all others are devices."""
    return name.startswith(("router", "server"))


def estate(folder: Path, campus: Ways) -> Estate:
    """Return the lab with the campus as a site of Velgora, read from YAML as any estate is."""
    copy = folder / "estate"
    shutil.copytree(SHIPPED_ESTATES / "lab", copy)
    file = copy / "municipalities" / f"{TOWN}.yml"
    town = yaml.safe_load(file.read_text(encoding="utf-8"))
    town["sites"] += [{"id": "campus", "name": "Campus", "network": NETWORK, "gateway": GATEWAY}]
    for number, (name, through) in enumerate(campus.items()):
        kind = "hosts" if is_host(name) else "devices"
        town[kind].append(_machine(name, str(FIRST + number), through))
    file.write_text(yaml.safe_dump(town), encoding="utf-8")
    return load_estate(copy)


def full_names(names: Iterable[str]) -> frozenset[str]:
    """Return the names that the estate has for them."""
    return frozenset(f"{TOWN}-{name}" for name in names)


def _machine(name: str, address: str, through: tuple[str, ...]) -> dict[str, Any]:
    parents = [f"{TOWN}-{parent}" for parent in through]
    return {
        "id": name,
        "site": "campus",
        "provider": "existing",
        "address": address,
        **({"manage": "watch"} if is_host(name) else {"kind": "switch"}),
        **({"parent": parents[0] if len(parents) == 1 else parents} if parents else {}),
    }
