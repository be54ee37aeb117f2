"""Levels of management that cannot be: too high for a host, or for what others need of it."""

from collections.abc import Iterator, Sequence

from inventory.entries import declared_provider
from inventory.enums import Level, ProviderName, Role, System
from inventory.levels import declared_level, reaches
from inventory.model.hosts import Host
from inventory.parsed import ParsedEstate, ParsedTenant, tenant_id
from inventory.problems import Problem

Leveled = tuple[ParsedTenant, int, Host, Level]
"""A host with its file, its number there, and its level."""


def find_level_problems(estate: ParsedEstate, tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    """Yield hosts whose `manage:` asks for more than can be done there."""
    leveled = {
        f"{tenant_id(tenant.value)}-{host.id}": (
            tenant,
            number,
            host,
            declared_level(host, tenant.value, estate.value),
        )
        for tenant in tenants
        for number, host in enumerate(tenant.value.hosts)
    }
    for tenant, number, host, level in leveled.values():
        yield from _windows(tenant, number, host, level)
        provider = declared_provider(host, tenant.value, estate.value)
        yield from _without_effect(tenant, number, host, level, provider)
    yield from _vaults(leveled)
    yield from _vaults_of_the_estate(estate, leveled)
    yield from _operations(leveled)


def _windows(tenant: ParsedTenant, number: int, host: Host, level: Level) -> Iterator[Problem]:
    if host.system is System.WINDOWS and level is not Level.WATCH:
        yield tenant.problem(
            ("hosts", number, *(("manage",) if host.manage else ("system",))),
            f"a Windows server can be watched only, found manage: {level}",
            "manage: watch (ports, services, certificates, SNMP, a windows_exporter)",
            "write manage: watch at the host",
        )


def _without_effect(
    tenant: ParsedTenant, number: int, host: Host, level: Level, provider: ProviderName
) -> Iterator[Problem]:
    if host.accepts and provider is not ProviderName.EXISTING:
        yield tenant.problem(
            ("hosts", number, "accepts"),
            "nothing of a host that Bastide makes can be cut off",
            "accepts: at existing servers only",
            "remove it, or correct provider:",
        )
    if host.forwards and Role.EDGE in host.roles and level is Level.FULL:
        yield tenant.problem(
            ("hosts", number, "forwards"),
            "what an edge forwards at level full is its role's",
            "forwards: at a host that is no edge, or at a lower level",
            "remove it, or write manage: baseline at the host",
        )


def _vaults(leveled: dict[str, Leveled]) -> Iterator[Problem]:
    for name, (tenant, number, host, level) in leveled.items():
        for row, plan in enumerate(host.backups if reaches(level, Level.BASELINE) else ()):
            vault = leveled.get(plan.target)
            if vault and Role.VAULT in vault[2].roles and vault[3] is not Level.FULL:
                yield tenant.problem(
                    ("hosts", number, "backups", row, "target"),
                    f"{name} is backed up to {plan.target}, which is only at {vault[3]}: nothing "
                    "there takes its copies",
                    "a host with the role vault at manage: full",
                    f"write manage: full at {plan.target}, a machine for Bastide alone",
                )


def _vaults_of_the_estate(estate: ParsedEstate, leveled: dict[str, Leveled]) -> Iterator[Problem]:
    """Yield what the estate asks of a vault on which nothing is installed."""
    watch = estate.value.notify.operations_watch if estate.value.notify else None
    asked: dict[tuple[str, ...], str | None] = {("witness",): estate.value.witness}
    asked |= {("notify", "operations_watch", "vault"): watch.vault} if watch else {}
    for path, name in asked.items():
        vault = leveled.get(name or "")
        if vault and Role.VAULT in vault[2].roles and vault[3] is not Level.FULL:
            yield estate.problem(
                path,
                f"{name} is only at {vault[3]}: nothing there does it",
                "a host with the role vault at manage: full",
                f"write manage: full at {name}, a machine for Bastide alone",
            )


def _operations(leveled: dict[str, Leveled]) -> Iterator[Problem]:
    operating = [row for row in leveled.values() if Role.OPERATIONS in row[2].roles]
    managed = [name for name, row in leveled.items() if reaches(row[3], Level.BASELINE)]
    if not managed or any(level is Level.FULL for *_, level in operating):
        return
    for tenant, number, host, level in operating:
        yield tenant.problem(
            ("hosts", number, *(("manage",) if host.manage else ())),
            f"{managed[0]} is managed, and sends its logs here, where nothing is: found manage: "
            f"{level}",
            "the operations host at manage: full",
            "write manage: full at the operations host, a machine for Bastide alone",
        )
