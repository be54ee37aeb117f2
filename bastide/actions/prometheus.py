"""The HTTP APIs of Prometheus and Alertmanager."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from prometheus_client.parser import text_string_to_metric_families

from monitors.web_api import Asked, WebApi

TRIED = "alertmanager_notification_requests_total"
FAILED = "alertmanager_notification_requests_failed_total"


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """A scrape target as Prometheus sees it; `scraped` is when it was scraped last (RFC 3339)."""

    job: str
    labels: dict[str, str]
    health: str
    error: str
    scraped: str = ""

    @property
    def name(self) -> str:
        """What a person calls it: the host, device, service or instance."""
        for label in ("service", "device", "host"):
            if self.labels.get(label):
                return self.labels[label]
        return self.labels.get("instance", "")


@dataclass(frozen=True, slots=True)
class Alert:
    """A firing alert as Alertmanager holds it; `starts_at`: since when it fires (RFC 3339).

    `taken_by`: who has acknowledged it, until `taken_until` (RFC 3339); nobody: empty.
    """

    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str = ""
    silenced_by: tuple[str, ...] = ()
    taken_by: str = ""
    taken_until: str = ""

    @property
    def started(self) -> datetime | None:
        """Since when it fires; None where that is not known."""
        return datetime.fromisoformat(self.starts_at) if self.starts_at else None

    @property
    def severity(self) -> str:
        """page, ticket or info."""
        return self.labels.get("severity", "")

    @property
    def summary(self) -> str:
        """What is wrong, in a line."""
        return self.annotations.get("summary", self.name)

    @property
    def runbook(self) -> str:
        """The address of the page that says what to do; nothing where it names none."""
        return self.annotations.get("runbook_url", "")

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, the times as Alertmanager names them."""
        return {
            "name": self.name,
            "severity": self.severity,
            "labels": self.labels,
            "startsAt": self.starts_at,
            "summary": self.summary,
            "description": self.annotations.get("description", ""),
            "runbook": self.runbook,
            "silencedBy": list(self.silenced_by),
            "takenBy": self.taken_by,
            "takenUntil": self.taken_until,
        }


def targets(api: WebApi) -> tuple[ScrapeTarget, ...]:
    """Return Prometheus' active targets."""
    active = api.json("/api/v1/targets?state=active")["data"]["activeTargets"]
    return tuple(
        ScrapeTarget(
            t["labels"].get("job", ""),
            t["labels"],
            t["health"],
            t.get("lastError", ""),
            t.get("lastScrape", ""),
        )
        for t in active
    )


def query(api: WebApi, expression: str) -> tuple[tuple[dict[str, str], float], ...]:
    """Return an instant query's samples as labels and value."""
    samples = api.json(f"/api/v1/query?{urlencode({'query': expression})}")["data"]["result"]
    return tuple((sample["metric"], float(sample["value"][1])) for sample in samples)


def alerts(api: WebApi, *, silenced: bool = False) -> tuple[Alert, ...]:
    """Return Alertmanager's active alerts.

    `silenced`: those as well that nobody is notified of.
    """
    also = str(silenced).lower()
    firing = api.json(f"/api/v2/alerts?active=true&silenced={also}&inhibited={also}")
    return tuple(
        Alert(
            a["labels"].get("alertname", ""),
            a["labels"],
            a["annotations"],
            a.get("startsAt", ""),
            (
                *a.get("status", {}).get("silencedBy", ()),
                *a.get("status", {}).get("inhibitedBy", ()),
            ),
        )
        for a in firing
    )


def send_alert(
    api: Asked, labels: Mapping[str, str], annotations: Mapping[str, str], until: datetime
) -> None:
    """Give Alertmanager an alert that ends by itself."""
    # Without a beginning Alertmanager takes the end for it.
    begun = datetime.now(UTC).isoformat()
    alert = {
        **{"labels": labels, "annotations": annotations},
        **{"startsAt": begun, "endsAt": until.isoformat()},
    }
    api.read("/api/v2/alerts", json.dumps([alert]).encode())


def notification_requests(api: Asked) -> dict[str, tuple[int, int]]:
    """Return how often Alertmanager has tried to notify, and failed, by kind of receiver."""
    tried: dict[str, int] = {}
    failed: dict[str, int] = {}
    text = api.read("/metrics").decode(errors="replace")
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            counts = {TRIED: tried, FAILED: failed}.get(sample.name)
            if counts is not None:
                counts[sample.labels["integration"]] = int(sample.value)
    return {kind: (count, failed.get(kind, 0)) for kind, count in tried.items()}
