"""What no single value can know: addresses that clash, names that lead nowhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from inventory.enums import LAB_DEVICE_KINDS, ProviderName, Role
from inventory.model import CENTRAL, Central, EstateFile, Municipality
from inventory.problems import Problem
from inventory.source import PathKey, Source
from inventory.validation import show_path

Value = TypeVar("Value", bound=BaseModel, covariant=True)
Local = Central | Municipality


@dataclass(frozen=True, slots=True)
class Part(Generic[Value]):
    """A value together with the file it was read from."""

    source: Source
    value: Value

    def problem(self, path: PathKey, message: str, expected: str, action: str) -> Problem:
        """Return a Problem that stands at a path of this file."""
        line = self.source.line(path)
        return Problem(self.source.file, line, show_path(path), message, expected, action)

    def where(self, path: PathKey) -> str:
        """Return `file:line` of a path."""
        return f"{self.source.file.name}:{self.source.line(path)}"


def find_contradictions(
    head: Part[EstateFile], parts: Sequence[Part[Local]], *, complete: bool
) -> list[Problem]:
    """Return what contradicts across the estate's files; `complete`: all could be read."""
    problems = [*_municipality_ids(parts), *_addresses(parts), *_lab_ranges(head)]
    names = frozenset(names_of(parts))
    for part in parts:
        problems += [
            *_own_ids(part),
            *_sites(part),
            *_services(part),
            *_lab_devices(head.value, part),
            *_hosts(head.value, part, names, complete=complete),
        ]
    return problems


def place_id(value: Local) -> str:
    """Return the id of a municipality, or `central`."""
    return value.municipality if isinstance(value, Municipality) else CENTRAL


def host_names(parts: Iterable[Part[Local]]) -> Iterator[str]:
    """Yield the full name of every host, `<municipality>-<id>`."""
    for part in parts:
        for host in part.value.hosts:
            yield f"{place_id(part.value)}-{host.id}"


def names_of(parts: Iterable[Part[Local]]) -> Iterator[str]:
    """Yield the full name of every host and device."""
    yield from host_names(parts)
    for part in parts:
        for device in part.value.devices:
            yield f"{place_id(part.value)}-{device.id}"


def _municipality_ids(parts: Iterable[Part[Local]]) -> Iterator[Problem]:
    seen: dict[str, str] = {CENTRAL: "the central site"}
    for part in parts:
        if isinstance(part.value, Central):
            continue
        name, path = part.value.municipality, ("municipality",)
        if name in seen:
            yield part.problem(
                path, f"{name!r} is taken by {seen[name]}", "an id of its own", "rename one"
            )
        seen.setdefault(name, part.where(path))


def _own_ids(part: Part[Local]) -> Iterator[Problem]:
    seen: dict[str, PathKey] = {}
    for kind in ("hosts", "devices"):
        for index, thing in enumerate(getattr(part.value, kind)):
            path = (kind, index, "id")
            if thing.id in seen:
                yield part.problem(
                    path,
                    f"{thing.id!r} is also the id at {part.where(seen[thing.id])}",
                    "an id of its own within the municipality",
                    "rename one of them",
                )
            seen.setdefault(thing.id, path)


def _addresses(parts: Iterable[Part[Local]]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for part in parts:
        for path, address in _declared_addresses(part.value):
            if address in seen:
                yield part.problem(
                    path,
                    f"{address} is also the address at {seen[address]}",
                    "an address of its own for each host and device",
                    "change one of the two",
                )
            seen.setdefault(address, part.where(path))


def _declared_addresses(value: Local) -> Iterator[tuple[PathKey, str]]:
    for index, host in enumerate(value.hosts):
        yield ("hosts", index, "address"), str(host.address)
        if host.uplink:
            yield ("hosts", index, "uplink"), str(host.uplink)
    for index, device in enumerate(value.devices):
        yield ("devices", index, "address"), str(device.address)


def _sites(part: Part[Local]) -> Iterator[Problem]:
    sites = {site.id: site for site in part.value.sites}
    for index, site in enumerate(part.value.sites):
        if site.gateway not in site.network:
            yield part.problem(
                ("sites", index, "gateway"),
                f"{site.gateway} is not in {site.network}",
                "an address of the site's network",
                "correct the gateway or the network",
            )
    for kind in ("hosts", "devices"):
        for index, thing in enumerate(getattr(part.value, kind)):
            if thing.site not in sites:
                yield part.problem(
                    (kind, index, "site"),
                    f"there is no site {thing.site!r}",
                    f"one of: {', '.join(sites)}",
                    "correct it or add the site",
                )
            elif thing.address not in sites[thing.site].network:
                yield part.problem(
                    (kind, index, "address"),
                    f"{thing.address} is not in the site's network",
                    f"an address of {sites[thing.site].network}",
                    "correct the address or the site",
                )


def _services(part: Part[Local]) -> Iterator[Problem]:
    hosts = [host.id for host in part.value.hosts]
    for index, service in enumerate(part.value.services):
        for number, host in enumerate(service.hosts):
            if host not in hosts:
                yield part.problem(
                    ("services", index, "hosts", number),
                    f"there is no host {host!r} in {place_id(part.value)}",
                    f"one of: {', '.join(hosts)}",
                    "correct the name or add the host",
                )


def _lab_devices(head: EstateFile, part: Part[Local]) -> Iterator[Problem]:
    for index, device in enumerate(part.value.devices):
        lab = (device.provider or head.provider) is ProviderName.LAB
        if lab and device.kind not in LAB_DEVICE_KINDS:
            yield part.problem(
                ("devices", index, "kind"),
                f"the lab simulates no {device.kind.value}",
                f"one of: {', '.join(sorted(LAB_DEVICE_KINDS))}",
                "use one of these, or `provider: existing` for a device that is there",
            )


def _hosts(
    head: EstateFile, part: Part[Local], names: frozenset[str], *, complete: bool
) -> Iterator[Problem]:
    for index, host in enumerate(part.value.hosts):
        provider = host.provider or head.provider
        if provider is ProviderName.EXISTING and host.host_key is None:
            yield part.problem(
                ("hosts", index, "host_key"),
                "an existing host needs its SSH host key",
                "a line such as ssh-ed25519 AAAA…",
                "read /etc/ssh/ssh_host_ed25519_key.pub on its console and paste it",
            )
        if Role.EDGE in host.roles and provider is ProviderName.LAB and host.uplink is None:
            yield part.problem(
                ("hosts", index, "uplink"),
                "an edge needs its address towards the WAN",
                "an address of lab.wan",
                "add uplink:",
            )
        targets = [(("backups", n, "target"), plan.target) for n, plan in enumerate(host.backups)]
        parent = [(("parent",), host.parent)] if host.parent else []
        for inner, name in (*targets, *parent):
            if complete and name not in names:
                yield part.problem(
                    ("hosts", index, *inner),
                    f"there is no host or device {name!r} in the estate",
                    "a full name, <municipality>-<id>",
                    "correct the name",
                )


def _lab_ranges(head: Part[EstateFile]) -> Iterator[Problem]:
    if head.value.provider is ProviderName.LAB and head.value.lab is None:
        yield head.problem(
            ("provider",),
            "the lab provider needs address ranges",
            "lab: with range, wan and uplink",
            "add lab:",
        )
