"""What is said of updates and does not fit: an unknown canary, a host that stands in for nobody."""

from collections import Counter
from collections.abc import Iterator, Sequence

from inventory.model.tenants import Municipality
from inventory.parsed import ParsedEstate, ParsedTenant, tenant_id
from inventory.problems import Problem


def find_update_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant], *, complete: bool
) -> Iterator[Problem]:
    """Yield what is wrong; `complete`: every file could be read, so a name may be unknown."""
    towns = [tenant_id(t.value) for t in tenants if isinstance(t.value, Municipality)]
    canary = estate.value.canary
    if complete and canary is not None and canary not in towns:
        yield estate.problem(
            ("canary",),
            f"there is no municipality {canary!r} in the estate",
            f"one of: {', '.join(towns)}",
            "correct the name, or leave the key out",
        )
    for tenant in tenants:
        sharing = Counter(host.redundancy for host in tenant.value.hosts)
        for number, host in enumerate(tenant.value.hosts):
            if host.redundancy is not None and sharing[host.redundancy] == 1:
                yield tenant.problem(
                    ("hosts", number, "redundancy"),
                    f"no other host of {tenant_id(tenant.value)} says {host.redundancy!r}",
                    "the same word at each host that stands in for the others",
                    "write it at the other host too, or leave it out",
                )
