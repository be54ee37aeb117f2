"""What hosts lack: the key that an existing one is known by, and one that operates the estate."""

from collections.abc import Iterator, Sequence

from inventory.entries import declared_provider
from inventory.enums import ConnectionKind, Level, ProviderName, Role
from inventory.levels import declared_level
from inventory.model.tenants import Central
from inventory.parsed import ParsedEstate, ParsedTenant
from inventory.problems import Problem


def find_host_problems(estate: ParsedEstate, tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    """Yield hosts that lack what their provider needs, and what is wrong with who operates."""
    for tenant in tenants:
        yield from _operations(tenant)
        yield from _scratch(tenant)
        for number, host in enumerate(tenant.value.hosts):
            provider = declared_provider(host, tenant.value, estate.value)
            level = declared_level(host, tenant.value, estate.value)
            logged_in = host.connection is ConnectionKind.SSH and level is not Level.WATCH
            if provider is ProviderName.EXISTING and host.host_key is None and logged_in:
                yield tenant.problem(
                    ("hosts", number, "host_key"),
                    "an existing host that is logged in to needs its SSH host key",
                    "a line such as ssh-ed25519 AAAA…",
                    "read /etc/ssh/ssh_host_ed25519_key.pub on its console and paste it,"
                    " or give manage: watch",
                )


def _scratch(tenant: ParsedTenant) -> Iterator[Problem]:
    """A scratch machine's own database server is stopped: drills start theirs."""
    for number, host in enumerate(tenant.value.hosts):
        for row, plan in enumerate(host.backups if Role.SCRATCH in host.roles else ()):
            if plan.database is not None:
                yield tenant.problem(
                    ("hosts", number, "backups", row, "database"),
                    f"the role scratch stops the server of the database {plan.database}",
                    "databases on a host without the role scratch",
                    "give the role scratch to another host of central.yml",
                )


def _operations(tenant: ParsedTenant) -> Iterator[Problem]:
    """Its ports open to the central networks, and it is given the estate's SNMP secrets."""
    operating = [n for n, host in enumerate(tenant.value.hosts) if Role.OPERATIONS in host.roles]
    if not isinstance(tenant.value, Central):
        for number in operating:
            yield tenant.problem(
                ("hosts", number, "roles"),
                "the operations host stands at the central site",
                "no role operations in a municipality",
                "give the role to a host of central.yml",
            )
    elif not operating:
        yield tenant.problem(
            ("hosts",),
            "no host has the role operations",
            "a host that watches the estate: roles: [operations, resolver]",
            "give one of the hosts the role, or add a host for it",
        )
