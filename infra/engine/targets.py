"""Which resources a run is limited to, as the CLI's `--target` has it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Targets:
    """URNs, in which `*` stands for a part without colons and `**` for anything; none: all."""

    patterns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether the run is limited at all."""
        return bool(self.patterns)

    def match(self, urn: str) -> bool:
        """Say whether a resource is among them."""
        return not self.patterns or any(re.fullmatch(_regex(p), urn) for p in self.patterns)

    def unmatched(self, urns: Iterable[str]) -> tuple[str, ...]:
        """Return the patterns that none of the resources matches."""
        known = tuple(urns)
        return tuple(p for p in self.patterns if not any(re.fullmatch(_regex(p), u) for u in known))


def _regex(pattern: str) -> str:
    parts = (part.split("*") for part in pattern.split("**"))
    return ".*".join("[^:]*".join(map(re.escape, part)) for part in parts)
