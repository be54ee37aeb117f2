"""Builds the official Pulumi CLI, the oracle of the embedded engine, from the Go module proxy.

go.mod and go.sum pin it. What is built is kept in a cache, and the gigabytes it is built from go
once it is there.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from inventory.paths import cache_directory

HERE = Path(__file__).parent
PACKAGE = "github.com/pulumi/pulumi/pkg/v3"
# Without it the CLI calls itself v3.0.0-dev, which `pulumi about` and plugins would be told.
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
# Seven minutes of two processors; where they are busy, tests had better begin without it.
LONGEST_BUILD_SECONDS = 900.0
OLDEST_GO = (1, 25)  # a newer one that go.mod asks for is fetched by this one


class OracleError(Exception):
    """The CLI cannot be built; the message says why in one line."""


def version() -> str:
    """Return the CLI's version as go.mod pins it, without the v."""
    text = (HERE / "go.mod").read_text(encoding="utf-8")
    return str(re.findall(rf"{re.escape(PACKAGE)} v(\S+)", text)[0])


def cache() -> Path:
    """Return the folder of what is built, beside the project's own cache."""
    return cache_directory().with_name("bastide-oracles")


def executable() -> Path:
    """Return where the CLI is, or would be once it is built."""
    return cache() / f"pulumi-{version()}" / "pulumi"


def build() -> Path:
    """Return the CLI, built if it is not there yet (two minutes); raises OracleError."""
    target = executable()
    if target.exists():
        return target
    work = cache() / f"go.{os.getpid()}"
    made = work / "pulumi"
    try:
        _compile(_go(), made, work)
        target.parent.mkdir(parents=True, exist_ok=True)
        made.replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _compile(go: str, target: Path, work: Path) -> None:
    # -modcacherw: without it nobody but root could remove the cache.
    caches = {"GOMODCACHE": str(work / "modules"), "GOCACHE": str(work / "build")}
    flags = f"-s -w -X {VERSION_VARIABLE}={version()}"
    command = [go, "build", "-modcacherw", "-trimpath", "-ldflags", flags, "-o", str(target)]
    try:
        done = subprocess.run(
            [*command, f"{PACKAGE}/cmd/pulumi"],
            cwd=HERE,
            env={**os.environ, **caches},
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise OracleError(f"not done within {LONGEST_BUILD_SECONDS / 60:.0f} minutes") from None
    if done.returncode != 0:
        raise OracleError((done.stderr.strip() or "go build failed").splitlines()[-1])


def _go() -> str:
    """Return the go command, on PATH or where its own installer puts it."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/go/bin"))
    found = shutil.which("go", path=path)
    if found is None:
        raise OracleError("there is no Go on this machine")
    said = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    numbers = tuple(int(part) for part in re.findall(r"\d+", said.stdout)[:2])
    if numbers < OLDEST_GO:
        raise OracleError(f"{found} is {said.stdout.strip() or 'broken'}, 1.25 or newer is needed")
    return found


def main() -> None:
    """Build it and say where it is; where it cannot be had, say so in one line, and end well."""
    try:
        sys.stdout.write(f"the official Pulumi CLI is {build()}\n")
    except (OracleError, OSError) as error:
        sys.stdout.write(
            f"not held against the official Pulumi CLI, which cannot be built here: {error}\n"
        )


if __name__ == "__main__":
    main()
