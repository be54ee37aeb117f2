"""What fires, grouped by its cause: one incident for each thing that is wrong, the worst first."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bastide.actions.prometheus import Alert
from inventory.entries import InventoryService, Tenant, devices, hosts, services, tenants
from inventory.enums import Continuity
from inventory.model.estate import Estate
from inventory.model.tenants import CENTRAL, Contact
from inventory.reached_through import behind, cut_off, ways_in

SEVERITIES = ("page", "ticket", "info")
# What does not answer, or has no way out, explains whatever is told of it and of all behind it. Of
# the uplink only the page does: its ticket says that another one works.
DOWN = frozenset({"HostDown", "DeviceDown", "UplinkLost"})
# What a service suffers, which its host may have the cause of.
SUFFERED = frozenset({"ServiceDown", "JourneyFailing", "CertificateRefused"})
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Concerned:
    """A service that an incident concerns, and whether it answers nonetheless."""

    entry: InventoryService
    answers: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        service = self.entry.service
        return {
            "service": self.entry.name,
            "name": service.name,
            "url": service.url,
            "continuity": service.continuity_class.value,
            "answers": self.answers,
        }


@dataclass(frozen=True, slots=True)
class Incident:
    """What is wrong with one thing, and what that explains.

    `alerts`: the cause first, then what is told of the thing and of what is behind it. `cut_off`:
    what does not answer because of it. `contacts`: of each municipality that it concerns.
    """

    subject: str
    municipality: str
    alerts: tuple[Alert, ...]
    cut_off: tuple[str, ...]
    services: tuple[Concerned, ...]
    contacts: tuple[tuple[Tenant, Contact], ...]

    @property
    def cause(self) -> Alert:
        """The alert that names the incident."""
        return self.alerts[0]

    @property
    def silenced(self) -> bool:
        """Whether nobody is notified of any of it."""
        return all(alert.silenced_by for alert in self.alerts)

    @property
    def explains(self) -> frozenset[str]:
        """The names of everything that it is about."""
        about = {subject_of(alert) for alert in self.alerts}
        return frozenset((self.subject, *self.cut_off, *about)) | {
            concerned.entry.name for concerned in self.services if not concerned.answers
        }

    @property
    def since(self) -> datetime:
        """When the first of it began."""
        return min(alert.started or NEVER for alert in self.alerts)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "subject": self.subject,
            "municipality": self.municipality,
            "severity": self.cause.severity,
            "alert": self.cause.name,
            "startsAt": self.cause.starts_at,
            "summary": self.cause.summary,
            "runbook": self.cause.runbook,
            "silenced": self.silenced,
            "alerts": [alert.as_json() for alert in self.alerts],
            "cut_off": list(self.cut_off),
            "services": [concerned.as_json() for concerned in self.services],
            "contacts": [contact_json(tenant, contact) for tenant, contact in self.contacts],
        }


def contact_json(tenant: Tenant, contact: Contact) -> dict[str, Any]:
    """Return a contact as plain JSON values."""
    return {"municipality": tenant.id, **contact.model_dump()}


def subject_of(alert: Alert) -> str:
    """Return what an alert is about: a device, service or host, else its municipality."""
    for label in ("device", "service", "host", "municipality"):
        if name := alert.labels.get(label):
            return name
    return alert.name


def incidents_of(
    estate: Estate, alerts: Sequence[Alert], silent: Collection[str]
) -> tuple[Incident, ...]:
    """Group alerts by cause, the worst first.

    `silent`: the hosts, devices and services that do not answer now, told or not.
    """
    inventory = _Inventory.of(estate)
    causes = _causes(inventory, alerts)
    grouped: dict[str, list[Alert]] = {}
    for alert in alerts:
        grouped.setdefault(causes[subject_of(alert)], []).append(alert)
    found = [
        _incident(inventory, subject, told, frozenset(silent), causes)
        for subject, told in grouped.items()
    ]
    return tuple(sorted(found, key=_badness))


@dataclass(frozen=True, slots=True)
class _Inventory:
    """The estate as what stands behind what."""

    ways: Mapping[str, tuple[str, ...]]
    services: Mapping[str, InventoryService]
    tenants: Mapping[str, Tenant]
    owners: Mapping[str, str]

    @classmethod
    def of(cls, estate: Estate) -> "_Inventory":
        everybody = {tenant.id: tenant for tenant in tenants(estate)}
        known = {entry.name: entry for entry in services(estate)}
        owners = {entry.name: entry.tenant.id for entry in hosts(estate)}
        owners |= {entry.name: entry.tenant.id for entry in devices(estate)}
        owners |= {name: entry.tenant.id for name, entry in known.items()}
        return cls(ways_in(estate), known, everybody, owners)

    def owner(self, name: str) -> Tenant:
        """The municipality that something stands in; central for what is in none."""
        return self.tenants[self.owners.get(name, name if name in self.tenants else CENTRAL)]


def _cuts_off(alert: Alert) -> bool:
    return alert.name in DOWN and not (alert.name == "UplinkLost" and alert.severity != "page")


def _causes(inventory: _Inventory, alerts: Iterable[Alert]) -> dict[str, str]:
    """Return what explains each thing that something is told of, or that is cut off."""
    begun = {subject_of(alert): alert.started or NEVER for alert in alerts}
    down = {subject_of(alert) for alert in alerts if _cuts_off(alert)}
    lost = {name: cut_off(inventory.ways, (name,)) for name in down}
    # The cause of all is what is cut off by none of the others.
    roots = [name for name in down if not any(name in lost[other] for other in down)]
    roots.sort(key=lambda name: (begun[name], name))
    causes = {name: name for name in begun}
    for name in cut_off(inventory.ways, roots):
        # Of several ways in, each silent: the first that fell silent.
        causes[name] = next(
            (root for root in roots if name in lost[root]),
            next((root for root in roots if name in behind(inventory.ways, root)), name),
        )
    suffering = {subject_of(alert) for alert in alerts if alert.name in SUFFERED}
    for name, entry in inventory.services.items():
        explaining = [causes[host] for host in entry.hosts if host in causes]
        if explaining and (name in suffering or explaining[0] in down):
            causes[name] = explaining[0]
    return causes


def _incident(
    inventory: _Inventory,
    subject: str,
    firing: Iterable[Alert],
    silent: frozenset[str],
    causes: Mapping[str, str],
) -> Incident:
    alerts = tuple(sorted(firing, key=lambda alert: _order(alert, subject)))
    lost = sorted(
        name
        for name in silent & inventory.ways.keys()
        if name != subject and causes.get(name) == subject
    )
    concerned = tuple(_services(inventory, subject, alerts, lost, silent))
    about = (subject, *map(subject_of, alerts), *lost, *(c.entry.name for c in concerned))
    known = inventory.owners.keys() | inventory.tenants.keys()
    first = alerts[0].labels.get("municipality", "")
    towns = dict.fromkeys(inventory.owner(name).id for name in about if name in known)
    callees = [inventory.tenants[town] for town in towns] or [inventory.owner(first)]
    return Incident(
        subject,
        first or callees[0].id,
        alerts,
        tuple(lost),
        concerned,
        tuple((tenant, contact) for tenant in callees for contact in tenant.content.contacts),
    )


def _services(
    inventory: _Inventory,
    subject: str,
    alerts: Iterable[Alert],
    lost: Iterable[str],
    silent: frozenset[str],
) -> Iterator[Concerned]:
    """Yield the services that stand on what is concerned, the most vital first."""
    about = {subject, *map(subject_of, alerts), *lost}
    order = list(Continuity)
    for entry in sorted(
        inventory.services.values(), key=lambda e: (order.index(e.service.continuity_class), e.name)
    ):
        if entry.name in about or about & set(entry.hosts):
            yield Concerned(entry, answers=entry.name not in silent)


def _order(alert: Alert, subject: str) -> tuple[bool, int, bool, bool, datetime, str]:
    """Sort what is told of an incident: what explains the rest, then the worst, then the first."""
    severity = alert.severity if alert.severity in SEVERITIES else SEVERITIES[-1]
    return (
        bool(alert.silenced_by),
        SEVERITIES.index(severity),
        not (_cuts_off(alert) and subject_of(alert) == subject),
        alert.name in SUFFERED,
        alert.started or NEVER,
        alert.name,
    )


def _badness(incident: Incident) -> tuple[bool, int, int, int, datetime, str]:
    """Sort incidents: pages, then what citizens miss most, then what cuts off most."""
    severity = incident.cause.severity
    missed = [
        list(Continuity).index(concerned.entry.service.continuity_class)
        for concerned in incident.services
        if not concerned.answers
    ]
    return (
        incident.silenced,
        SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES),
        min(missed, default=len(Continuity)),
        -len(incident.cut_off),
        incident.since,
        incident.subject,
    )
