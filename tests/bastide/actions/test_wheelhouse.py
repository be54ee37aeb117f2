"""The wheelhouse installs with no index at all, and is the same to the byte when made again."""

import subprocess
import sys
from pathlib import Path

import pytest

from bastide.actions import wheelhouse


@pytest.fixture(scope="module")
def tar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tar = tmp_path_factory.mktemp("built") / "wheelhouse.tar"
    assert wheelhouse.build(tar)
    return tar


def test_it_is_the_same_to_the_byte(tar: Path, tmp_path: Path) -> None:
    again = tmp_path / "wheelhouse.tar"
    assert wheelhouse.build(again)
    assert again.read_bytes() == tar.read_bytes()


def test_the_exporter_installs_from_it_alone(tar: Path, tmp_path: Path) -> None:
    subprocess.run(["tar", "-xf", str(tar), "-C", str(tmp_path)], check=True)
    own = tmp_path / "venv"
    # What fills an environment with a pip of its own, and compiles what is not run, costs more than
    # all the rest.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(own)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(own), "install", "--quiet", "--no-compile"]
    wheels = ["--no-index", "--find-links", str(tmp_path / "wheelhouse"), "bastide"]
    subprocess.run([*pip, *wheels], check=True)
    done = subprocess.run(
        [str(own / "bin" / "bastide"), "inventory", "check", "--estate", "pilot"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
