"""Default providers: the ones that the engine registers for programs that name none."""

import re
import threading
from collections.abc import Callable

from infra.engine import urns
from infra.engine.answers import ProviderError
from infra.engine.goals import Goal
from infra.engine.registry import INTERNAL
from infra.engine.session import Session
from infra.engine.values import Properties


class DefaultProviders:
    """Registers a package's default provider once, at its first use.

    `register` brings a goal about and returns something with `state` and `ok`.
    """

    def __init__(self, session: Session, register: Callable[[Goal], object]) -> None:
        self._session, self._register = session, register
        self._lock = threading.Lock()
        self._references: dict[tuple[str, str, str], str] = {}

    def reference(self, package: str, version: str, url: str) -> str:
        """Return the reference `urn::id`; raises ProviderError when it cannot be had."""
        key = (package, version, url)
        with self._lock:
            if key not in self._references:
                self._references[key] = self._make(*key)
            return self._references[key]

    def _make(self, package: str, version: str, url: str) -> str:
        inputs = self._inputs(package, version, url)
        goal = Goal(f"{urns.PROVIDER_PREFIX}{package}", name(version, url), True, inputs=inputs)
        answer = self._register(goal)
        state = getattr(answer, "state", None)
        if state is None or not getattr(answer, "ok", False):
            raise ProviderError(f"the provider of {package!r} could not be started")
        return f"{state.urn}::{state.id}"

    def _inputs(self, package: str, version: str, url: str) -> Properties:
        inputs: Properties = dict(self._session.configuration.of_package(package))
        if version or url:
            inputs[INTERNAL] = {"pluginDownloadURL": url} if url else {}
        if version:
            inputs["version"] = version
        return inputs


def name(version: str, url: str) -> str:
    """Return the name that Pulumi gives a default provider of that version and origin."""
    text = "_".join(part for part in ("default", version, url) if part)
    return re.sub(r"[^A-Za-z0-9_.]", "_", text).replace(".", "_")
