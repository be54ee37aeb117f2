"""One provider for all tests: each has a hypervisor of its own."""

from collections.abc import Iterator

import pytest

from tests.infra.provider.plugin import Plugin, running


@pytest.fixture(scope="session")
def plugin() -> Iterator[Plugin]:
    """A running provider."""
    with running() as started:
        yield started
