"""Buckets that keep no second copy: one account for all, a secret of ours, a lock too short."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from inventory.consistency.continuity import HostInFile
from inventory.continuity import plan_terms, strictest
from inventory.model.buckets import Bucket
from inventory.model.hosts import BackupPlan
from inventory.model.tenants import Municipality
from inventory.parsed import ParsedEstate, tenant_id
from inventory.problems import Problem
from inventory.scalars import is_address

Site = tuple[str, str]
"""A tenant's id and a site's."""


def find_bucket_problems(estate: ParsedEstate) -> Iterator[Problem]:
    """Yield what is wrong with buckets by themselves."""
    buckets = estate.value.buckets
    for index, bucket in enumerate(buckets):
        path = ("buckets", index)
        if bucket.id in [other.id for other in buckets[:index]]:
            yield estate.problem(
                (*path, "id"),
                f"two buckets are called {bucket.id}",
                "an id of its own for each",
                "give one another id, and name that where it is meant",
            )
        if bucket.writer.access_key == bucket.reader.access_key:
            yield estate.problem(
                (*path, "reader", "access_key"),
                f"{bucket.reader.access_key} would add copies and read them: whoever takes the "
                "scratch machine over could cover them",
                "two accounts of the S3 server, each with a policy of its own",
                "make another account, as docs/continuity.md says, and name it here",
            )
        for name, key in (("writer", bucket.writer), ("reader", bucket.reader)):
            if key.secret_key.startswith("generated:"):
                yield estate.problem(
                    (*path, name, "secret_key"),
                    f"{key.secret_key}: the S3 server gives its accounts their secrets",
                    "vault:FILE#KEY, file:/PATH or env:NAME",
                    "keep what the server has given in one of these",
                )


def bucket_site(
    bucket: Bucket, hosts: Mapping[str, HostInFile], estate: ParsedEstate
) -> Site | None:
    """Return the estate's site that a bucket stands at by its endpoint; None where it is none."""
    server = urlsplit(bucket.endpoint).hostname or ""
    for tenant, host, _ in hosts.values():
        if server == f"{host.id}.{tenant_id(tenant.value)}.{estate.value.domain}":
            return tenant_id(tenant.value), host.site
    if not is_address(server):
        return None
    for tenant, _, _ in hosts.values():
        for site in tenant.value.sites:
            if site.holds(ip_address(server)):
                return tenant_id(tenant.value), site.id
    return None


def why_no_second_copy(
    bucket: Bucket,
    name: str,
    plan: BackupPlan,
    hosts: Mapping[str, HostInFile],
    estate: ParsedEstate,
) -> str | None:
    """Return why a bucket keeps no second copy of a host's plan; None when it does."""
    at = bucket_site(bucket, hosts, estate)
    for what, other in (("the data", name), ("the first copy", plan.target)):
        if at and other in hosts and at == _site(hosts[other]):
            return f"the bucket {bucket.id} stands at {at[1]}, the site of {other} with {what}"
    tenant, host, _ = hosts[name]
    promise = strictest(s for s in tenant.value.services if host.id in s.hosts)
    tier = tenant.value.tier if isinstance(tenant.value, Municipality) else None
    keep = plan_terms(plan, promise, tier).keep_within_days
    if keep > bucket.lock_days:
        return (
            f"copies of {name} stay {keep} days, and what the bucket {bucket.id} takes in is "
            f"locked for {bucket.lock_days}"
        )
    return None


def _site(entry: HostInFile) -> Site:
    return tenant_id(entry[0].value), entry[1].site
