"""Fixtures of the engine's tests."""

from pathlib import Path

import pytest

from tests.infra.engine import stand


@pytest.fixture
def town(tmp_path: Path) -> stand.Stand:
    """A stand with the program that makes what a test declares."""
    return stand.make(tmp_path)
