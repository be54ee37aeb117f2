"""Second copies that are none: beside the data or the first, or missing where a class needs one.

3-2-1-1-0 in words: three of the data (itself and two copies), on two systems, one at another site,
one that whoever has the first cannot delete, none that no drill has restored.
"""

from collections.abc import Iterator, Mapping, Sequence

from inventory.consistency.buckets import why_no_second_copy
from inventory.consistency.continuity import HostInFile, hosts_in_files, second_copy
from inventory.consistency.references import no_such_name
from inventory.continuity import strictest
from inventory.copies import accepted
from inventory.enums import Level, Role
from inventory.levels import reaches
from inventory.model.hosts import BackupPlan, Host
from inventory.model.waivers import Waiver
from inventory.parsed import ParsedEstate, ParsedTenant, tenant_id
from inventory.problems import Problem
from inventory.source import PathKey
from inventory.tiers import CLASSES

RULE = (
    "a vault at a third site (3-2-1-1-0: the data and two copies, on two systems, at another site, "
    "one that who has the first cannot delete, none without a drill)"
)

IN_A_BUCKET = (
    "a bucket away from the data and the first copy, whose lock lasts for as long as copies stay"
)

Hosts = Mapping[str, HostInFile]


def find_second_copy_problems(
    estate: ParsedEstate,
    tenants: Sequence[ParsedTenant],
    waivers: Sequence[Waiver],
    *,
    complete: bool,
) -> Iterator[Problem]:
    """Yield what is wrong with second targets, and plans that lack the one that their class needs.

    `complete` says that every file of the estate could be read: only then is a name unknown.
    """
    hosts = hosts_in_files(estate, tenants)
    for tenant in tenants:
        for number, host in enumerate(tenant.value.hosts):
            name = f"{tenant_id(tenant.value)}-{host.id}"
            if not reaches(hosts[name][2], Level.BASELINE):
                continue  # it runs no plans
            short = not accepted(waivers, tenant_id(tenant.value), name)
            for row, plan in enumerate(host.backups):
                path = ("hosts", number, "backups", row)
                if second_copy(tenant, plan):
                    yield from _of_plan(name, path, plan, hosts, estate, complete=complete)
                elif short:
                    yield from _too_few(tenant, name, host, (*path, "target"))


def _of_plan(
    name: str,
    path: PathKey,
    plan: BackupPlan,
    hosts: Hosts,
    estate: ParsedEstate,
    *,
    complete: bool,
) -> Iterator[Problem]:
    tenant, second = hosts[name][0], second_copy(hosts[name][0], plan)
    buckets = {bucket.id: bucket for bucket in estate.value.buckets}
    where = (*path, "second_target") if plan.second_target else ("second_target",)
    if second in buckets:
        if wrong := why_no_second_copy(buckets[second], name, plan, hosts, estate):
            yield tenant.problem(
                where, wrong, IN_A_BUCKET, "name such a bucket, or have its lock made longer"
            )
    elif second not in hosts:
        if complete:
            yield no_such_name(tenant, where, second, [*hosts, *buckets])
    elif wrong := _wrong(name, second, plan, hosts):
        yield tenant.problem(where, wrong, RULE, "name such a vault, or leave second_target: out")


def _wrong(name: str, second: str, plan: BackupPlan, hosts: Hosts) -> str | None:
    """Return why a host cannot pull the second copy of a plan; None when it can."""
    _, keeper, level = hosts[second]
    if Role.VAULT not in keeper.roles:
        return f"{second} keeps no copies: it has not the role vault"
    if level is not Level.FULL:
        return f"{second} is only at {level}: nothing there pulls copies"
    if second == name:
        return f"{name} would keep the second copy itself: lost with the data, it is none"
    if second == plan.target:
        return (
            f"both copies of {name} would lie on {second}: whoever takes that over deletes the "
            "only copies that there are"
        )
    if _site(second, hosts) == _site(name, hosts):
        return f"{name} and its second copy on {second} would stand at one site, {keeper.site}"
    if plan.target in hosts and _site(second, hosts) == _site(plan.target, hosts):
        return (
            f"the first copy of {name} on {plan.target} and the second on {second} would stand at "
            f"one site, {keeper.site}"
        )
    return None


def _site(name: str, hosts: Hosts) -> tuple[str, str]:
    tenant, host, _ = hosts[name]
    return tenant_id(tenant.value), host.site


def _too_few(tenant: ParsedTenant, name: str, host: Host, path: PathKey) -> Iterator[Problem]:
    promise = strictest(s for s in tenant.value.services if host.id in s.hosts)
    needed = CLASSES[promise.continuity].copies
    if needed > 1:
        yield tenant.problem(
            path,
            f"the services of {name} are of class {promise.continuity}, and there is one copy of "
            "their data: who takes its target over, or a fire there, leaves none",
            f"second_target: {RULE}",
            "add second_target: at the plan or at the municipality, a bucket with object lock "
            "where there is no third site; where there truly is neither, accept it in "
            f"waivers.yml: control: BKP-02, scope: {name}, with an end",
        )
