"""Silences: what they are about, whom they are by, and Alertmanager's API (v2) that keeps them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

from monitors.web_api import ApiError, WebApi

WINDOW_COMMENT = "Maintenance window: "
ACKNOWLEDGED_COMMENT = "Acknowledged: "
Entry = TypeVar("Entry")
OPERATORS = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}


class SilencesError(Exception):
    """Alertmanager did not answer, or not as its API is documented."""


class SilenceKind(StrEnum):
    """Why there is a silence: somebody said so, a window is announced, or somebody is on it."""

    SILENCE = "silence"
    WINDOW = "window"
    ACKNOWLEDGEMENT = "acknowledgement"


class SilenceState(StrEnum):
    """Whether a silence is to come, in force or over, as Alertmanager says it."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, order=True)
class Matcher:
    """What a label must be; a label that an alert lacks counts as empty."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it; a regular expression must fit the whole value."""
        value = labels.get(self.name, "")
        fits = re.fullmatch(self.value, value) if self.is_regex else value == self.value
        return bool(fits) is self.is_equal

    def __str__(self) -> str:
        """As Alertmanager writes it."""
        operator = OPERATORS[self.is_regex, self.is_equal]
        return f'{self.name}{operator}"{self.value}"'


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence as Alertmanager keeps it; times are in UTC."""

    matchers: tuple[Matcher, ...]
    start: datetime
    end: datetime
    by: str
    comment: str
    id: str = ""
    state: SilenceState = SilenceState.PENDING

    @property
    def kind(self) -> SilenceKind:
        """Why it is there."""
        if self.comment.startswith(WINDOW_COMMENT):
            return SilenceKind.WINDOW
        if self.comment.startswith(ACKNOWLEDGED_COMMENT):
            return SilenceKind.ACKNOWLEDGEMENT
        return SilenceKind.SILENCE

    @property
    def why(self) -> str:
        """The reason without what tells its kind."""
        return self.comment.removeprefix(WINDOW_COMMENT).removeprefix(ACKNOWLEDGED_COMMENT)

    def mutes(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is about what it silences.

        False for a regular expression that only Go reads.
        """
        try:
            return all(matcher.matches(labels) for matcher in self.matchers)
        except re.error:
            return False


@dataclass(frozen=True, slots=True)
class FiringAlert:
    """An alert that fires; `fingerprint` is Alertmanager's name for its labels."""

    fingerprint: str
    labels: Mapping[str, str]
    silenced_by: tuple[str, ...]
    started: datetime
    annotations: Mapping[str, str]
    source: str = ""
    """Where its rule is: Alertmanager's `generatorURL`."""

    @property
    def name(self) -> str:
        """What its rule is called."""
        return self.labels.get("alertname", "")

    def as_json(self) -> dict[str, Any]:
        """Return it in Alertmanager's own form."""
        return {
            "fingerprint": self.fingerprint,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "startsAt": self.started.isoformat(),
            "generatorURL": self.source,
            "status": {"silencedBy": list(self.silenced_by)},
        }

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "FiringAlert":
        """Read Alertmanager's form; KeyError, TypeError or ValueError for what is none."""
        return cls(
            entry["fingerprint"],
            entry["labels"],
            tuple(entry["status"]["silencedBy"]),
            _moment(entry["startsAt"]),
            entry["annotations"],
            entry.get("generatorURL", ""),
        )


@dataclass(frozen=True, slots=True)
class Silences:
    """The silences of an Alertmanager; every method raises SilencesError."""

    api: WebApi

    def list(self) -> tuple[Silence, ...]:
        """Return all that it remembers: those that are over for 15 days."""
        return self._read("silences", _silence)

    def alerts(self) -> tuple[FiringAlert, ...]:
        """Return all alerts that fire, silenced or not."""
        return self._read("alerts?active=true&silenced=true&inhibited=true", FiringAlert.from_json)

    def add(self, silence: Silence) -> str:
        """Have it keep a silence; return the id that it gets."""
        answer = self._request(
            "POST",
            "silences",
            {
                "matchers": [
                    {
                        "name": matcher.name,
                        "value": matcher.value,
                        "isRegex": matcher.is_regex,
                        "isEqual": matcher.is_equal,
                    }
                    for matcher in silence.matchers
                ],
                "startsAt": silence.start.isoformat(),
                "endsAt": silence.end.isoformat(),
                "createdBy": silence.by,
                "comment": silence.comment,
            },
        )
        return str(answer["silenceID"])

    def end(self, silence_id: str) -> None:
        """End a silence now."""
        self._request("DELETE", f"silence/{quote(silence_id, safe='')}")

    def tell_end(self, alert: FiringAlert, ended: datetime) -> None:
        """Tell whoever was told that an alert fires, and not of its end, that it has ended."""
        entry = alert.as_json()
        given = {key: entry[key] for key in ("labels", "annotations", "startsAt", "generatorURL")}
        self._request("POST", "alerts", [{**given, "endsAt": ended.isoformat()}])

    def _read(self, path: str, entry_of: Callable[[Mapping[str, Any]], Entry]) -> tuple[Entry, ...]:
        answer = self._request("GET", path)
        try:
            return tuple(entry_of(entry) for entry in answer)
        except (KeyError, TypeError, ValueError) as error:
            raise SilencesError(
                f"{self.api.base}: not as Alertmanager answers: {error!r}"
            ) from None

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return self.api.json(f"/api/v2/{path}", body, method)
        except ApiError as error:
            raise SilencesError(str(error)) from None


def _silence(entry: Mapping[str, Any]) -> Silence:
    return Silence(
        tuple(
            Matcher(m["name"], m["value"], m["isRegex"], m.get("isEqual", True))
            for m in entry["matchers"]
        ),
        _moment(entry["startsAt"]),
        _moment(entry["endsAt"]),
        entry["createdBy"],
        entry["comment"],
        entry["id"],
        SilenceState(entry["status"]["state"]),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
