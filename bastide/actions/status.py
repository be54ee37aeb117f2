"""What is true of an estate now, from Prometheus' and Alertmanager's own APIs."""

from dataclasses import dataclass
from typing import Any

from bastide.actions import prometheus
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.authority import authority
from inventory.entries import InventoryHost, hosts, operations_host
from inventory.enums import ExporterName, Level
from inventory.levels import is_full, level
from inventory.model import Estate
from inventory.open_ports import exporters

# Severity of alerts that notify nobody, such as low toner.
SILENT_SEVERITY = "info"
ALWAYS_FIRING = "Watchdog"
# A server that Bastide does not configure may drop pings, as long as it answers otherwise; a port
# need not be open at every address.
FAILED_PROBES = (
    "bastide_snmp_success == 0 or (probe_success == 0 unless (probe_success{job='icmp'} "
    "and on (host) host:reachable:bool == 1 and on (host) host:unmanaged:bool) "
    "unless (probe_success{job=~'tcp|dns'} and on (host, port, name) port:reachable:bool == 1))"
)
# What shows that a host without a node_exporter is watched.
WATCHING_JOBS = frozenset({"icmp", "node", "windows"})


@dataclass(frozen=True, slots=True)
class Status:
    """Targets, what is wrong with them, and what is firing."""

    prometheus_url: str
    alertmanager_url: str
    targets: tuple[prometheus.ScrapeTarget, ...]
    wrong: tuple[str, ...]
    alerts: tuple[prometheus.Alert, ...]
    levels: tuple[tuple[str, Level], ...] = ()

    @property
    def well(self) -> bool:
        """Whether every target is up and nothing but the Watchdog fires."""
        return not self.wrong and not self.alerts

    def as_json(self) -> dict[str, Any]:
        """Return the status as plain JSON values."""
        return {
            "well": self.well,
            "prometheus": self.prometheus_url,
            "alertmanager": self.alertmanager_url,
            "targets": [{"job": t.job, "name": t.name, "health": t.health} for t in self.targets],
            "wrong": list(self.wrong),
            "levels": {name: level.value for name, level in self.levels},
            "alerts": [{"name": a.name, "labels": a.labels} for a in self.alerts],
        }


def has_prometheus(estate: Estate) -> bool:
    """Return whether an operations host is there that Bastide has set Prometheus up on."""
    entry = operations_host(estate)
    return entry is not None and is_full(entry)


def urls(context: EstateContext) -> tuple[str, str]:
    """Return the addresses of Prometheus and Alertmanager on the operations host."""
    entry = operations_host(context.estate)
    if entry is None:
        raise CommandError(
            "central.yml: no host has the role `operations`; Prometheus needs one", Exit.WRONG_USE
        )
    provisioned = context.outputs.hosts.get(entry.name)
    address = provisioned.address if provisioned else entry.host.address
    return f"http://{authority(address, 9090)}", f"http://{authority(address, 9093)}"


def read(context: EstateContext) -> Status:
    """Ask both APIs; CommandError (could not check) when Prometheus does not answer."""
    prometheus_url, alertmanager_url = urls(context)
    try:
        targets = prometheus.targets(prometheus_url)
        probes = prometheus.query(prometheus_url, FAILED_PROBES)
        firing = prometheus.alerts(alertmanager_url)
    except prometheus.ApiError as error:
        raise CommandError(
            f"could not check: {error}\n    expected: Prometheus and Alertmanager to answer\n"
            f"    do: `bastide up` if the estate is not up yet; else look at the operations host "
            f"(systemctl status prometheus prometheus-alertmanager)",
            Exit.COULD_NOT_CHECK,
        ) from None
    wrong = (*_missing(context, targets), *_down(targets), *_failed(probes))
    alerts = tuple(
        alert
        for alert in firing
        if alert.name != ALWAYS_FIRING and alert.labels.get("severity") != SILENT_SEVERITY
    )
    levels = tuple((entry.name, level(entry)) for entry in hosts(context.estate))
    return Status(prometheus_url, alertmanager_url, targets, wrong, alerts, levels)


def _missing(context: EstateContext, targets: tuple[prometheus.ScrapeTarget, ...]) -> list[str]:
    """Return the inventory's hosts that Prometheus does not scrape: silence is not health."""
    jobs: dict[str, set[str]] = {}
    for target in targets:
        jobs.setdefault(target.labels.get("host", ""), set()).add(target.job)
    return [
        f"{entry.name}: in the inventory, but not among Prometheus' targets"
        for entry in hosts(context.estate)
        if not jobs.get(entry.name, set()) & _expected_jobs(entry)
    ]


def _expected_jobs(entry: InventoryHost) -> frozenset[str]:
    has_one = any(exporter.name is ExporterName.NODE for exporter in exporters(entry))
    return frozenset({"node"}) if has_one else WATCHING_JOBS


def _down(targets: tuple[prometheus.ScrapeTarget, ...]) -> list[str]:
    return [
        f"{target.name}: {target.job} target is {target.health}: "
        f"{target.error or 'not scraped yet'}"
        for target in targets
        if target.health != "up"
    ]


def _failed(probes: tuple[tuple[dict[str, str], float], ...]) -> list[str]:
    return [
        f"{labels.get('service') or labels.get('device') or labels.get('host')}: "
        f"{labels.get('__name__')} is 0 (job {labels.get('job')})"
        for labels, _ in probes
    ]
