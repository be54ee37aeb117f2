"""The HTTP APIs of Prometheus and Alertmanager."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

TIMEOUT_SECONDS = 5.0


class ApiError(Exception):
    """The API did not answer, or not with what it is documented to answer."""


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """A scrape target as Prometheus sees it."""

    job: str
    labels: dict[str, str]
    health: str
    error: str

    @property
    def name(self) -> str:
        """What a person calls it: the host, device, service or instance."""
        for label in ("service", "device", "host"):
            if self.labels.get(label):
                return self.labels[label]
        return self.labels.get("instance", "")


@dataclass(frozen=True, slots=True)
class Alert:
    """A firing alert as Alertmanager holds it."""

    name: str
    labels: dict[str, str]
    annotations: dict[str, str]


def targets(base: str) -> tuple[ScrapeTarget, ...]:
    """Return Prometheus' active targets; `base` such as http://10.77.0.10:9090."""
    active = _get(f"{base}/api/v1/targets?state=active")["data"]["activeTargets"]
    return tuple(
        ScrapeTarget(t["labels"].get("job", ""), t["labels"], t["health"], t.get("lastError", ""))
        for t in active
    )


def query(base: str, expression: str) -> tuple[tuple[dict[str, str], float], ...]:
    """Return an instant query's samples as labels and value."""
    samples = _get(f"{base}/api/v1/query?{urlencode({'query': expression})}")["data"]["result"]
    return tuple((sample["metric"], float(sample["value"][1])) for sample in samples)


def alerts(base: str) -> tuple[Alert, ...]:
    """Return Alertmanager's active alerts; `base` such as http://10.77.0.10:9093."""
    firing = _get(f"{base}/api/v2/alerts?active=true&silenced=false&inhibited=false")
    return tuple(
        Alert(a["labels"].get("alertname", ""), a["labels"], a["annotations"]) for a in firing
    )


def _get(url: str) -> Any:
    try:
        with urlopen(Request(url), timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - http only
            return json.load(response)
    except (URLError, OSError, ValueError, KeyError) as error:
        reason = getattr(error, "reason", error)
        raise ApiError(f"{url.split('?')[0]}: {reason}") from None
