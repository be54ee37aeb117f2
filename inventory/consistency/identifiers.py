"""Ids that are taken twice, or that mean something else already."""

from collections.abc import Hashable, Iterable, Iterator, Sequence

from inventory.enums import Role
from inventory.levels import GROUPS
from inventory.model.tenants import CENTRAL, Central
from inventory.model.waivers import ESTATE_SCOPE
from inventory.parsed import ParsedTenant, machines
from inventory.problems import Problem
from inventory.source import PathKey

# A municipality's id is an Ansible group and the scope of waivers; these are already one or both.
RESERVED_IDS = frozenset({*Role, *GROUPS, ESTATE_SCOPE, "all", "ungrouped", "municipal"})


def find_identifier_problems(tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    """Yield ids that are not their owner's alone."""
    yield from _municipalities(tenants)
    for tenant in tenants:
        content = tenant.value
        yield from _repeated(tenant, "the municipality", ((p, m.id) for p, m in machines(content)))
        for key in ("sites", "services"):
            ids = (((key, n), entry.id) for n, entry in enumerate(getattr(content, key)))
            yield from _repeated(tenant, f"these {key}", ids)
        for number, host in enumerate(content.hosts):
            plans = ((("hosts", number, "backups", n), p.id) for n, p in enumerate(host.backups))
            yield from _repeated(tenant, "the host's backups", plans)


def _municipalities(tenants: Iterable[ParsedTenant]) -> Iterator[Problem]:
    taken: dict[str, str] = {CENTRAL: "the central site"}
    taken |= dict.fromkeys(RESERVED_IDS, "a group of every estate")
    for tenant in tenants:
        if isinstance(tenant.value, Central):
            continue
        name, path = tenant.value.municipality, ("municipality",)
        if name in taken:
            yield tenant.problem(
                path, f"{name!r} is taken by {taken[name]}", "an id of its own", "rename one"
            )
        taken.setdefault(name, tenant.where(path))


def _repeated(
    tenant: ParsedTenant, scope: str, ids: Iterable[tuple[PathKey, Hashable]]
) -> Iterator[Problem]:
    first: dict[Hashable, PathKey] = {}
    for owner, name in ids:
        path = (*owner, "id")
        if name in first:
            yield tenant.problem(
                path,
                f"{name!r} is also the id at {tenant.where(first[name])}",
                f"an id of its own within {scope}",
                "rename one of them",
            )
        first.setdefault(name, path)
