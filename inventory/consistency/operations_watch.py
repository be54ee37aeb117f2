"""What is said of the watch over operations and does not fit: a vault, and channels there are."""

from collections.abc import Iterator, Sequence

from inventory.enums import Role
from inventory.parsed import ParsedEstate, ParsedTenant, tenant_id
from inventory.problems import Problem

KEY = ("notify", "operations_watch")


def find_operations_watch_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant], *, complete: bool
) -> Iterator[Problem]:
    """Yield what is wrong; `complete`: every file could be read, so a name may be unknown."""
    notify = estate.value.notify
    if notify is None or notify.operations_watch is None:
        return
    watch, channels = notify.operations_watch, {channel.id for channel in notify.channels}
    own = {channel.id for channel in notify.channels if channel.is_alertmanagers}
    for name in watch.to:
        if name not in own:
            reason = "is sent by the operations host" if name in channels else "is not there"
            yield estate.problem(
                (*KEY, "to"),
                f"channel {name!r} {reason}",
                f"mail or a webhook: {', '.join(sorted(own)) or 'none is declared'}",
                "name one of these, or declare one",
            )
    vaults = [
        f"{tenant_id(tenant.value)}-{host.id}"
        for tenant in tenants
        for host in tenant.value.hosts
        if Role.VAULT in host.roles and Role.OPERATIONS not in host.roles
    ]
    if complete and watch.vault not in vaults:
        yield estate.problem(
            (*KEY, "vault"),
            f"there is no vault {watch.vault!r} beside the operations host",
            f"one of: {', '.join(vaults)}" if vaults else "a host with the role vault",
            "correct the name, or leave the key out",
        )
