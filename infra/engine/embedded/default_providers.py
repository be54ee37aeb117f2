"""Default providers: the ones that the engine registers for programs that name none."""

import re
import threading
from collections.abc import Callable

from infra.engine import urns
from infra.engine.embedded.provider_registry import INTERNAL
from infra.engine.embedded.registration import Registration
from infra.engine.embedded.responses import ProviderError
from infra.engine.embedded.session import RegistrationResult, Session
from infra.engine.values import Properties


class DefaultProviders:
    """Registers a package's default provider once, at its first use; `register` does the work."""

    def __init__(
        self, session: Session, register: Callable[[Registration], RegistrationResult]
    ) -> None:
        self._session, self._register = session, register
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, str], RegistrationResult] = {}

    def reference(self, package: str, version: str, url: str) -> str:
        """Return the reference `urn::id`; raises ProviderError when it cannot be had."""
        key = (package, version, url)
        with self._lock:
            if key not in self._made:
                self._made[key] = self._make(*key)
            made = self._made[key]
        if made.state is None or not made.ok:
            raise ProviderError(f"the provider of {package!r} could not be started")
        return f"{made.state.urn}::{made.state.id}"

    def _make(self, package: str, version: str, url: str) -> RegistrationResult:
        inputs = self._inputs(package, version, url)
        type_ = f"{urns.PROVIDER_PREFIX}{package}"
        return self._register(Registration(type_, name(version, url), True, inputs=inputs))

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
