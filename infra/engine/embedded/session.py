"""What all parts of one run share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.engine import urns
from infra.engine.embedded.events import Events
from infra.engine.embedded.provider import Provider
from infra.engine.embedded.provider_registry import ProviderRegistry
from infra.engine.stack.resource_state import ResourceState
from infra.engine.stack.settings import Configuration, ProjectSettings
from infra.engine.stack.snapshot import Snapshot
from infra.engine.targets import Targets
from infra.engine.values import Properties


class StoppedError(Exception):
    """The run is being stopped; no further step is started."""


@dataclass(frozen=True, slots=True)
class RegistrationResult:
    """What came of a registration; when it is not `ok`, outputs are unknown to the program."""

    urn: str
    state: ResourceState | None
    ok: bool = True
    stables: tuple[str, ...] = ()


@dataclass
class Session:
    """One run: its stack, its state, its providers, and how far it has come.

    `slots` bounds the steps that run at once; `failed` has the URNs that failed or were skipped;
    `deletions` the resources that are being deleted to be made again, with an event for its end;
    `deleting` has the URNs of which a copy is deleted in this run, `replaced` of which one is made;
    `left_out` those that are not there, and no targets of a run that is limited to `targets`;
    `took` maps the URN of a resource to that of its former self, by an alias, `taken_by` the other
    way; `stack_outputs` what the program exports, kept until it is known whether it succeeded.
    """

    project: ProjectSettings
    stack: str
    configuration: Configuration
    snapshot: Snapshot
    registry: ProviderRegistry
    events: Events
    preview: bool
    slots: threading.Semaphore
    stop: threading.Event = field(default_factory=threading.Event)
    failed: set[str] = field(default_factory=set)
    registered: set[str] = field(default_factory=set)
    deleting: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    deletions: dict[str, threading.Event] = field(default_factory=dict)
    took: dict[str, str] = field(default_factory=dict)
    taken_by: dict[str, str] = field(default_factory=dict)
    stack_outputs: Properties | None = None
    targets: Targets = field(default_factory=Targets)
    left_out: set[str] = field(default_factory=set)

    @property
    def stack_urn(self) -> str:
        """The URN of the stack itself, the root of all resources."""
        name = f"{self.project.name}-{self.stack}"
        return urns.make(self.stack, self.project.name, "", urns.STACK_TYPE, name)

    def provider(self, state: ResourceState) -> Provider:
        """Return the provider that manages a resource; raises ProviderError."""
        return self.registry.get(state.provider)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for one of the slots of running steps; raises StoppedError when stopping."""
        with self.slots:
            if self.stop.is_set():
                raise StoppedError("the run is being stopped")
            yield

    def goes_along(self, state: ResourceState) -> bool:
        """Say whether a resource goes with another that is being deleted (option deletedWith)."""
        return state.deleted_with in self.deleting

    def managed(self, state: ResourceState) -> bool:
        """Say whether a provider's Create, Read and Delete concern this resource."""
        return state.custom and not state.external and not urns.is_provider(state.type)
