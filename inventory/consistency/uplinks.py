"""Uplinks that nothing could watch: of a host that is no edge, or two that are one."""

from collections.abc import Iterator, Sequence

from inventory.enums import Role
from inventory.model.hosts import Host
from inventory.parsed import ParsedTenant
from inventory.problems import Problem


def find_uplink_problems(tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    """Yield what is wrong with `uplinks:` of hosts."""
    for tenant in tenants:
        for number, host in enumerate(tenant.value.hosts):
            if host.uplinks and Role.EDGE not in host.roles:
                yield tenant.problem(
                    ("hosts", number, "uplinks"),
                    f"{host.id} is no edge",
                    "`uplinks` at a host with the role edge, which leads out of its site",
                    "move them to the edge, or give the host the role",
                )
            yield from _same(tenant, number, host)


def _same(tenant: ParsedTenant, number: int, host: Host) -> Iterator[Problem]:
    """Yield what two uplinks share, and gateways that are the host itself."""
    own = {*host.addresses, host.uplink}
    for row, uplink in enumerate(host.uplinks):
        before = host.uplinks[:row]
        place = ("hosts", number, "uplinks", row)
        if uplink.id in {other.id for other in before}:
            yield tenant.problem(
                (*place, "id"),
                f"two uplinks are called {uplink.id!r}",
                "an id of its own for each uplink",
                "rename one of them",
            )
        if uplink.gateway in own or uplink.gateway in {other.gateway for other in before}:
            yield tenant.problem(
                (*place, "gateway"),
                f"{uplink.gateway} is the host's own address, or another uplink's gateway",
                "the next router on this way out",
                "correct the address",
            )
