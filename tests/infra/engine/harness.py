"""A test harness: a copied program, a real provider plugin, and one of the engines."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.engine.api import Engine, EngineResult, Operation, Project, StepEvent
from infra.engine.embedded.engine import EmbeddedEngine
from infra.engine.official import OfficialEngine
from infra.engine.stack.integrity import problems
from infra.engine.stack.passphrase import Crypter
from infra.engine.stack.resource_state import decode_resource
from tests.oracles.programs import PULUMI
from tests.waiting import wait_until

# The official engine is one of them where `make oracles` could build its CLI.
ENGINES: dict[str, Engine] = {"embedded": EmbeddedEngine()}
if PULUMI.executable.exists():
    ENGINES["official"] = OfficialEngine()
HERE = Path(__file__).parent
CASES = HERE / "cases"
PLUGINS = HERE / "plugin"
# Deriving a key takes 0.6 s, once for each salt and process; so all stands share one.
PASSPHRASE = "open sesame"
SALT = "v1:gc2XpuHDV0g=:v1:qaym8xFlRLVGALGt:ez+a0z5DjnT9VnzZbEnGxkil4hReZw=="


@dataclass
class Harness:
    """Runs one stack's operations and shows their effects."""

    root: Path
    project: Project
    engine: str = "embedded"
    events: list[StepEvent] = field(default_factory=list)

    def wants(self, **things: dict[str, Any]) -> None:
        """Declare what the program makes; every thing needs at least its content."""
        (self.project.folder / "wanted.json").write_text(json.dumps(things))

    def has(self, **things: dict[str, Any]) -> None:
        """Declare what the program makes, and make it; what was made once is copied."""
        self.wants(**things)
        key = f"{self.engine} {json.dumps(things)}"
        if key not in _BUILT:
            assert self.up().ok, self.messages()
            self.log()
            _BUILT[key] = tempfile.TemporaryDirectory()
            _copy(self.root, Path(_BUILT[key].name))
        else:
            _copy(Path(_BUILT[key].name), self.root)

    def run(self, operation: Operation) -> EngineResult:
        """Do an operation; its events are kept, and the state it leaves must be sound."""
        self.events.clear()
        outcome = ENGINES[self.engine].run(operation, self.project, self.events.append)
        if self.checkpoint.exists():
            assert problems(self.decoded()) == []
        return outcome

    @property
    def official(self) -> bool:
        """Whether the engine is the official one, where the two are known to differ."""
        return self.engine == "official"

    def outputs(self, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """Return the stack's outputs as the engine reads them from the state."""
        return ENGINES[self.engine].outputs(self.project, show_secrets)

    def up(self) -> EngineResult:
        return self.run(Operation.UP)

    def preview(self) -> EngineResult:
        return self.run(Operation.PREVIEW)

    def refresh(self) -> EngineResult:
        return self.run(Operation.REFRESH)

    def destroy(self) -> EngineResult:
        return self.run(Operation.DESTROY)

    @property
    def checkpoint(self) -> Path:
        folder = self.project.backend / ".pulumi" / "stacks" / "town"
        return folder / f"{self.project.stack}.json"

    @property
    def settings(self) -> Path:
        return self.project.backend / f"Pulumi.{self.project.stack}.yaml"

    def latest(self) -> dict[str, Any]:
        """Return the deployment in the state file."""
        raw = json.loads(self.checkpoint.read_text())
        assert raw["version"] in (3, 4)  # 4 has features
        return dict(raw["checkpoint"]["latest"])

    def recorded(self) -> list[dict[str, Any]]:
        """Return all resources of the state; the official engine writes no empty list."""
        return list(self.latest().get("resources") or [])

    def decoded(self) -> list[Any]:
        return [decode_resource(raw, _Blind("", b"")) for raw in self.recorded()]

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the state's live resources by name."""
        return {raw["urn"].split("::")[3]: raw for raw in self.recorded() if not raw.get("delete")}

    def things_outside(self) -> list[Path]:
        """Return the files of what exists outside."""
        folder = self.root / "home" / "things"
        return list(folder.iterdir()) if folder.exists() else []

    def things(self) -> set[str]:
        """Return the ids of what exists outside."""
        return {path.name for path in self.things_outside()}

    def log(self) -> list[str]:
        """Return the effects since the last call, in order."""
        path = self.root / "home" / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def order(self, *orders: str) -> None:
        """Give orders to the plugin, see plugin/toy.py."""
        for order in orders:
            (self.root / "home" / "orders" / order).touch()

    def recall(self, *orders: str) -> None:
        """Take orders back."""
        for order in orders:
            (self.root / "home" / "orders" / order).unlink()

    def await_order(self, order: str) -> None:
        """Wait until the plugin says that it has reached a step."""
        path = self.root / "home" / "orders" / order
        assert wait_until(path.exists, 30, every=0.01), f"{order} never came"

    def messages(self) -> str:
        """Return the messages of all steps and diagnostics."""
        return "\n".join(event.message for event in self.events)

    def background(self, operation: Operation = Operation.UP) -> subprocess.Popen[bytes]:
        """Start an operation in a process of its own."""
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.infra.engine.harness",
                self.engine,
                str(self.root),
                operation.value,
            ],
            cwd=HERE.parents[2],
        )


_BUILT: dict[str, tempfile.TemporaryDirectory[str]] = {}


def _copy(source: Path, target: Path) -> None:
    for part in ("home", "state"):
        if (source / part).exists():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)


class _Blind(Crypter):
    """Reads states whose secrets do not matter."""

    def decrypt(self, scope: str, ciphertext: str) -> str:
        return json.dumps("hidden")


def make(
    root: Path, case: str = "declared", plugin: Path | None = None, engine: str = "embedded"
) -> Harness:
    """Set up a harness in an empty folder.

    `plugin` is the folder of a running plugin (see conftest.py), whose home then is the harness's;
    without one, each run starts a plugin of its own.
    """
    shutil.copytree(CASES / case, root / "program")
    (root / "home" / "orders").mkdir(parents=True)
    harness = reopen(root, engine)
    if plugin is not None:
        (plugin / "home").unlink(missing_ok=True)
        (plugin / "home").symlink_to(root / "home")
        debugged = {"PULUMI_DEBUG_PROVIDERS": f"toy:{(plugin / 'port').read_text()}"}
        environment = {**harness.project.environment, **debugged}
        harness.project = replace(harness.project, environment=environment)
    harness.settings.parent.mkdir()
    harness.settings.write_text(f"encryptionsalt: {SALT}\n")
    return harness


def reopen(root: Path, engine: str = "embedded") -> Harness:
    """Return a harness on what a folder already has."""
    environment = {
        "TOY_HOME": str(root / "home"),
        "PULUMI_HOME": str(root / "pulumi-home"),  # nothing of the tests' in ~/.pulumi
        "PATH": os.pathsep.join([str(PLUGINS), str(Path(sys.executable).parent), os.defpath]),
    }
    project = Project(root / "program", "dev", root / "state", PASSPHRASE)
    return Harness(root, replace(project, environment=environment), engine)


if __name__ == "__main__":
    name, home, operation = sys.argv[1:]
    result = ENGINES[name].run(Operation(operation), reopen(Path(home)).project, lambda _: None)
    sys.exit(0 if result.ok else 1)
