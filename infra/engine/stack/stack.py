"""Opens a stack: its project, configuration, secrets and state."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

from infra.engine import urns, values
from infra.engine.api import EngineError, Project
from infra.engine.stack import passphrase
from infra.engine.stack.backend import StackFiles, prepare, read_checkpoint
from infra.engine.stack.checkpoint_writer import CheckpointWriter
from infra.engine.stack.lock import held
from infra.engine.stack.passphrase import Crypter
from infra.engine.stack.settings import (
    Configuration,
    ProjectSettings,
    StackSettings,
    read_project,
    read_stack_settings,
)
from infra.engine.stack.snapshot import Snapshot

# The SDK whose protocol and state we write, and who wrote it.
VERSION: Final = f"v{metadata.version('pulumi')}+bastide"


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack's files, read."""

    project: ProjectSettings
    settings: StackSettings
    files: StackFiles
    checkpoint: Mapping[str, Any]
    configuration: Configuration
    crypter: Crypter


def files_of(project: Project) -> StackFiles:
    """Return where the stack's files are."""
    return StackFiles(project.backend, read_project(project.folder).name, project.stack)


def open_stack(project: Project, *, to_look: bool = False) -> Stack:
    """Read all of a stack, its state `to_look` or to write it; raises EngineError when it is wrong.

    See read_checkpoint.
    """
    program, files = read_project(project.folder), files_of(project)
    checkpoint = read_checkpoint(files, to_look=to_look) or {
        "stack": f"organization/{program.name}/{project.stack}"
    }
    salt = salt_of(files, checkpoint)
    settings = read_stack_settings(project, salt)
    crypter = _crypter(project, settings, files, salt)
    configuration = _configuration(project, program, settings)
    return Stack(program, settings, files, checkpoint, configuration, crypter)


def ensure_stack(project: Project, notice: Callable[[str], None]) -> None:
    """Write the stack's settings, and an empty state when it has none, under the stack's lock.

    Afterwards the official CLI has nothing to make, in particular no settings beside Pulumi.yaml.
    Raises EngineError.
    """
    with reported_errors(), held(files_of(project), notice):
        stack = open_stack(project, to_look=True)
        prepare(stack.files)
        write_settings(project, stack)
        if not stack.files.checkpoint.exists() or stack.files.steps.exists():
            snapshot_of(stack, CheckpointWriter(stack.files)).save()


@contextmanager
def reported_errors() -> Iterator[None]:
    """Turn what the file system refuses into an EngineError."""
    try:
        yield
    except OSError as error:
        raise EngineError(f"the stack's files cannot be read or written: {error}") from error


def write_settings(project: Project, stack: Stack) -> None:
    """Write the settings, in which either engine finds this state's salt and configuration."""
    stack.settings.write(stack.project.name, stack.crypter.salt, project.config)


def salt_of(files: StackFiles, checkpoint: Mapping[str, Any]) -> str:
    """Return the salt line of the state's secrets; empty when there is no state yet."""
    provider = (checkpoint.get("latest") or {}).get("secrets_providers") or {}
    if provider.get("type", "passphrase") != "passphrase":
        raise EngineError(
            f"{files.checkpoint} keeps its secrets with {provider['type']!r}: this engine only has "
            "passphrase; use the official CLI (--engine pulumi)"
        )
    return str((provider.get("state") or {}).get("salt") or "")


def _crypter(project: Project, settings: StackSettings, files: StackFiles, salt: str) -> Crypter:
    """Return what opens and closes the stack's secrets.

    The state's own salt counts. That of the settings may be another, of a state that was lost:
    then it is only in the way of secret values in that very file.
    """
    if salt:
        return passphrase.open_with(project.passphrase, salt, str(files.checkpoint))
    if settings.salt:
        try:
            return passphrase.open_with(project.passphrase, settings.salt, str(settings.path))
        except EngineError:
            if settings.has_secrets:
                raise
    return passphrase.create(project.passphrase)


def _configuration(
    project: Project, program: ProjectSettings, settings: StackSettings
) -> Configuration:
    decrypt = _no_secrets
    if settings.has_secrets:
        crypter = passphrase.open_with(project.passphrase, settings.salt, str(settings.path))
        decrypt = crypter.decrypt
    return settings.configuration(program, project.config, decrypt)


def _no_secrets(scope: str, ciphertext: str) -> str:  # pragma: no cover (has_secrets says so)
    raise EngineError("the stack's settings have no secret values")


def snapshot_of(stack: Stack, writer: CheckpointWriter | None) -> Snapshot:
    """Return the stack's snapshot; raises EngineError when the state is damaged."""
    snapshot = Snapshot(stack.checkpoint, stack.crypter, writer, VERSION)
    snapshot.verify(str(stack.files.checkpoint))
    return snapshot


def recorded_outputs(project: Project, *, show_secrets: bool = False) -> dict[str, Any]:
    """Return what the stack's state says that it exports; a stack without state has nothing."""
    return outputs_of(
        snapshot_of(open_stack(project, to_look=True), None), show_secrets=show_secrets
    )


def state_text(checkpoint: Mapping[str, Any]) -> str:
    """Return a checkpoint as the text of a state file."""
    return json.dumps({"version": 3, "checkpoint": checkpoint}, separators=(",", ":"))


def recorded(project: Project) -> tuple[Mapping[str, Any], ...]:
    """Return the resources of the stack's state as they stand there, their secrets closed."""
    latest = (read_checkpoint(files_of(project), to_look=True) or {}).get("latest") or {}
    return tuple(latest.get("resources") or ())


def outputs_of(snapshot: Snapshot, *, show_secrets: bool) -> dict[str, Any]:
    """Return what the stack exports, its secrets masked unless asked for."""
    roots = [one for one in snapshot.resources() if one.type == urns.STACK_TYPE]
    show = values.reveal if show_secrets else values.mask
    outputs = roots[0].outputs if roots else {}
    return {
        key: "[unknown]" if values.has_unknown(value) else show(value)
        for key, value in outputs.items()
    }
