"""Pulumi.yaml, which names the program, and Pulumi.<stack>.yaml: configuration and salt."""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.engine.api import EngineError, Project
from inventory.files import write_whole


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What Pulumi.yaml says: the project's name, the program's folder and its virtualenv.

    `defaults` are the values that it declares for configuration keys.
    """

    name: str
    program: Path
    virtualenv: Path | None
    options: Mapping[str, Any]
    defaults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Configuration:
    """A stack's configuration in clear: `namespace:key` to text, and which keys are secret."""

    values: Mapping[str, str]
    secret_keys: frozenset[str]

    def of_package(self, package: str) -> dict[str, str]:
        """Return the keys in a package's namespace, without it: the default provider's inputs."""
        prefix = f"{package}:"
        keys = (key for key in self.values if key.startswith(prefix))
        return {key.removeprefix(prefix): self.values[key] for key in keys}


def read_project(folder: Path) -> ProjectSettings:
    """Read Pulumi.yaml; raises EngineError when it is missing or not of a Python program."""
    path = folder / "Pulumi.yaml"
    raw = _read_yaml(path)
    if not raw:
        raise EngineError(f"{path}: expected a Pulumi project file, found none")
    runtime = raw.get("runtime")
    name: Any = runtime
    options: dict[str, Any] = {}
    if isinstance(runtime, dict):
        name, options = runtime.get("name"), _mapping(path, runtime, "options")
    if name != "python" or not raw.get("name"):
        raise EngineError(f"{path}: expected a name and the runtime python, found {name!r}")
    program = (folder / str(raw.get("main") or ".")).resolve()
    if not program.exists():
        raise EngineError(f"{path}: main is {raw.get('main')!r}, but {program} does not exist")
    own = options.get("virtualenv")
    virtualenv = (folder / str(own)).resolve() if own else None
    project = str(raw["name"])
    defaults = _defaults(project, _mapping(path, raw, "config"))
    return ProjectSettings(project, program, virtualenv, options, defaults)


def _defaults(project: str, config: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of Pulumi.yaml's own `config`: bare, or declared with `default`."""
    defaults: dict[str, str] = {}
    for key, declared in config.items():
        value = declared
        if isinstance(declared, dict):
            value = declared.get("value", declared.get("default"))
        if value is not None:
            defaults[_qualified(project, str(key))] = _text(value)
    return defaults


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise EngineError(f"{path} cannot be read: {error}") from error
    if raw is not None and not isinstance(raw, dict):
        raise EngineError(f"{path}: expected a mapping, found {type(raw).__name__}")
    return raw or {}


def _mapping(path: Path, raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return what a key says, nothing when it is not there; EngineError for another form."""
    value = raw.get(key)
    if not isinstance(value, dict | None):
        raise EngineError(f"{path}: {key}: expected a mapping, found {type(value).__name__}")
    return value or {}


@dataclass(frozen=True, slots=True)
class StackSettings:
    """The stack's settings; `former` is a file elsewhere that they were read from, to be moved."""

    path: Path
    content: Mapping[str, Any]
    former: Path | None = None

    @property
    def salt(self) -> str:
        """The passphrase provider's salt line, or nothing."""
        return str(self.content.get("encryptionsalt") or "")

    @property
    def has_secrets(self) -> bool:
        """Whether some configuration value is encrypted."""
        return any(_is_secure(value) for value in (self.content.get("config") or {}).values())

    def configuration(
        self, project: ProjectSettings, given: Mapping[str, str], decrypt: Callable[[str, str], str]
    ) -> Configuration:
        """Return the project's defaults, the file's values over them, and the given over these.

        `decrypt` turns the ciphertext of a secret value, of no resource, into its text.
        """
        values = dict(project.defaults)
        hidden: set[str] = set()
        for key, value in (self.content.get("config") or {}).items():
            name = _qualified(project.name, str(key))
            if _is_secure(value):
                values[name] = decrypt("", str(value["secure"]))
                hidden.add(name)
            else:
                values[name] = _text(value)
        values |= {_qualified(project.name, key): text for key, text in given.items()}
        return Configuration(values, frozenset(hidden))

    def write(self, project: str, salt: str, given: Mapping[str, str]) -> None:
        """Note the salt and the given configuration, so that the official CLI finds the same."""
        config = dict(self.content.get("config") or {})
        for key, text in given.items():
            name = _qualified(project, key)
            if not _is_secure(config.get(name)):
                config[name] = text
        # Secret values in this file can only be read with the salt that they were written with.
        kept = self.salt if self.has_secrets else salt
        content = {**self.content, "encryptionsalt": kept} | ({"config": config} if config else {})
        if content != self.content or self.former is not None:
            write_whole(self.path, yaml.safe_dump(content, sort_keys=True, allow_unicode=True))
        if self.former is not None:
            with contextlib.suppress(OSError):  # an installed package may be read-only
                self.former.unlink()


def read_stack_settings(project: Project, salt: str) -> StackSettings:
    """Read Pulumi.<stack>.yaml in the backend's folder; a missing one is empty.

    It used to lie beside Pulumi.yaml; one that is still there is read if its salt is that of this
    state, `salt`: it may belong to another state of a stack of the same name.
    """
    path = settings_path(project)
    content = _read_yaml(path)
    _mapping(path, content, "config")
    former = project.folder / path.name
    earlier = {} if content else _read_yaml(former)
    if salt and earlier.get("encryptionsalt") == salt:
        return StackSettings(path, earlier, former)
    return StackSettings(path, content)


def settings_path(project: Project) -> Path:
    """Return where the stack's settings are: with its state, not with the program."""
    return project.backend / f"Pulumi.{project.stack}.yaml"


def _is_secure(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _qualified(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"
