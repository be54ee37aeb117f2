"""Ways in that lead nowhere, are not pinned, or lead to one machine twice."""

from collections.abc import Iterator, Mapping, Sequence

from inventory.connections import merged, split_jump
from inventory.consistency.references import no_such_name
from inventory.enums import ConnectionKind
from inventory.model.configuration import DeviceSsh
from inventory.model.hosts import Host
from inventory.model.ssh import Administrator, Ssh
from inventory.parsed import ParsedEstate, ParsedTenant, tenant_id
from inventory.problems import Problem
from inventory.source import PathKey

Owner = ParsedEstate | ParsedTenant


def find_connection_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant], *, complete: bool
) -> Iterator[Problem]:
    """Yield what is wrong with `ssh:`, `connection:`, `host_key:` and `administrators:`.

    `complete` says that every file of the estate could be read: only then is a name unknown.
    """
    names = {
        f"{tenant_id(tenant.value)}-{host.id}": (tenant, number, host)
        for tenant in tenants
        for number, host in enumerate(tenant.value.hosts)
    }
    for owner, path, said in _said(estate, tenants):
        yield from _sudo(owner, path, said)
        yield from _jump(owner, path, said, names if complete else None)
    for tenant, path, way in _gear(tenants):
        yield from _jump(tenant, path, way, names if complete else None)
    yield from _circles(estate, names)
    yield from _passwords(estate, names)
    yield from _local(names)
    yield from _same_key(names)
    owners: tuple[Owner, ...] = (estate, *tenants)
    for owner in owners:
        yield from _administrators(owner)


Names = Mapping[str, tuple[ParsedTenant, int, Host]]


def _said(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant]
) -> Iterator[tuple[Owner, PathKey, Ssh]]:
    """Yield each `ssh:` with the file and the path that it stands at."""
    if estate.value.ssh:
        yield estate, ("ssh",), estate.value.ssh
    for tenant in tenants:
        if tenant.value.ssh:
            yield tenant, ("ssh",), tenant.value.ssh
        for number, host in enumerate(tenant.value.hosts):
            if host.ssh:
                yield tenant, ("hosts", number, "ssh"), host.ssh


def _gear(
    tenants: Sequence[ParsedTenant],
) -> Iterator[tuple[ParsedTenant, PathKey, DeviceSsh]]:
    """Yield the `ssh:` of each device whose configuration is read."""
    for tenant in tenants:
        for number, device in enumerate(tenant.value.devices):
            if device.configuration:
                path = ("devices", number, "configuration", "ssh")
                yield tenant, path, device.configuration.ssh


def _sudo(owner: Owner, path: PathKey, said: Ssh) -> Iterator[Problem]:
    if (said.sudo_password or "").startswith("generated:"):
        yield owner.problem(
            (*path, "sudo_password"),
            "the password of an account that exists cannot be generated",
            "env:NAME, file:/PATH or vault:FILE#KEY",
            "write the password where only you can read it, and name that place",
        )


def _passwords(estate: ParsedEstate, names: Names) -> Iterator[Problem]:
    for tenant, number, host in names.values():
        said = merged(host.ssh, tenant.value.ssh, estate.value.ssh)
        if said.sudo == "password" and said.sudo_password is None:
            own = ("ssh", "sudo") if host.ssh and host.ssh.sudo else ()
            yield tenant.problem(
                ("hosts", number, *own),
                "sudo asks for a password there, and none is named",
                "sudo_password: env:NAME, file:/PATH or vault:FILE#KEY",
                "add sudo_password: beside sudo: password",
            )


def _jump(
    owner: Owner, path: PathKey, said: Ssh | DeviceSsh, names: Names | None
) -> Iterator[Problem]:
    if said.jump is None:
        return
    if "@" not in said.jump:
        if names is not None and said.jump not in names:
            yield no_such_name(owner, (*path, "jump"), said.jump, names)
        return
    try:
        split_jump(said.jump)
    except ValueError as error:
        yield owner.problem(
            (*path, "jump"), str(error), "a port from 1 to 65535", "correct the port"
        )
    if said.jump_host_key is None:
        yield owner.problem(
            (*path, "jump"),
            f"{said.jump} is not in the inventory, and its SSH host key is not declared",
            "jump_host_key: a line such as ssh-ed25519 AAAA…",
            "read /etc/ssh/ssh_host_ed25519_key.pub on its console and paste it",
        )


def _circles(estate: ParsedEstate, names: Names) -> Iterator[Problem]:
    for name, (tenant, number, host) in names.items():
        chain, here = [name], _next(estate, names, name)
        while here is not None and here not in chain:
            chain.append(here)
            here = _next(estate, names, here)
        if here == name:
            own = ("ssh", "jump") if host.ssh and host.ssh.jump else ()
            yield tenant.problem(
                ("hosts", number, *own),
                f"it is jumped to through itself: {' through '.join((*chain, name))}",
                "a chain of jump hosts that ends at one that can be reached",
                "correct jump: of one of these hosts",
            )


def _next(estate: ParsedEstate, names: Names, name: str) -> str | None:
    if name not in names:
        return None
    tenant, _, host = names[name]
    own = host.ssh.jump if host.ssh else None
    inherited = merged(None, tenant.value.ssh, estate.value.ssh).jump
    # What all of a tenant is jumped to through is itself reached directly.
    return own or (inherited if inherited != name else None)


def _local(names: Names) -> Iterator[Problem]:
    local = [name for name, (*_, h) in names.items() if h.connection is ConnectionKind.LOCAL]
    for name in local[1:]:
        tenant, number, _ = names[name]
        yield tenant.problem(
            ("hosts", number, "connection"),
            f"this very machine is {local[0]} already",
            "one host with connection: local",
            "give the others connection: ssh",
        )


def _same_key(names: Names) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for name, (tenant, number, host) in names.items():
        if host.host_key and first.setdefault(host.host_key, name) != name:
            yield tenant.problem(
                ("hosts", number, "host_key"),
                f"{first[host.host_key]} has the same SSH host key: one machine, or a copy",
                "a host key that no other machine has",
                "remove one of the two; a copy gets keys of its own with "
                "`rm /etc/ssh/ssh_host_*_key* && ssh-keygen -A` at its console",
            )


def _administrators(owner: Owner) -> Iterator[Problem]:
    logins: dict[str, Administrator] = {}
    for number, person in enumerate(owner.value.administrators):
        if logins.setdefault(person.login, person) is not person:
            yield owner.problem(
                ("administrators", number, "login"),
                f"{logins[person.login].name} has the login {person.login!r} already",
                "a login for each person",
                "give one of the two another login",
            )
