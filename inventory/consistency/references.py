"""Names of hosts and devices that lead nowhere, to the wrong kind, or back to where they start."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from inventory.entries import implied_parents
from inventory.enums import Role
from inventory.model.devices import Device
from inventory.model.hosts import Host
from inventory.parsed import ParsedEstate, ParsedTenant, machines, tenant_id
from inventory.problems import Problem
from inventory.reached_through import Ways, cut_off
from inventory.source import PathKey


@dataclass(frozen=True, slots=True)
class Machine:
    """A host or device, by which full name it is reached, and where its file says so."""

    tenant: ParsedTenant
    path: PathKey
    entry: Host | Device
    parents: tuple[str, ...]


def find_name_problems(tenants: Sequence[ParsedTenant], *, complete: bool) -> Iterator[Problem]:
    """Yield parents, backup targets and services' hosts that cannot be as they are named.

    `complete` says that every file of the estate could be read: only then is a name unknown.
    """
    by_name = dict(_machines(tenants))
    for tenant in tenants:
        yield from _services(tenant)
    for name, machine in by_name.items():
        yield from _parents(name, machine, by_name, complete=complete)
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
            edges = (f"{prefix}-{edge}" for edge in implied_parents(tenant.value, entry))
            parents = tuple(edges) if entry.parent is None else entry.parent
            yield f"{prefix}-{entry.id}", Machine(tenant, path, entry, parents)


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


def _parents(
    name: str, machine: Machine, by_name: Mapping[str, Machine], *, complete: bool
) -> Iterator[Problem]:
    declared = machine.entry.parent or ()
    for number, parent in enumerate(declared):
        alone = len(declared) == 1
        path = (*machine.path, "parent", *(() if alone else (number,)))
        if parent in declared[:number]:
            yield machine.tenant.problem(
                path,
                f"{parent} is named twice",
                "each way once",
                "remove it, or name what the other way leads through",
            )
        elif parent == name and not alone:
            yield _through_itself(machine, path, (name, name))
        elif parent not in by_name and complete:
            yield no_such_name(machine.tenant, path, parent, by_name)


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
    """Follow what no way leads to; a circle is reported once, where it declares a parent first.

    A ring that is entered somewhere is none. A parent that is unknown may be such an entry.
    """
    ways: Ways = {
        name: machine.parents if all(parent in by_name for parent in machine.parents) else ()
        for name, machine in by_name.items()
    }
    lost = cut_off(ways, ())
    done: set[str] = set()
    for name in ways:
        chain: list[str] = []
        here = name
        while here in lost and here not in chain and here not in done:
            chain.append(here)
            here = ways[here][0]
        done.update(chain)
        if here in chain:
            yield _circle(chain[chain.index(here) :], by_name)


def _circle(names: Sequence[str], by_name: Mapping[str, Machine]) -> Problem:
    machine = next(by_name[name] for name in names if by_name[name].entry.parent)
    return _through_itself(machine, (*machine.path, "parent"), (*names, names[0]))


def _through_itself(machine: Machine, path: PathKey, names: Sequence[str]) -> Problem:
    return machine.tenant.problem(
        path,
        f"it is reached through itself: {' through '.join(names)}",
        "a chain of parents that ends where the site is entered",
        "remove or correct one of these parents",
    )
