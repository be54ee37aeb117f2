"""The engine's interface: what runs a Pulumi program, whichever engine does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class EngineError(Exception):
    """An operation could not be done at all; the message says what was found and what to do."""


class Operation(StrEnum):
    """What the engine can do; `drift` is a refresh that only looks."""

    PREVIEW = "preview"
    DRIFT = "drift"
    UP = "up"
    REFRESH = "refresh"
    DESTROY = "destroy"


READ_ONLY = frozenset({Operation.PREVIEW, Operation.DRIFT})
"""What writes nothing: neither outside nor into the state."""


@dataclass(frozen=True, slots=True)
class Project:
    """A Pulumi program, its stack, and where the stack's state is kept.

    `folder` holds Pulumi.yaml; `backend` is the folder that holds `.pulumi/` and the stack's
    settings, Pulumi.<stack>.yaml; `config` maps `key` (in the project's namespace) or
    `namespace:key` to its value; `targets` are URNs (infra.engine.targets) that a run is
    limited to, all when there are none; with `continue_on_error` the embedded engine deletes
    what is not wanted any more beside a failure as well, as the official one does; `environment`
    is added to that of the program and of the plugins. `state_url` is where the state is, of
    Pulumi's backends, when it is not in `backend`: only the official engine works there.
    """

    folder: Path
    stack: str
    backend: Path
    passphrase: str = field(repr=False)
    config: Mapping[str, str] = field(default_factory=dict)
    parallel: int = 8
    targets: tuple[str, ...] = ()
    continue_on_error: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    state_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StepEvent:
    """Something that happened to one resource.

    `operation`: create, update, replace, delete, same, read, refresh; empty for a diagnostic.
    `phase`: started, finished, failed, skipped or diagnostic. `seconds`: how long the step took.
    `changed`: the properties that a refresh found to be others than the state has.
    """

    urn: str
    type: str
    name: str
    operation: str
    phase: str
    message: str = ""
    seconds: float = 0.0
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineResult:
    """What an operation did.

    `changes` counts resources by operation (default providers are not counted, as in Pulumi);
    `outputs` are the stack's, secrets masked; `failures` has every failed step.
    """

    changes: Mapping[str, int]
    outputs: Mapping[str, Any]
    failures: tuple[StepEvent, ...]
    ok: bool


OnEvent = Callable[[StepEvent], None]


class Engine(Protocol):
    """Runs a project's program against its state."""

    def check(self, project: Project) -> None:
        """Raise EngineError when it cannot work on a project's state at all, and say why."""

    def run(self, operation: Operation, project: Project, on_event: OnEvent) -> EngineResult:
        """Do the operation; failures of single resources are in the outcome.

        Raises EngineError when nothing could be done: a bad project, a held lock, a wrong
        passphrase, a damaged state.
        """

    def outputs(self, project: Project, show_secrets: bool = False) -> Mapping[str, Any]:
        """Read the stack's outputs from its state; a stack without state has none."""
