"""Service discovery: the inventory as Prometheus's http_sd JSON, one pure function a job.

Format: https://prometheus.io/docs/prometheus/latest/http_sd/. Labels are identity only, never
text that people edit: a renamed site must not break a counter.
"""

from collections.abc import Callable
from typing import TypedDict

from inventory.entries import InventoryHost, Tenant, devices, hosts, services
from inventory.model import Estate
from monitors.snmp.targets import targets as snmp_targets

NODE_EXPORTER_PORT = 9100


class TargetGroup(TypedDict):
    """One element of an http_sd list."""

    targets: list[str]
    labels: dict[str, str]


def node(estate: Estate) -> list[TargetGroup]:
    """Every host, at its node_exporter."""
    return [
        {
            "targets": [_authority(str(entry.host.address), NODE_EXPORTER_PORT)],
            "labels": _host_labels(entry),
        }
        for entry in hosts(estate)
    ]


def snmp(estate: Estate) -> list[TargetGroup]:
    """Everything polled over SNMP, by name: the exporter knows address and credentials."""
    pollable = snmp_targets(estate)
    groups: list[TargetGroup] = [
        {
            "targets": [entry.name],
            "labels": _labels(entry.tenant, entry.parent, device=entry.name),
        }
        for entry in devices(estate)
        if entry.name in pollable
    ]
    return groups + [
        {"targets": [entry.name], "labels": _host_labels(entry)}
        for entry in hosts(estate)
        if entry.name in pollable
    ]


def blackbox(estate: Estate) -> list[TargetGroup]:
    """Every service, at the URL that citizens use; ``host`` is the first that it depends on."""
    return [
        {
            "targets": [entry.service.url],
            "labels": _labels(
                entry.tenant, entry.hosts[0], service=entry.name, host=entry.hosts[0]
            ),
        }
        for entry in services(estate)
    ]


JOBS: dict[str, Callable[[Estate], list[TargetGroup]]] = {
    "node": node,
    "snmp": snmp,
    "blackbox": blackbox,
}


def _host_labels(entry: InventoryHost) -> dict[str, str]:
    return _labels(entry.tenant, entry.parent, host=entry.name)


def _labels(tenant: Tenant, parent: str | None, **identity: str) -> dict[str, str]:
    labels = {"municipality": tenant.id, **identity}
    if tenant.tier is not None:
        labels["tier"] = tenant.tier.value
    if parent is not None:
        labels["parent"] = parent
    return labels


def _authority(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
