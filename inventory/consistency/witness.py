"""What is said of the witness of audits and does not fit: it is a vault of the estate."""

from collections.abc import Iterator, Sequence

from inventory.enums import Role
from inventory.parsed import ParsedEstate, ParsedTenant, tenant_id
from inventory.problems import Problem


def find_witness_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant], *, complete: bool
) -> Iterator[Problem]:
    """Yield what is wrong; `complete`: every file could be read, so a name may be unknown."""
    vaults = [
        f"{tenant_id(tenant.value)}-{host.id}"
        for tenant in tenants
        for host in tenant.value.hosts
        if Role.VAULT in host.roles
    ]
    witness = estate.value.witness
    if complete and witness is not None and witness not in vaults:
        yield estate.problem(
            ("witness",),
            f"there is no vault {witness!r} in the estate",
            f"one of: {', '.join(vaults)}" if vaults else "a host with the role vault",
            "correct the name, or leave the key out",
        )
