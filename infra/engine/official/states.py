"""The states of a project's stacks: in its folder, or at a URL, where the CLI tells of them."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infra.engine.api import EngineError, Project
from infra.engine.official.command_line import CommandLine
from infra.engine.stack import stack
from infra.engine.stack.settings import read_project, read_stack_settings, settings_path
from infra.engine.stack.stack import files_of, state_text
from inventory.files import write_whole

_NONE: Final = "no stack named"


def names(project: Project) -> tuple[str, ...]:
    """Return the names of the project's stacks that have a state; raises EngineError."""
    if not project.state_url:
        own = files_of(project).checkpoint
        return tuple(sorted(file.stem for file in own.parent.glob("*.json")))
    listed = json.loads(_said(project, "stack", "ls", "--json"))
    return tuple(sorted(str(one["name"]).rpartition("/")[2] for one in listed))


def exists(project: Project) -> bool:
    """Say whether the stack has a state; raises EngineError."""
    return project.stack in names(project)


def recorded(project: Project) -> tuple[Mapping[str, Any], ...]:
    """Return the resources of the stack's state, their secrets closed; raises EngineError."""
    if not project.state_url:
        return stack.recorded(project)
    return tuple(_exported(project, project.stack).get("resources") or ())


def ensure_at_url(project: Project) -> None:
    """Have the stack at the URL, and its settings here; raises EngineError.

    `pulumi stack init` writes the settings beside Pulumi.yaml, so it works on copies.
    """
    here, program = settings_path(project), read_project(project.folder)
    if not exists(project):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / here.name
            shutil.copy(project.folder / "Pulumi.yaml", folder)
            if here.exists():
                shutil.copy(here, copy)
            init = ("stack", "init", f"--stack={project.stack}", "--no-select")
            _said(project, *init, folder=Path(folder))
            write_whole(here, copy.read_text(encoding="utf-8"))
    settings = read_stack_settings(project, "")
    provider = {} if settings.salt else _exported(project, project.stack)["secrets_providers"]
    salt = settings.salt or str(provider["state"]["salt"])
    settings.write(program.name, salt, project.config)


def copy_from_url(project: Project, aside: Project) -> None:
    """Write the states of all stacks at the URL into a folder: one may refer to another."""
    there = files_of(aside)
    for name in names(project):
        latest = _exported(project, name)
        text = state_text({"stack": f"organization/{there.project}/{name}", "latest": latest})
        write_whole(there.checkpoint.with_name(f"{name}.json"), text)


def _exported(project: Project, name: str) -> dict[str, Any]:
    """Return a stack's deployment; nothing when there is no such stack."""
    try:
        return dict(json.loads(_said(project, "stack", "export", f"--stack={name}"))["deployment"])
    except EngineError as error:
        if _NONE in str(error):
            return {}
        raise


def _said(project: Project, *words: str, folder: Path | None = None) -> str:
    line = CommandLine([*words, "--non-interactive"], project, lambda _: None, folder)
    if line.wait() != 0:
        raise EngineError(f"the pulumi CLI failed: {line.complaint()}")
    return line.output()
