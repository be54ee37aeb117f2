"""What Alertmanager tells by webhook: a group of alerts, as one message."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from inventory.model.notify import TEST, Severity
from inventory.model.tenants import CENTRAL

SUBJECTS = ("host", "device", "service", "municipality")


class MessageError(ValueError):
    """It is not what Alertmanager sends (version 4 of its webhook)."""


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of a group."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    firing: bool
    started: datetime
    ended: datetime | None
    fingerprint: str

    @property
    def subject(self) -> str:
        """What it is about: the host, device or service, else the municipality."""
        return next(filter(None, (self.labels.get(label) for label in SUBJECTS)), CENTRAL)

    @property
    def summary(self) -> str:
        """What is wrong, in a line."""
        return " ".join(self.annotations.get("summary", self.labels.get("alertname", "")).split())


@dataclass(frozen=True, slots=True)
class Message:
    """Alerts of one name in one municipality, or as Alertmanager was told to group them."""

    alerts: tuple[Told, ...]
    group: str = ""
    """What Alertmanager calls the group, from the first message of it to the last."""
    body: bytes = b""
    """As it came, for whoever takes Alertmanager's own form."""

    @property
    def name(self) -> str:
        """The alerts' name."""
        return self._label("alertname") or "Alerts"

    @property
    def municipality(self) -> str:
        """Whose alerts they are."""
        return self._label("municipality") or CENTRAL

    @property
    def severity(self) -> Severity:
        """How soon somebody has to act; what is not known counts as a page."""
        word = self._label("severity")
        return Severity(word) if word in tuple(Severity) else Severity.PAGE

    @property
    def firing(self) -> tuple[Told, ...]:
        """Those that are not over."""
        return tuple(alert for alert in self.alerts if alert.firing)

    @property
    def is_test(self) -> bool:
        """Whether it is one of `bastide notify test`."""
        return self.name == TEST

    @property
    def common_labels(self) -> Mapping[str, str]:
        """What all alerts have in common."""
        shared = set(self.alerts[0].labels.items())
        return dict(shared.intersection(*(alert.labels.items() for alert in self.alerts)))

    @property
    def key(self) -> str:
        """Name the message: the same alerts in the same state have the same, however often sent."""
        alerts = sorted((a.fingerprint, a.started.isoformat(), a.firing) for a in self.alerts)
        return hashlib.sha256(json.dumps(alerts).encode()).hexdigest()

    def _label(self, name: str) -> str:
        return self.alerts[0].labels.get(name, "")


def parsed(body: bytes) -> Message:
    """Read what Alertmanager posts; MessageError for anything else."""
    try:
        posted = json.loads(body)
        alerts = tuple(_alert(entry) for entry in posted["alerts"])
        message = Message(alerts, str(posted["groupKey"]), body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MessageError(f"not as Alertmanager posts: {error!r}") from None
    if not message.alerts:
        raise MessageError("there is no alert in it")
    return message


def _alert(entry: Mapping[str, Any]) -> Told:
    firing = entry["status"] == "firing"
    return Told(
        {str(name): str(value) for name, value in entry["labels"].items()},
        {str(name): str(value) for name, value in entry["annotations"].items()},
        firing,
        _time(entry["startsAt"]),
        None if firing else _time(entry["endsAt"]),
        str(entry["fingerprint"]),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
