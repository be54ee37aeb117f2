"""Service discovery: the inventory as Prometheus's http_sd JSON, one pure function a job.

Format: https://prometheus.io/docs/prometheus/latest/http_sd/. Labels are identity only, never
text that people edit: a renamed site must not break a counter.
"""

from collections.abc import Callable
from typing import TypedDict

from inventory.entries import Place, PlacedHost, devices, hosts, services
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
            "targets": [_authority(str(placed.host.address), NODE_EXPORTER_PORT)],
            "labels": _host_labels(placed),
        }
        for placed in hosts(estate)
    ]


def snmp(estate: Estate) -> list[TargetGroup]:
    """Everything asked over SNMP, by name: the exporter knows address and credentials."""
    known = snmp_targets(estate)
    groups: list[TargetGroup] = [
        {
            "targets": [placed.name],
            "labels": _labels(placed.place, placed.parent, device=placed.name),
        }
        for placed in devices(estate)
        if placed.name in known
    ]
    return groups + [
        {"targets": [placed.name], "labels": _host_labels(placed)}
        for placed in hosts(estate)
        if placed.name in known
    ]


def blackbox(estate: Estate) -> list[TargetGroup]:
    """Every service, at the URL that citizens use; ``host`` is the first that it depends on."""
    return [
        {
            "targets": [placed.service.url],
            "labels": _labels(
                placed.place, placed.hosts[0], service=placed.name, host=placed.hosts[0]
            ),
        }
        for placed in services(estate)
    ]


JOBS: dict[str, Callable[[Estate], list[TargetGroup]]] = {
    "node": node,
    "snmp": snmp,
    "blackbox": blackbox,
}


def _host_labels(placed: PlacedHost) -> dict[str, str]:
    return _labels(placed.place, placed.parent, host=placed.name)


def _labels(place: Place, parent: str | None, **identity: str) -> dict[str, str]:
    labels = {"municipality": place.id, **identity}
    if place.tier is not None:
        labels["tier"] = place.tier.value
    if parent is not None:
        labels["parent"] = parent
    return labels


def _authority(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
