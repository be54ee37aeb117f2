"""The wheelhouse: everything that the operations machine installs, so that it needs no internet."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from bastide.support.errors import CommandError, Exit
from bastide.support.shipped_files import program
from inventory.archives import tar
from inventory.files import write_whole
from inventory.paths import CHECKOUT, cache_directory

SOURCES = ("bastide", "inventory", "infra", "monitors", "runbooks", "playbooks")
LOCK = "requirements-operations.lock"


def build(target: Path) -> bool:
    """Write one tar of wheels to `target`; return whether it changed.

    The tar is the same to the byte for the same sources and lock file.
    """
    if not (CHECKOUT / LOCK).exists():
        raise CommandError(
            f"{CHECKOUT / LOCK}: not there; the wheelhouse is built from a checkout of Bastide: "
            "run `bastide up` from one",
            Exit.WRONG_USE,
        )
    key = _key()
    stamp = target.with_suffix(".key")
    if target.exists() and stamp.exists() and stamp.read_text() == key:
        return False
    folder = cache_directory() / "wheelhouse"
    folder.mkdir(parents=True, exist_ok=True)
    _download(folder)
    ours = _build_ours(folder / "own")
    files = (*sorted(folder.glob("*.whl")), ours, CHECKOUT / LOCK)
    write_whole(target, tar((f"wheelhouse/{file.name}", file.read_bytes()) for file in files))
    stamp.write_text(key)
    return True


def _key() -> str:
    files = [CHECKOUT / LOCK, CHECKOUT / "pyproject.toml"]
    for name in SOURCES:
        files += sorted(p for p in (CHECKOUT / name).rglob("*") if p.is_file())
    digest = hashlib.sha256()
    for file in (file.relative_to(CHECKOUT) for file in files if _counts(file)):
        digest.update(f"{file}\0".encode())
        digest.update(hashlib.sha256((CHECKOUT / file).read_bytes()).digest())
    return digest.hexdigest()


def _counts(file: Path) -> bool:
    """Tell whether a file is source, not what a tool or the engine left beside it."""
    parts = file.relative_to(CHECKOUT).parts
    left_by_tools = any(part.startswith((".", "__pycache__")) for part in parts)
    return not left_by_tools and not file.match("infra/Pulumi.*.yaml")


def _download(folder: Path) -> None:
    key = folder / "lock.sha256"
    wanted = hashlib.sha256((CHECKOUT / LOCK).read_bytes()).hexdigest()
    if key.exists() and key.read_text() == wanted:
        return
    for old in folder.glob("*.whl"):
        old.unlink()
    options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    paths = ["--dest", str(folder), "--requirement", str(CHECKOUT / LOCK)]
    _run([sys.executable, "-m", "pip", "download", *options, *paths])
    key.write_text(wanted)


def _build_ours(folder: Path) -> Path:
    for old in folder.glob("*.whl"):
        old.unlink()
    _run([str(program("hatchling")), "build", "--target", "wheel", "--directory", str(folder)])
    return next(folder.glob("bastide-*.whl"))


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False, env=os.environ
    )
    if done.returncode != 0:
        raise CommandError(
            f"the wheelhouse could not be built: {' '.join(command[:4])} … failed:\n"
            f"{done.stderr.strip()[-2000:]}",
            Exit.COULD_NOT_CHECK,
        )
