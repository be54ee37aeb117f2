"""What the shell completes: names of estates, and of an estate's hosts and plans."""

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from bastide.support.estate import EstateContext, estate_context, own_of
from bastide.support.shipped_files import playbook_names
from inventory.entries import devices, hosts, tenants
from inventory.load import shipped_estates
from inventory.paths import shipped
from inventory.problems import InventoryError
from monitors.continuity.objectives import backup_objectives
from monitors.maintenance.scopes import scopes

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete_estates(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the shipped estates' names, and let the shell complete folders."""
    return [*_matching(shipped_estates(), incomplete), CompletionItem(incomplete, type="dir")]


def complete_playbooks(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of the playbooks, the estate's own among them."""
    try:
        own = own_of(ctx.params.get("estate_name")).playbooks
    except InventoryError:
        own = ()
    return _matching(sorted({*playbook_names(), *(path.stem for path in own)}), incomplete)


def of_estate(names: Callable[[EstateContext], Iterable[str]]) -> Complete:
    """Return a completion by names that stand in the estate that `--estate` gives."""

    def complete(
        ctx: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            context = estate_context(ctx.params.get("estate_name"))
        except InventoryError:
            return []
        return _matching(names(context), incomplete)

    return complete


complete_hosts = of_estate(lambda context: (entry.name for entry in hosts(context.estate)))
complete_tenants = of_estate(lambda context: (tenant.id for tenant in tenants(context.estate)))
complete_plans = of_estate(
    lambda context: sorted({p.id for entry in hosts(context.estate) for p in entry.host.backups})
)
complete_targets = of_estate(
    lambda context: sorted({t for p in backup_objectives(context.estate) for t in p.targets})
)
complete_runbooks = of_estate(
    lambda context: sorted(
        page.stem
        for folder in (shipped("runbooks"), context.estate.own.runbook_folder)
        for page in folder.rglob("[!.]*.md")
    )
)
complete_devices = of_estate(lambda context: (entry.name for entry in devices(context.estate)))

complete_scopes = of_estate(lambda context: scopes(context.estate))

complete_networks = of_estate(
    lambda context: (
        str(network)
        for tenant in tenants(context.estate)
        for site in tenant.content.sites
        for network in site.networks
    )
)


def _matching(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
