"""Fixtures of the engine's tests."""

import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.engine import harness
from tests.oracles.programs import PULUMI


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
def official_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official CLI on PATH, where it could be built."""
    monkeypatch.setenv("PATH", os.pathsep.join((str(PULUMI.executable.parent), os.environ["PATH"])))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what one engine does on the other, too.

    A run of the CLI costs a second and a half of a core: `make soak` runs every test on it, other
    runs a third of them, always the same.
    """
    marks = metafunc.definition.iter_markers("parametrize")
    if "engine" not in metafunc.fixturenames or any("engine" in mark.args[0] for mark in marks):
        return
    sampled = zlib.crc32(metafunc.definition.originalname.encode()) % 3 == 0
    every = sampled or os.environ.get("BASTIDE_SOAK")
    names = [one for one in sorted(harness.ENGINES) if every or one == "embedded"]
    metafunc.parametrize("engine", names, indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest, official_cli: None) -> str:
    """The engine under test, each in turn."""
    return str(request.param)


@pytest.fixture
def either_town(tmp_path: Path, plugin: Path, engine: str) -> harness.Harness:
    """A harness with the program that makes what a test declares, on each engine."""
    return harness.make(tmp_path, plugin=plugin, engine=engine)


@pytest.fixture
def town(either_town: harness.Harness) -> harness.Harness:
    """The same, by the name that most tests know it by."""
    return either_town


@pytest.fixture
def own_town(tmp_path: Path, plugin: Path) -> harness.Harness:
    """The same on the embedded engine alone, for what is only its own."""
    return harness.make(tmp_path, plugin=plugin)


@pytest.fixture
def lonely_town(tmp_path: Path) -> harness.Harness:
    """The same, whose runs start their own plugin."""
    return harness.make(tmp_path)
