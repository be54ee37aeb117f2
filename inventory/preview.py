"""A level tried out on one host, for a run of Ansible that changes nothing."""

from inventory.entries import InventoryHost, Tenant, hosts, tenants
from inventory.enums import Level
from inventory.levels import reaches
from inventory.model.estate import Estate
from inventory.model.tenants import TenantFile

VARIABLE = "BASTIDE_PREVIEW"
"""The environment variable that asks for it, as `HOST=LEVEL`; it counts in check mode only."""
NOT_IN_CHECK_MODE = (
    f"{VARIABLE} is set, and this run is not in check mode"
    "\n    expected: --check, in which nothing changes"
    "\n    do: run `bastide host impact`, or unset it"
)


class PreviewError(Exception):
    """What is to be tried out is no host and level of the estate."""


def read_preview(text: str, estate: Estate) -> tuple[str, Level] | None:
    """Return the host and the level of `HOST=LEVEL`, None of ""; PreviewError for anything else."""
    if not text:
        return None
    name, _, word = text.partition("=")
    levels = [level.value for level in Level if reaches(level, Level.BASELINE)]
    if name not in {entry.name for entry in hosts(estate)} or word not in levels:
        raise PreviewError(
            f"{VARIABLE}: expected HOST=LEVEL, a host of {estate.estate} and "
            f"{' or '.join(levels)}; found {text!r}"
        )
    return name, Level(word)


def at_level(estate: Estate, name: str, level: Level) -> Estate:
    """Return the estate in which one host is at a level, without anybody's acknowledgement."""
    central, *towns = (_raised(tenant, name, level) for tenant in tenants(estate))
    return estate.model_copy(
        update={"preview": name, "central": central, "municipalities": tuple(towns)}
    )


def host_at_level(entry: InventoryHost, level: Level) -> InventoryHost:
    """Return a host as it would be at a level."""
    estate = at_level(entry.tenant.estate, entry.name, level)
    return next(other for other in hosts(estate) if other.name == entry.name)


def _raised(tenant: Tenant, name: str, level: Level) -> TenantFile:
    raised = tuple(
        host.model_copy(update={"manage": level}) if tenant.full_name(host.id) == name else host
        for host in tenant.content.hosts
    )
    return tenant.content.model_copy(update={"hosts": raised})
