"""Fixtures of the engine's tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.engine.embedded import harness


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running plugin, to spare its start in the tests that are not about that.

    The folder has its `port`, and a link to the `home` that it works in.
    """
    folder = tmp_path_factory.mktemp("plugin")
    process = subprocess.Popen(
        [sys.executable, harness.PLUGINS / "pulumi-resource-toy", "unused"],
        env={**os.environ, "TOY_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    (folder / "port").write_text(process.stdout.readline().strip())
    yield folder
    process.kill()
    process.wait()


@pytest.fixture
def town(tmp_path: Path, plugin: Path) -> harness.Harness:
    """A harness with the program that makes what a test declares."""
    return harness.make(tmp_path, plugin=plugin)


@pytest.fixture
def lonely_town(tmp_path: Path) -> harness.Harness:
    """The same, whose runs start their own plugin."""
    return harness.make(tmp_path)
