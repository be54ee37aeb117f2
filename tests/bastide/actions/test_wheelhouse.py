"""The wheelhouse installs with no index at all, and is the same to the byte when made again."""

import subprocess
import sys
from pathlib import Path

from bastide.actions import wheelhouse


def test_it_is_the_same_to_the_byte(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "wheelhouse.tar", tmp_path / "b" / "wheelhouse.tar"
    assert wheelhouse.build(first)
    assert wheelhouse.build(second)
    assert first.read_bytes() == second.read_bytes()


def test_the_exporter_installs_from_it_alone(tmp_path: Path) -> None:
    tar = tmp_path / "wheelhouse.tar"
    wheelhouse.build(tar)
    subprocess.run(["tar", "-xf", str(tar), "-C", str(tmp_path)], check=True)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    subprocess.run(
        [
            str(tmp_path / "venv" / "bin" / "pip"),
            "install",
            "--quiet",
            "--no-index",
            "--find-links",
            str(tmp_path / "wheelhouse"),
            "bastide",
        ],
        check=True,
    )
    shown = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "bastide"), "inventory", "check", "--estate", "pilot"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert shown.returncode == 0, shown.stderr
