"""Builds a program that tests hold ours against, from the Go module proxy.

go.mod and go.sum of its folder pin it. What is built is kept in a cache, and the gigabytes it is
built from go once it is there.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from inventory.paths import cache_directory

HERE = Path(__file__).parent
# Of the Pulumi CLI, seven minutes of two processors; where they are busy, tests had better begin
# without it.
LONGEST_BUILD_SECONDS = 900.0
OLDEST_GO = (1, 25)  # a newer one that go.mod asks for is fetched by this one


class OracleError(Exception):
    """The program cannot be built; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A program of a module: `name` is its folder's, the command's and the file's.

    `version_variable` is what the linker writes the version into, where the program asks for it.
    """

    name: str
    title: str
    module: str
    version_variable: str = ""

    @property
    def version(self) -> str:
        """The version as go.mod pins it, without the v."""
        text = (HERE / self.name / "go.mod").read_text(encoding="utf-8")
        return str(re.findall(rf"{re.escape(self.module)} v(\S+)", text)[0])

    @property
    def executable(self) -> Path:
        """Where the program is, or would be once it is built."""
        return _cache() / f"{self.name}-{self.version}" / self.name

    def build(self) -> Path:
        """Return the program, built if it is not there yet; raises OracleError."""
        target = self.executable
        if target.exists():
            return target
        work = _cache() / f"go.{os.getpid()}"
        made = work / self.name
        try:
            self._compile(_go(), made, work)
            target.parent.mkdir(parents=True, exist_ok=True)
            made.replace(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return target

    def _compile(self, go: str, target: Path, work: Path) -> None:
        # -modcacherw: without it nobody but root could remove the cache.
        caches = {"GOMODCACHE": str(work / "modules"), "GOCACHE": str(work / "build")}
        variable = f" -X {self.version_variable}={self.version}" if self.version_variable else ""
        options = ("-modcacherw", "-trimpath", "-ldflags", f"-s -w{variable}", "-o", str(target))
        try:
            done = subprocess.run(
                [go, "build", *options, f"{self.module}/cmd/{self.name}"],
                cwd=HERE / self.name,
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


def _cache() -> Path:
    """Return the folder of what is built, beside the project's own cache."""
    return cache_directory().with_name("bastide-oracles")


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
