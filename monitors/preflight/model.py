"""What a preflight says of a host."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What is looked at, in this order; after one that fails the next may be unknown."""

    REACHABLE = "reachable"
    HOST_KEY = "host key"
    LOGIN = "login"
    SUDO = "sudo"
    PYTHON = "python"
    TMP = "/tmp"  # noqa: S108 (the name of a step)
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Mend:
    """The one command, or line of the inventory, that mends something, and where it goes."""

    where: str
    command: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is missing: one line with what was expected and found, and what mends it."""

    step: Step
    problem: str
    mend: Mend


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was found of one host; `passed` has a text for each step that is well.

    `checked` is false when the host did not answer, so that nothing is known of it. `machine`
    tells one running system from another, empty when unknown. `system` is the distribution with
    its version, `container` the kind of container that it runs in, empty for none.
    """

    host: str
    place: str
    passed: tuple[tuple[Step, str], ...] = ()
    findings: tuple[Finding, ...] = ()
    checked: bool = True
    machine: str = ""
    system: str = ""
    container: str = ""

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.findings
