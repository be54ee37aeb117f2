"""The providers of a run, by their reference `urn::id`, started when first needed."""

import contextlib
import threading
import uuid
from collections.abc import Callable, Set
from concurrent.futures import Future, ThreadPoolExecutor

from infra.engine import urns
from infra.engine.api import EngineError
from infra.engine.embedded.provider import Provider
from infra.engine.embedded.responses import Diff, ProviderError
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import UNKNOWN_TEXT, Properties, equal

INTERNAL = (
    "__internal"  # where Pulumi keeps settings of the plugin itself among a provider's inputs
)

Package = tuple[str, str]  # a package's name and the version that is wanted, or none


class ProviderRegistry:
    """Starts, configures and ends providers; safe to use from several threads.

    `launch` starts a package's plugin by name and version; `find` returns the provider
    resource of a reference.
    """

    def __init__(
        self,
        launch: Callable[[str, str], Provider],
        find: Callable[[str], ResourceState | None],
    ) -> None:
        self._launch, self._find = launch, find
        self._lock = threading.RLock()
        self._configured: dict[str, Provider] = {}
        self._checked: dict[str, Provider] = {}
        self._retired: list[Provider] = []  # others may still be calling them
        self._prepared: dict[Package, Future[Provider]] = {}
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="plugin")

    def prepare(self, packages: Set[Package]) -> None:
        """Start plugins that are going to be needed, while other things are under way."""
        for wanted in packages:
            self._prepared[wanted] = self._pool.submit(self._launch, *wanted)

    def get(self, reference: str) -> Provider:
        """Return a configured provider; raises ProviderError when it cannot be had."""
        with self._lock:
            provider = self._configured.get(reference)
            if provider is None:
                state = self._find(reference)
                if state is None:
                    raise ProviderError(f"the state has no provider {reference}")
                provider = self.activate(state, preview=False)
            return provider

    def check(self, urn: str, old: Properties, new: Properties) -> Properties:
        """Check a provider resource's inputs with its plugin."""
        with self._lock:
            provider = self._checked.get(urn)
            if provider is None:
                provider = self._checked[urn] = self._start(package(urn, new))
            checked = provider.check_config(urn, _public(old), _public(new))
        return {**checked, INTERNAL: new[INTERNAL]} if INTERNAL in new else checked

    def diff(self, old: ResourceState, new: Properties) -> Diff:
        """Compare a provider resource's inputs with those it had."""
        with self._lock:
            provider = self._checked.get(old.urn) or self.get(f"{old.urn}::{old.id}")
            diff = provider.diff_config(old, _public(new))
        if diff.changed is not None or diff.replace:
            return diff
        return Diff(not equal(_public(old.inputs), _public(new)))

    def activate(self, state: ResourceState, *, preview: bool) -> Provider:
        """Configure a provider resource's plugin and register it under its reference."""
        reference = f"{state.urn}::{state.id}"
        with self._lock:
            provider = self._checked.pop(state.urn, None)
            provider = provider or self._start(package(state.urn, state.inputs))
            provider.configure(state.urn, "" if preview else state.id, _public(state.inputs))
            if reference in self._configured:
                self._retired.append(self._configured[reference])
            self._configured[reference] = provider
        return provider

    def _start(self, wanted: Package) -> Provider:
        prepared = self._prepared.pop(wanted, None)
        try:
            return prepared.result() if prepared else self._launch(*wanted)
        except (EngineError, OSError) as error:
            raise ProviderError(str(error)) from error

    def close(self) -> None:
        """End all plugins."""
        with self._lock:
            started = [*self._configured.values(), *self._checked.values(), *self._retired]
            for future in self._prepared.values():
                with contextlib.suppress(EngineError, OSError):
                    started.append(future.result())
            for provider in started:
                provider.close()
            self._pool.shutdown()
            self._configured.clear()
            self._checked.clear()
            self._retired.clear()


def package(urn: str, inputs: Properties) -> Package:
    """Return the package that a provider resource stands for, from its URN and inputs."""
    version = inputs.get("version")
    return urns.package_of(urns.type_of(urn)), version if isinstance(version, str) else ""


def new_id(*, preview: bool) -> str:
    """Return the id of a new provider resource; in a preview it is not known yet."""
    return UNKNOWN_TEXT if preview else str(uuid.uuid4())


def _public(inputs: Properties) -> Properties:
    return {key: value for key, value in inputs.items() if key != INTERNAL}


def outputs_of(inputs: Properties) -> Properties:
    """Return a provider resource's outputs: its inputs without the plugin's own settings."""
    return _public(inputs)
