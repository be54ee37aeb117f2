"""What is true of an estate now, from Prometheus' and Alertmanager's own APIs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bastide.actions import prometheus
from bastide.actions.goals import GOALS, Goal, goals_of
from bastide.actions.incidents import Incident, contact_json, incidents_of
from bastide.actions.listed_silence import ListedSilence
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.authority import authority
from inventory.entries import InventoryHost, devices, hosts, operations_host, services, tenants
from inventory.enums import ExporterName, Level
from inventory.levels import is_full, level
from inventory.model.estate import Estate
from inventory.model.notify import TEST
from inventory.open_ports import exporters
from monitors.maintenance.silences import (
    Silence,
    SilenceKind,
    Silences,
    SilencesError,
    SilenceState,
)
from monitors.runbook_text import contact_line
from monitors.web_api import ApiError, WebApi, web_api

# Severity of alerts that notify nobody, such as low toner.
SILENT_SEVERITY = "info"
NO_PROBLEMS = ("Watchdog", TEST)
# A server that Bastide does not configure may drop pings, as long as it answers otherwise; a port
# need not be open at every address.
FAILED_PROBES = (
    "bastide_snmp_success == 0 or (probe_success == 0 unless (probe_success{job='icmp'} "
    "and on (host) host:reachable:bool == 1 and on (host) host:unmanaged:bool) "
    "unless (probe_success{job=~'tcp|dns'} and on (host, port, name) port:reachable:bool == 1))"
)
# What does not answer, whether or not it is told: what lies behind a dead thing alerts nobody.
SILENT = "host:reachable:bool == 0 or device:reachable:bool == 0 or service:reachable:bool == 0"
# What shows that a host without a node_exporter is watched.
WATCHING_JOBS = frozenset({"icmp", "node", "windows"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A target or probe that is not as it should be; `subject` is what it is of."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """Incidents, targets, what is wrong with them, and what is firing.

    `alerts` are those that somebody is notified of; `incidents` have the silenced ones as well.
    """

    prometheus_url: str
    alertmanager_url: str
    targets: tuple[prometheus.ScrapeTarget, ...]
    findings: tuple[Finding, ...]
    alerts: tuple[prometheus.Alert, ...]
    levels: tuple[tuple[str, Level], ...] = ()
    incidents: tuple[Incident, ...] = ()
    silences: tuple[ListedSilence, ...] = ()
    goals: tuple[Goal, ...] = ()
    read_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def well(self) -> bool:
        """Whether every target is up and nothing fires but the Watchdog, silenced ones aside."""
        return not self.unexplained and not self.alerts

    @property
    def wrong(self) -> tuple[str, ...]:
        """What is not as it should be with targets and probes, in words."""
        return tuple(finding.text for finding in self.findings)

    @property
    def unexplained(self) -> tuple[str, ...]:
        """What is wrong that no incident explains: not told yet, or never."""
        explained = frozenset[str]().union(*(incident.explains for incident in self.incidents))
        return tuple(f.text for f in self.findings if f.subject not in explained)

    def as_json(self) -> dict[str, Any]:
        """Return the status as plain JSON values."""
        contacts = {
            id(alert): [contact_json(*one) for one in incident.contacts]
            for incident in self.incidents
            for alert in incident.alerts
        }
        return {
            "well": self.well,
            "prometheus": self.prometheus_url,
            "alertmanager": self.alertmanager_url,
            "readAt": self.read_at.isoformat(timespec="seconds"),
            "incidents": [incident.as_json() for incident in self.incidents],
            "silences": [silence.as_json() for silence in self.silences],
            "targets": [{"job": t.job, "name": t.name, "health": t.health} for t in self.targets],
            "wrong": list(self.wrong),
            "objectives": [goal.as_json() for goal in self.goals],
            "levels": {name: level.value for name, level in self.levels},
            "alerts": [
                {**alert.as_json(), "contact": contacts.get(id(alert), [])} for alert in self.alerts
            ],
        }


def narrowed(current: Status, estate: Estate, municipality: str) -> Status:
    """Return what concerns one municipality: its own, and what cuts off something of it."""
    owned = names_of(estate, municipality)
    others = {name for tenant in tenants(estate) for name in names_of(estate, tenant.id)} - owned
    incidents = tuple(
        incident
        for incident in current.incidents
        if incident.municipality == municipality or incident.explains & owned
    )
    explained = {id(alert) for incident in incidents for alert in incident.alerts}
    return replace(
        current,
        targets=tuple(t for t in current.targets if t.name in owned),
        findings=tuple(f for f in current.findings if f.subject in owned),
        alerts=tuple(alert for alert in current.alerts if id(alert) in explained),
        levels=tuple(pair for pair in current.levels if pair[0] in owned),
        incidents=incidents,
        silences=tuple(s for s in current.silences if not s.names & others),
        goals=tuple(goal for goal in current.goals if goal.service in owned),
    )


def names_of(estate: Estate, municipality: str) -> frozenset[str]:
    """Return the full names of all that a municipality has, its own id among them."""
    owners = {entry.name: entry.tenant.id for entry in hosts(estate)}
    owners |= {entry.name: entry.tenant.id for entry in devices(estate)}
    owners |= {entry.name: entry.tenant.id for entry in services(estate)}
    return frozenset((municipality, *(name for name in owners if owners[name] == municipality)))


def has_prometheus(estate: Estate) -> bool:
    """Return whether an operations host is there that Bastide has set Prometheus up on."""
    entry = operations_host(estate)
    return entry is not None and is_full(entry)


def apis(context: EstateContext) -> tuple[WebApi, WebApi]:
    """Return Prometheus and Alertmanager on the operations host; ApiError without a login."""
    entry = operations_host(context.estate)
    if entry is None:
        raise CommandError(
            "central.yml: no host has the role `operations`; Prometheus needs one", Exit.WRONG_USE
        )
    provisioned = context.outputs.hosts.get(entry.name)
    address = provisioned.address if provisioned else entry.host.address
    ports = (9090, 9093)
    of_prometheus, of_alertmanager = (
        web_api(f"https://{authority(address, port)}", context.state) for port in ports
    )
    return of_prometheus, of_alertmanager


def read(context: EstateContext) -> Status:
    """Ask both APIs; CommandError (could not check) when Prometheus does not answer."""
    try:
        of_prometheus, of_alertmanager = apis(context)
        targets = prometheus.targets(of_prometheus)
        probes = prometheus.query(of_prometheus, FAILED_PROBES)
        silent = prometheus.query(of_prometheus, SILENT)
        measured = prometheus.query(of_prometheus, GOALS)
        firing = prometheus.alerts(of_alertmanager, silenced=True)
        silences = Silences(of_alertmanager).list()
    except (ApiError, SilencesError) as error:
        raise CommandError(
            f"could not check: {error}\n    expected: Prometheus and Alertmanager to answer\n"
            f"    do: `bastide up` if the estate is not up yet; else look at the operations host "
            f"(systemctl status prometheus prometheus-alertmanager)\n    call: {_callees(context)}",
            Exit.COULD_NOT_CHECK,
        ) from None
    active = [silence for silence in silences if silence.state is SilenceState.ACTIVE]
    problems = [
        _taken(alert, active)
        for alert in firing
        if alert.name not in NO_PROBLEMS and alert.severity != SILENT_SEVERITY
    ]
    return Status(
        of_prometheus.base,
        of_alertmanager.base,
        targets,
        (*_missing(context, targets), *_down(targets), *_failed(probes)),
        tuple(alert for alert in problems if not alert.silenced_by),
        tuple((entry.name, level(entry)) for entry in hosts(context.estate)),
        incidents_of(context.estate, problems, {_subject(labels) for labels, _ in silent}),
        tuple(
            ListedSilence(silence, silence.state)
            for silence in sorted(active, key=lambda silence: silence.end)
            if silence.kind is not SilenceKind.ACKNOWLEDGEMENT
        ),
        goals_of(context.estate, measured),
    )


def _taken(alert: prometheus.Alert, silences: Iterable[Silence]) -> prometheus.Alert:
    """Return an alert with who is on it: an acknowledged one is wrong all the same."""
    taken = {s.id: s for s in silences if s.kind is SilenceKind.ACKNOWLEDGEMENT}
    last = max((taken[i] for i in alert.silenced_by if i in taken), key=_end, default=None)
    if last is None:
        return alert
    others = tuple(i for i in alert.silenced_by if i not in taken)
    return replace(alert, silenced_by=others, taken_by=last.by, taken_until=last.end.isoformat())


def _end(silence: Silence) -> datetime:
    return silence.end


def _callees(context: EstateContext) -> str:
    return "; ".join(map(contact_line, context.estate.central.contacts))


def _missing(context: EstateContext, targets: Iterable[prometheus.ScrapeTarget]) -> list[Finding]:
    """Return the inventory's hosts that Prometheus does not scrape: silence is not health."""
    jobs: dict[str, set[str]] = {}
    for target in targets:
        jobs.setdefault(target.labels.get("host", ""), set()).add(target.job)
    return [
        Finding(entry.name, f"{entry.name}: in the inventory, but not among Prometheus' targets")
        for entry in hosts(context.estate)
        if not jobs.get(entry.name, set()) & _expected_jobs(entry)
    ]


def _expected_jobs(entry: InventoryHost) -> frozenset[str]:
    has_one = any(exporter.name is ExporterName.NODE for exporter in exporters(entry))
    return frozenset({"node"}) if has_one else WATCHING_JOBS


def _down(targets: Iterable[prometheus.ScrapeTarget]) -> list[Finding]:
    return [
        Finding(
            target.name,
            f"{target.name}: {target.job} target is {target.health}: "
            f"{target.error or 'not scraped yet'}",
        )
        for target in targets
        if target.health != "up"
    ]


def _failed(probes: Iterable[tuple[dict[str, str], float]]) -> list[Finding]:
    return [
        Finding(
            _subject(labels),
            f"{_subject(labels)}: {labels.get('__name__')} is 0 (job {labels.get('job')})",
        )
        for labels, _ in probes
    ]


def _subject(labels: Mapping[str, str]) -> str:
    return labels.get("service") or labels.get("device") or labels.get("host") or ""
