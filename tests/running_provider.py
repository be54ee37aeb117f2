"""Our provider, running: fixtures for tests of what engines do with it."""

import subprocess
from collections.abc import Iterator

import pytest

from bastide.support.shipped_files import program

# Nobody listens there: where the engine would be told how far a long step is.
NO_ENGINE = "127.0.0.1:9"


@pytest.fixture(scope="session")
def provider_address() -> Iterator[str]:
    """Our provider, running, as PULUMI_DEBUG_PROVIDERS names it; it keeps nothing between runs."""
    process = subprocess.Popen(
        [program("pulumi-resource-bastide"), NO_ENGINE], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield f"bastide:{process.stdout.readline().strip()}"
    process.kill()
    process.wait()


@pytest.fixture
def running_provider(
    request: pytest.FixtureRequest, provider_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded engine uses a provider that runs already: its start takes half of a short run.

    The official one starts its own, which it can tell whose engine it is.
    """
    callspec = getattr(request.node, "callspec", None)
    if callspec is None or callspec.params.get("engine") != "pulumi":
        monkeypatch.setenv("PULUMI_DEBUG_PROVIDERS", provider_address)
