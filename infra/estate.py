"""What is provisioned for an estate, as a table of contents, and what the stack exports of it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pulumi

from infra import credentials
from infra.components.context import BuildContext
from infra.components.foundation import Foundation, FoundationElsewhere, Ground
from infra.components.tenant import TenantComponent, package_cache
from inventory.entries import devices, hosts, tenants
from inventory.enums import ProviderName
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.tenants import CENTRAL
from inventory.paths import state_directory

CONFIG = "bastide"


def build(folder: Path, *, verify: bool = True, only: str = "") -> Mapping[str, Any]:
    """Declare all of an estate's resources; returns the stack outputs (inventory.outputs.Outputs).

    `verify`: existing hosts must prove their declared host keys. `only`: the tenant whose stack
    this is, where each has its own; one that has left the inventory has nothing. InventoryError or
    InfraError when the estate cannot be built.
    """
    estate = load_estate(folder)
    state = state_directory(estate.estate)
    made = credentials.ensure(estate, state).count
    if made:
        pulumi.log.info(f"{made} credentials made in {state}")
    wanted = [tenant for tenant in tenants(estate) if only in ("", tenant.id)]
    foundation = _ground(estate, only) if wanted else None
    cache = package_cache(estate).url if foundation else None
    context = BuildContext(state, _authorized_keys(state), foundation, cache, verify)
    components = [TenantComponent(tenant, context) for tenant in wanted]
    outputs = {
        "estate": estate.estate,
        "hosts": _merged(one.hosts for one in components),
        "devices": _merged(one.devices for one in components),
    }
    if only not in ("", CENTRAL):
        return outputs
    own = foundation if isinstance(foundation, Foundation) else None
    resolvers: object = own.backbone.output("resolvers") if own else []
    return {**outputs, "resolvers": resolvers, "package_cache": cache}


def _ground(estate: Estate, only: str) -> Ground | None:
    """Return what the lab stands on, made here or in central's stack, which must be there first."""
    if only not in ("", CENTRAL):
        central = pulumi.StackReference(f"organization/{pulumi.get_project()}/{estate.estate}")
        return FoundationElsewhere(estate, central) if _has_lab(estate) else None
    return Foundation(estate) if _has_lab(estate) else None


def build_configured() -> None:
    """Build the estate, or tenant, that Pulumi's configuration names, and export outputs."""
    config = pulumi.Config(CONFIG)
    verify = config.get_bool("verify")
    only = config.get("municipality") or ""
    outputs = build(Path(config.require("estate")), verify=verify is not False, only=only)
    for name, value in outputs.items():
        pulumi.export(name, value)


def _has_lab(estate: Estate) -> bool:
    providers = {h.provider for h in hosts(estate)} | {d.provider for d in devices(estate)}
    return ProviderName.LAB in providers


def _authorized_keys(state: Path) -> tuple[str, ...]:
    return ((state / "ssh" / "admin.pub").read_text(encoding="utf-8").strip(),)


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in part.items()}
