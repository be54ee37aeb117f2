"""Service discovery: the inventory as Prometheus's http_sd JSON, one pure function a job.

Format: https://prometheus.io/docs/prometheus/latest/http_sd/. Labels are identity only, never
text that people edit: a renamed site must not break a counter. ``parent`` is the nearest thing that
every way to the target leads through; all the ways are in ``bastide_reached_through_info``.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypedDict

from inventory.authority import authority
from inventory.entries import InventoryHost, InventoryService, Tenant, devices, hosts, services
from inventory.enums import ExporterName
from inventory.model.estate import Estate
from inventory.open_ports import exporters
from inventory.reached_through import Ways, nearest_needed, ways_in
from monitors.exporter.certificate_probe import certificate_targets
from monitors.journeys.targets import journeys as journeys_of
from monitors.probes import (
    DNS,
    NameProbe,
    http_module,
    name_probes,
    port_probes,
    probed_addresses,
    resolver_probes,
)
from monitors.snmp.targets import targets as snmp_targets

# Becomes the probe's parameter `module`, and is no label of what is measured.
MODULE_LABEL = "__param_module"


class TargetGroup(TypedDict):
    """One element of an http_sd list."""

    targets: list[str]
    labels: dict[str, str]


def node(estate: Estate) -> list[TargetGroup]:
    """Every host with a node_exporter: those that are managed, and those that declare one."""
    return list(_exporters(estate, ExporterName.NODE))


def windows(estate: Estate) -> list[TargetGroup]:
    """Every host that declares a windows_exporter."""
    return list(_exporters(estate, ExporterName.WINDOWS))


def icmp(estate: Estate) -> list[TargetGroup]:
    """Every host, at each bare address: ping knows no ports."""
    ways = ways_in(estate)
    return [
        {"targets": probed_addresses(entry), "labels": _host_labels(entry, ways)}
        for entry in hosts(estate)
    ]


def tcp(estate: Estate) -> list[TargetGroup]:
    """Every TCP port that a host declares and that the operations host may reach."""
    ways = ways_in(estate)
    return [
        {
            "targets": _authorities(probe.entry, probe.port),
            "labels": {**_host_labels(probe.entry, ways), "port": str(probe.port)},
        }
        for probe in port_probes(estate)
    ]


def dns(estate: Estate) -> list[TargetGroup]:
    """Every declared name server, once for each name that it is asked for."""
    return _name_servers(estate, name_probes(estate))


def resolver(estate: Estate) -> list[TargetGroup]:
    """Every resolver that Bastide configures, asked for its own name."""
    return _name_servers(estate, resolver_probes(estate))


def gateway(estate: Estate) -> list[TargetGroup]:
    """Every gateway of an edge's uplinks that answers from outside: what is measured is the way."""
    ways = ways_in(estate)
    return [
        {
            "targets": [str(uplink.gateway)],
            "labels": {**_host_labels(entry, ways), "uplink": uplink.id},
        }
        for entry in hosts(estate)
        for uplink in entry.host.uplinks
        if uplink.outside
    ]


def _name_servers(estate: Estate, probes: Sequence[NameProbe]) -> list[TargetGroup]:
    ways = ways_in(estate)
    return [
        {
            "targets": _authorities(probe.entry, DNS),
            "labels": {
                **_host_labels(probe.entry, ways),
                "port": str(DNS),
                "name": probe.name,
                MODULE_LABEL: probe.module,
            },
        }
        for probe in probes
    ]


def snmp(estate: Estate) -> list[TargetGroup]:
    """Everything polled over SNMP, by name: the exporter knows address and credentials."""
    pollable, ways = snmp_targets(estate), ways_in(estate)
    groups: list[TargetGroup] = [
        {
            "targets": [entry.name],
            "labels": _labels(entry.tenant, nearest_needed(ways, entry.name), device=entry.name),
        }
        for entry in devices(estate)
        if entry.name in pollable
    ]
    return groups + [
        {"targets": [entry.name], "labels": _host_labels(entry, ways)}
        for entry in hosts(estate)
        if entry.name in pollable
    ]


def blackbox(estate: Estate) -> list[TargetGroup]:
    """Every service, at the URL that citizens use; ``host`` is the first that it depends on."""
    return [
        {
            "targets": [entry.service.url],
            "labels": {**_service_labels(entry), MODULE_LABEL: http_module(entry)},
        }
        for entry in services(estate)
    ]


def journeys(estate: Estate) -> list[TargetGroup]:
    """Every journey of a service, by its name: the exporter knows its steps."""
    return [
        {
            "targets": [target.name],
            "labels": _labels(
                target.entry.tenant,
                target.entry.hosts[0],
                service=target.entry.name,
                host=target.entry.hosts[0],
                journey=target.journey.id,
            ),
        }
        for target in journeys_of(estate).values()
    ]


def certificate(estate: Estate) -> list[TargetGroup]:
    """Every service with an https address, by name, whose certificate the exporter looks at."""
    targets = certificate_targets(estate)
    return [
        {"targets": [entry.name], "labels": _service_labels(entry)}
        for entry in services(estate)
        if entry.name in targets
    ]


JOBS: dict[str, Callable[[Estate], list[TargetGroup]]] = {
    "node": node,
    "windows": windows,
    "icmp": icmp,
    "gateway": gateway,
    "tcp": tcp,
    "dns": dns,
    "resolver": resolver,
    "snmp": snmp,
    "blackbox": blackbox,
    "journeys": journeys,
    "certificate": certificate,
}


def _exporters(estate: Estate, name: ExporterName) -> Iterator[TargetGroup]:
    ways = ways_in(estate)
    for entry in hosts(estate):
        for exporter in exporters(entry):
            if exporter.name is name:
                address = authority(entry.host.address, exporter.tcp_port)
                yield {"targets": [address], "labels": _host_labels(entry, ways)}


def _host_labels(entry: InventoryHost, ways: Ways) -> dict[str, str]:
    return _labels(entry.tenant, nearest_needed(ways, entry.name), host=entry.name)


def _service_labels(entry: InventoryService) -> dict[str, str]:
    return _labels(entry.tenant, entry.hosts[0], service=entry.name, host=entry.hosts[0])


def _labels(tenant: Tenant, parent: str | None, **identity: str) -> dict[str, str]:
    labels = {"municipality": tenant.id, **identity}
    if tenant.tier is not None:
        labels["tier"] = tenant.tier.value
    if parent is not None:
        labels["parent"] = parent
    return labels


def _authorities(entry: InventoryHost, port: int) -> list[str]:
    return [authority(address, port) for address in probed_addresses(entry)]
