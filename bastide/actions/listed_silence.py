"""A silence as it is listed: in force, to come, or only planned."""

from dataclasses import dataclass
from typing import Any

from monitors.maintenance.scopes import scope_of
from monitors.maintenance.silences import Silence


@dataclass(frozen=True, slots=True)
class ListedSilence:
    """A silence that is in force or to come; `state` is planned for a window not laid yet."""

    silence: Silence
    state: str

    @property
    def names(self) -> frozenset[str]:
        """The values that its matchers compare with."""
        return frozenset(matcher.value for matcher in self.silence.matchers)

    @property
    def scope(self) -> str:
        """What it is about."""
        return scope_of(self.silence.matchers)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values; times in UTC (RFC 3339)."""
        return {
            "id": self.silence.id,
            "kind": self.silence.kind.value,
            "state": self.state,
            "scope": self.scope,
            "matchers": [str(matcher) for matcher in self.silence.matchers],
            "startsAt": self.silence.start.isoformat(),
            "endsAt": self.silence.end.isoformat(),
            "by": self.silence.by,
            "why": self.silence.why,
        }
