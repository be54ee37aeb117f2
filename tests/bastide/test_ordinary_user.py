"""An estate of existing hosts needs no root: a real unprivileged user runs the commands."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.bastide.estates import new_estate
from tests.command import BASTIDE, LONGEST_SECONDS

pytestmark = pytest.mark.root
USER = 4321  # a user that no file names, as in many containers
# This Python may stand in a folder that is root's alone: the user sees its own way to it.
OPENED = """
set -e
root=$(dirname "$1"); closed=$2; shift 2
if [ -n "$closed" ]; then
  hold=$(mktemp -d); mount --bind "$root" "$hold"; mount -t tmpfs tmpfs "$closed"
  chmod 755 "$closed"; mkdir -p "$root"; mount --bind "$hold" "$root"
fi
exec setpriv --reuid USER --regid USER --clear-groups "$@"
""".replace("USER", str(USER))


@pytest.fixture
def home() -> Iterator[Path]:
    """The home of the user, whose estate has existing hosts that are only watched."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are below a folder of root's
        estate = new_estate(Path(folder) / "ours")
        for file in (estate / "central.yml", estate / "estate.yml"):
            content = yaml.safe_load(file.read_text())
            for host in content.get("hosts", ()):
                host["manage"] = "watch"
            file.write_text(yaml.safe_dump(content))
        for path in (Path(folder), *Path(folder).rglob("*")):
            os.chown(path, USER, USER)
        yield Path(folder)


def as_user(home: Path, *arguments: str, **extra: str) -> "subprocess.CompletedProcess[str]":
    python = Path(sys.executable).resolve().parents[1]
    closed = next((str(p) for p in reversed(python.parents) if not p.stat().st_mode & 0o001), "")
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", OPENED, "as", str(python / "bin"), closed,
         str(BASTIDE), *arguments],
        capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS, cwd=home,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(home), "COLUMNS": "160", **extra},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_an_estate_of_existing_hosts_is_provisioned_with_its_state_in_the_xdg_folder(
    home: Path,
) -> None:
    ours = ("--estate", str(home / "ours"))
    made = as_user(home, "infra", "up", *ours, "--engine", "embedded")
    assert made.returncode == 0, made.stderr
    state = home / ".local/state/bastide/ours"
    assert (state / "outputs.json").is_file()
    assert (state / "ssh/config").stat().st_uid == USER
    assert (state / "ssh").stat().st_mode & 0o777 == 0o700
    key = as_user(home, "inventory", "key", *ours)
    assert key.stdout == (state / "ssh/admin.pub").read_text()
    assert as_user(home, "host", "check", *ours).returncode == 0


def test_the_xdg_variables_are_followed_and_relative_ones_are_not(home: Path) -> None:
    ours = ("inventory", "key", "--estate", str(home / "ours"))
    as_user(home, *ours, XDG_STATE_HOME=str(home / "elsewhere"))
    assert (home / "elsewhere/bastide/ours/ssh/admin").is_file()
    as_user(home, *ours, XDG_STATE_HOME="not/absolute")
    assert (home / ".local/state/bastide/ours/ssh/admin").is_file()


@pytest.mark.parametrize("command", [("up",), ("infra", "up"), ("down", "--yes")], ids=" ".join)
def test_the_lab_is_roots_and_an_ordinary_user_is_told_before_anything_is_made(
    command: tuple[str, ...], home: Path
) -> None:
    done = as_user(home, *command, "--estate", "lab")
    assert done.returncode in (1, 2, 3)
    assert "root" in done.stderr
    assert "ordinary user" in done.stderr
    assert not (home / ".local/state/bastide/lab/pulumi").exists()
