"""Names of hosts and devices that lead nowhere, to the wrong kind, or back to where they start."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inventory.entries import implied_parent
from inventory.enums import Role
from inventory.model.devices import Device
from inventory.model.hosts import Host
from inventory.parsed import ParsedEstate, ParsedTenant, machines, tenant_id
from inventory.problems import Problem
from inventory.source import PathKey


@dataclass(frozen=True, slots=True)
class Machine:
    """A host or device, by which full name it is reached, and where its file says so."""

    tenant: ParsedTenant
    path: PathKey
    entry: Host | Device
    parent: str | None


def find_name_problems(tenants: Sequence[ParsedTenant], *, complete: bool) -> Iterator[Problem]:
    """Yield parents, backup targets and services' hosts that cannot be as they are named.

    `complete` says that every file of the estate could be read: only then is a name unknown.
    """
    by_name = dict(_machines(tenants))
    for tenant in tenants:
        yield from _services(tenant)
    for name, machine in by_name.items():
        yield from _parent(machine, by_name, complete=complete)
        if isinstance(machine.entry, Host):
            yield from _targets(name, machine, machine.entry, by_name, complete=complete)
    yield from _circles(by_name)


def no_such_name(
    file: ParsedEstate | ParsedTenant, path: PathKey, name: str, names: Iterable[str]
) -> Problem:
    """Return the Problem of a full name that nothing in the estate has."""
    near = difflib.get_close_matches(name, sorted(names), n=1)
    return file.problem(
        path,
        f"there is no host or device {name!r} in the estate",
        "a full name, <municipality>-<id>",
        f"correct the name: did you mean {near[0]}?" if near else "correct the name, or add it",
    )


def _machines(tenants: Iterable[ParsedTenant]) -> Iterator[tuple[str, Machine]]:
    for tenant in tenants:
        prefix = tenant_id(tenant.value)
        for path, entry in machines(tenant.value):
            edge = implied_parent(tenant.value, entry)
            parent = entry.parent or (f"{prefix}-{edge}" if edge else None)
            yield f"{prefix}-{entry.id}", Machine(tenant, path, entry, parent)


def _services(tenant: ParsedTenant) -> Iterator[Problem]:
    hosts = [host.id for host in tenant.value.hosts]
    for index, service in enumerate(tenant.value.services):
        for number, host in enumerate(service.hosts):
            if host not in hosts:
                yield tenant.problem(
                    ("services", index, "hosts", number),
                    f"there is no host {host!r} in {tenant_id(tenant.value)}",
                    f"one of: {', '.join(hosts)}",
                    "correct the name or add the host",
                )


def _parent(
    machine: Machine, by_name: Mapping[str, Machine], *, complete: bool
) -> Iterator[Problem]:
    declared = machine.entry.parent
    if declared and declared not in by_name and complete:
        yield no_such_name(machine.tenant, (*machine.path, "parent"), declared, by_name)


def _targets(
    name: str, machine: Machine, host: Host, by_name: Mapping[str, Machine], *, complete: bool
) -> Iterator[Problem]:
    for number, plan in enumerate(host.backups):
        path = (*machine.path, "backups", number, "target")
        target = by_name.get(plan.target)
        if target is None:
            if complete:
                yield no_such_name(machine.tenant, path, plan.target, by_name)
        elif not isinstance(target.entry, Host) or Role.VAULT not in target.entry.roles:
            vaults = [n for n, m in by_name.items() if Role.VAULT in getattr(m.entry, "roles", ())]
            yield machine.tenant.problem(
                path,
                f"{plan.target} keeps no copies: it has not the role vault",
                f"one of: {', '.join(vaults)}" if vaults else "a host with roles: [vault]",
                "name another target, or give that host the role",
            )
        elif plan.target == name and not _is_whole_centre(name, host, by_name):
            yield machine.tenant.problem(
                path,
                f"{name} would keep its copies itself: lost with it, they are no backup",
                "another host with the role vault",
                "name another target",
            )


def _is_whole_centre(name: str, host: Host, by_name: Mapping[str, Machine]) -> bool:
    """Whether a host operates the estate and is its only vault: it has nobody else to ask."""
    vaults = [n for n, m in by_name.items() if Role.VAULT in getattr(m.entry, "roles", ())]
    return Role.OPERATIONS in host.roles and vaults == [name]


def _circles(by_name: Mapping[str, Machine]) -> Iterator[Problem]:
    """Follow the parents of each; a circle is reported once, where it declares a parent first."""
    done: set[str] = set()
    for name in by_name:
        chain: list[str] = []
        here: str | None = name
        while here is not None and here in by_name and here not in chain and here not in done:
            chain.append(here)
            here = by_name[here].parent
        done.update(chain)
        if here in chain:
            yield _circle(chain[chain.index(here) :], by_name)


def _circle(names: Sequence[str], by_name: Mapping[str, Machine]) -> Problem:
    machine = next(by_name[name] for name in names if by_name[name].entry.parent)
    return machine.tenant.problem(
        (*machine.path, "parent"),
        f"it is reached through itself: {' through '.join((*names, names[0]))}",
        "a chain of parents that ends where the site is entered",
        "remove or correct one of these parents",
    )
