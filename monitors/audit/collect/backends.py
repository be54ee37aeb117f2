"""Testinfra backends that need no connection: one that answers from a bundle, one that records.

The only module that knows how testinfra is extended.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from monitors.collection.bundle import Answer

__all__ = ["Host", "NotRecordedError", "UndeterminedError", "answering_host"]

# What testinfra's own modules ask before they choose the Debian and systemd flavour.
TYPICAL_DEBIAN = {
    "uname -s": "Linux",
    "cat /etc/os-release": "ID=debian",
    "uname -m": "x86_64",
}


class UndeterminedError(Exception):
    """A check asked something that has no usable answer."""


class NotRecordedError(UndeterminedError):
    """The bundle has no answer to a command: its collector is older than the checks."""


@dataclass(slots=True)
class Trace:
    """The commands that were asked, in order."""

    commands: list[str] = field(default_factory=list)


class _AnswerBackend(BaseBackend):  # type: ignore[misc]
    """Testinfra asks `run`; a function answers."""

    NAME = "bundle"

    def __init__(self, hostname: str, answer: Callable[[str], Answer], trace: Trace) -> None:
        super().__init__(hostname)
        self._answer, self._trace = answer, trace
        # Known beforehand, or testinfra would ask the host for it by a command.
        self._encoding = "utf-8"

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        full = self.get_command(command, *args)
        if full not in self._trace.commands:
            self._trace.commands.append(full)
        answer = self._answer(full)
        if answer.truncated:
            raise UndeterminedError(f"`{full}` printed more than the collector keeps")
        if answer.rc is None:
            raise UndeterminedError(f"`{full}` on the host: {answer.late}")
        return self.result(answer.rc, full.encode(), answer.stdout, answer.stderr)


def answering_host(name: str, answer: Callable[[str], Answer]) -> tuple[Host, Trace]:
    """Return a testinfra host that a function answers for, and the trace of what was asked."""
    trace = Trace()
    backend = _AnswerBackend(name, answer, trace)
    host = Host(backend)
    backend.set_host(host)
    return host, trace


def from_answers(answers: Mapping[str, Answer]) -> Callable[[str], Answer]:
    """Return a function that answers from recorded commands; NotRecordedError for any other."""

    def answer(command: str) -> Answer:
        try:
            return answers[command]
        except KeyError:
            raise NotRecordedError(
                f"`{command}` is not in the bundle: the host's collector is older than the "
                "checks; run `bastide playbook run configure`"
            ) from None

    return answer


def recording(answer: Answer) -> Callable[[str], Answer]:
    """Return a function that gives every command the same answer, Debian's own ones apart."""

    def reply(command: str) -> Answer:
        known = TYPICAL_DEBIAN.get(command)
        return Answer(0, known) if known else answer

    return reply
