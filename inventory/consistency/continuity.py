"""Promises of continuity that cannot be kept: no class, too seldom, or copies beside the source."""

from collections.abc import Iterator, Mapping, Sequence

from inventory.continuity import LAG_HOURS, promise_of, schedule_hours, strictest
from inventory.copies import OFF_SITE, accepted
from inventory.enums import Level, Role
from inventory.levels import declared_level, reaches
from inventory.model.hosts import SCHEDULES_HOURS, BackupPlan, Host
from inventory.model.tenants import Service
from inventory.model.waivers import Waiver
from inventory.parsed import ParsedEstate, ParsedTenant, tenant_id
from inventory.problems import Problem
from inventory.source import PathKey

HostInFile = tuple[ParsedTenant, Host, Level]
"""A host with the file that it is in, and its level."""


def find_continuity_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant], waivers: Sequence[Waiver]
) -> Iterator[Problem]:
    """Yield what a service or a backup plan promises in vain; plans of unmanaged hosts run none."""
    hosts = hosts_in_files(estate, tenants)
    for tenant in tenants:
        yield from _without_class(tenant)
        yield from _too_short(tenant)
        for number, host in enumerate(tenant.value.hosts):
            name = f"{tenant_id(tenant.value)}-{host.id}"
            for row, plan in enumerate(host.backups):
                path = ("hosts", number, "backups", row)
                yield from _too_seldom(tenant, host, path, plan)
                waived = accepted(waivers, tenant_id(tenant.value), name)
                buckets = {one.id for one in estate.value.buckets}
                away = plan.target != name and second_copy(tenant, plan) in buckets
                if reaches(hosts[name][2], Level.BASELINE) and not waived and not away:
                    yield from _beside(name, path, plan, hosts)


def second_copy(tenant: ParsedTenant, plan: BackupPlan) -> str:
    """Return where a plan's second copy is to lie, as its files say; empty: nowhere."""
    return plan.second_target or tenant.value.second_target or ""


def hosts_in_files(estate: ParsedEstate, tenants: Sequence[ParsedTenant]) -> dict[str, HostInFile]:
    """Return every host of the files by its full name."""
    return {
        f"{tenant_id(tenant.value)}-{host.id}": (
            tenant,
            host,
            declared_level(host, tenant.value, estate.value),
        )
        for tenant in tenants
        for host in tenant.value.hosts
    }


def _without_class(tenant: ParsedTenant) -> Iterator[Problem]:
    backed_up = {host.id: host.backups[0].id for host in tenant.value.hosts if host.backups}
    for index, service in enumerate(tenant.value.services):
        kept = [host for host in service.hosts if host in backed_up]
        if kept and service.continuity is None:
            yield tenant.problem(
                ("services", index, "continuity"),
                f"{service.id} keeps data (plan {backed_up[kept[0]]} of {kept[0]}), and nothing "
                "says what its loss costs",
                "continuity: A, B or C",
                "ask those who work with it how many hours of entries may be lost (A 4, B 26, "
                "C 50) and how long they can do without it (A 4, B 24, C 72), and write its class",
            )


def _too_short(tenant: ParsedTenant) -> Iterator[Problem]:
    shortest = min(SCHEDULES_HOURS) + LAG_HOURS
    for index, service in enumerate(tenant.value.services):
        if service.rpo_hours is not None and service.rpo_hours < shortest:
            yield tenant.problem(
                ("services", index, "rpo_hours"),
                f"no schedule keeps an RPO of {service.rpo_hours:g} hours: hourly runs are known "
                f"of {LAG_HOURS} hours later at the latest",
                f"at least {shortest} hours",
                "write what snapshots can give; what is to lose less needs a standby of its own",
            )


def _too_seldom(
    tenant: ParsedTenant, host: Host, path: PathKey, plan: BackupPlan
) -> Iterator[Problem]:
    of_host = [service for service in tenant.value.services if host.id in service.hosts]
    promise = strictest(of_host)
    needed = (plan.every_hours or 0) + LAG_HOURS
    if plan.every_hours is None or needed <= promise.rpo_hours:
        return
    longest = schedule_hours(promise.rpo_hours)
    yield tenant.problem(
        (*path, "every_hours"),
        f"a run every {plan.every_hours} hours cannot give the RPO of {promise.rpo_hours:g} hours "
        f"{_whose(of_host)}: with the {LAG_HOURS} hours until a snapshot is known of, {needed} "
        "hours may be lost",
        f"every_hours: {longest} or less",
        "leave it out (it follows from the class), or promise less at the service",
    )


def _whose(of_host: Sequence[Service]) -> str:
    if not of_host:
        return "of class C"
    asking = min(of_host, key=lambda service: promise_of(service).rpo_hours)
    return f"that the service {asking.id} promises"


def _beside(
    name: str, path: PathKey, plan: BackupPlan, hosts: Mapping[str, HostInFile]
) -> Iterator[Problem]:
    """Yield a copy that no other site has; what else is wrong with a target is told elsewhere."""
    tenant, host, _ = hosts[name]
    target = hosts.get(plan.target)
    if target is None or Role.VAULT not in target[1].roles or target[2] is not Level.FULL:
        return
    if plan.target == name and not _is_the_only_vault(host, hosts):
        return
    if (tenant_id(target[0].value), target[1].site) != (tenant_id(tenant.value), host.site):
        return
    yield tenant.problem(
        (*path, "target"),
        _what_is_lost(name, plan, host),
        "a copy at another site that the host can add to and not delete from (3-2-1-1-0)",
        "name a vault at another site, or a bucket with object lock as second_target; where there "
        "truly is neither, accept it in waivers.yml: "
        f"control: {OFF_SITE}, scope: {name}, with reason, measure and an end",
    )


def _is_the_only_vault(host: Host, hosts: Mapping[str, HostInFile]) -> bool:
    """Whether a host that operates the estate has nobody else to keep its copies."""
    vaults = [other for _, other, _ in hosts.values() if Role.VAULT in other.roles]
    return Role.OPERATIONS in host.roles and vaults == [host]


def _what_is_lost(name: str, plan: BackupPlan, host: Host) -> str:
    if plan.target == name:
        return (
            f"the copies of {name} lie on itself: none is off-site, and none only grows, since who "
            "takes it over can delete them"
        )
    return (
        f"{name} and its copies on {plan.target} stand at one site, {host.site}: no copy is "
        "off-site"
    )
