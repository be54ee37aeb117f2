"""The store's tests run on both databases that it may be kept in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.monitors.audit.history.postgresql import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server that only these tests know."""
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store where nothing was ever kept."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'store.sqlite'}"
    server: Server = request.getfixturevalue("server")
    return server.make_database()
