"""Pulumi.yaml and Pulumi.<stack>.yaml: the program's place, the stack's configuration and salt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.engine.api import EngineError, Project
from infra.engine.backend import write_atomic
from infra.engine.passphrase import Crypter


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What Pulumi.yaml says: the project's name, the program's folder and its virtualenv."""

    name: str
    program: Path
    virtualenv: Path | None
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Configuration:
    """A stack's configuration in clear: `namespace:key` to text, and which keys are secret."""

    values: Mapping[str, str]
    secret_keys: frozenset[str]

    def of_package(self, package: str) -> dict[str, str]:
        """Return the keys in a package's namespace, without it: the default provider's inputs."""
        prefix = f"{package}:"
        found = self.values.items()
        return {key.removeprefix(prefix): text for key, text in found if key.startswith(prefix)}


def read_project(folder: Path) -> ProjectFile:
    """Read Pulumi.yaml; raises EngineError when it is missing or not of a Python program."""
    path = folder / "Pulumi.yaml"
    raw = _read_yaml(path)
    if not raw:
        raise EngineError(f"{path}: expected a Pulumi project file, found none")
    runtime = raw.get("runtime")
    name: Any = runtime
    options: dict[str, Any] = {}
    if isinstance(runtime, dict):
        name, options = runtime.get("name"), runtime.get("options") or {}
    if name != "python" or not raw.get("name"):
        raise EngineError(f"{path}: expected a name and the runtime python, found {name!r}")
    program = (folder / str(raw.get("main") or ".")).resolve()
    if not program.exists():
        raise EngineError(f"{path}: main is {raw.get('main')!r}, but {program} does not exist")
    virtualenv = (folder / options["virtualenv"]).resolve() if "virtualenv" in options else None
    return ProjectFile(str(raw["name"]), program, virtualenv, options)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError) as error:
        raise EngineError(f"{path} cannot be read: {error}") from error
    if raw is not None and not isinstance(raw, dict):
        raise EngineError(f"{path}: expected a mapping, found {type(raw).__name__}")
    return raw or {}


@dataclass(frozen=True, slots=True)
class StackFile:
    """The stack's settings file, beside Pulumi.yaml."""

    path: Path
    content: Mapping[str, Any]

    @property
    def salt(self) -> str:
        """The passphrase provider's salt line, or nothing."""
        return str(self.content.get("encryptionsalt") or "")

    def configuration(self, project: str, given: Mapping[str, str], crypter: Crypter) -> Any:
        """Return the file's configuration with the given values over it."""
        values: dict[str, str] = {}
        hidden: set[str] = set()
        for key, value in (self.content.get("config") or {}).items():
            name = _qualified(project, str(key))
            if isinstance(value, dict) and set(value) == {"secure"}:
                values[name] = crypter.decrypt("", str(value["secure"]))
                hidden.add(name)
            else:
                values[name] = value if isinstance(value, str) else json.dumps(value)
        values |= {_qualified(project, key): text for key, text in given.items()}
        return Configuration(values, frozenset(hidden))

    def write(self, project: str, salt: str, given: Mapping[str, str]) -> None:
        """Note the salt and the given configuration, so that the official CLI finds the same."""
        config = dict(self.content.get("config") or {})
        for key, text in given.items():
            name = _qualified(project, key)
            secure = isinstance(config.get(name), dict)
            if not secure:
                config[name] = text
        content = {**self.content, "encryptionsalt": salt} | ({"config": config} if config else {})
        if content != self.content:
            write_atomic(self.path, yaml.safe_dump(content, sort_keys=True, allow_unicode=True))


def read_stack_file(project: Project) -> StackFile:
    """Read Pulumi.<stack>.yaml; a missing one is empty."""
    path = project.folder / f"Pulumi.{project.stack}.yaml"
    return StackFile(path, _read_yaml(path))


def _qualified(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"
