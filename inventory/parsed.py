"""A file of an estate together with what it says, and the names of what its files declare."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from inventory.model.devices import Device
from inventory.model.estate import EstateFile
from inventory.model.hosts import Host
from inventory.model.tenants import CENTRAL, Municipality, TenantFile
from inventory.problems import Problem
from inventory.source import PathKey, Source, show_path

Value = TypeVar("Value", bound=BaseModel, covariant=True)


@dataclass(frozen=True, slots=True)
class ParsedFile(Generic[Value]):
    """A valid value together with the file it was read from."""

    source: Source
    value: Value

    def problem(self, path: PathKey, message: str, expected: str, action: str) -> Problem:
        """Return a Problem that stands at a path of this file."""
        line = self.source.line(path)
        return Problem(self.source.file, line, show_path(path), message, expected, action)

    def where(self, path: PathKey) -> str:
        """Return `file:line` of a path."""
        return f"{self.source.file.name}:{self.source.line(path)}"


ParsedEstate = ParsedFile[EstateFile]
ParsedTenant = ParsedFile[TenantFile]


def tenant_id(content: TenantFile) -> str:
    """Return the id of a municipality, or `central`."""
    return content.municipality if isinstance(content, Municipality) else CENTRAL


def machines(content: TenantFile) -> Iterator[tuple[PathKey, Host | Device]]:
    """Yield every host, then every device, of a tenant with its path in the file."""
    for index, host in enumerate(content.hosts):
        yield ("hosts", index), host
    for index, device in enumerate(content.devices):
        yield ("devices", index), device


def host_names(tenants: Iterable[ParsedTenant]) -> Iterator[str]:
    """Yield the full name of every host, `<tenant>-<id>`."""
    for tenant in tenants:
        for host in tenant.value.hosts:
            yield f"{tenant_id(tenant.value)}-{host.id}"


def machine_names(tenants: Iterable[ParsedTenant]) -> Iterator[str]:
    """Yield the full name of every host and device."""
    for tenant in tenants:
        for _, machine in machines(tenant.value):
            yield f"{tenant_id(tenant.value)}-{machine.id}"
