"""Opens a stack: its project, configuration, secrets and state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

from infra.engine import urns, values
from infra.engine.api import EngineError, Project
from infra.engine.stack import passphrase
from infra.engine.stack.backend import StackFiles, read_checkpoint
from infra.engine.stack.passphrase import Crypter
from infra.engine.stack.settings import (
    Configuration,
    ProjectFile,
    StackFile,
    read_project,
    read_stack_file,
)
from infra.engine.stack.snapshot import Ledger

# The SDK whose protocol and state we write, and who wrote it.
VERSION: Final = f"v{metadata.version('pulumi')}+bastide"


@dataclass(frozen=True, slots=True)
class Opened:
    """A stack's files, read."""

    project: ProjectFile
    stack_file: StackFile
    files: StackFiles
    checkpoint: Mapping[str, Any]
    configuration: Configuration
    crypter: Crypter


def files_of(project: Project) -> StackFiles:
    """Return where the stack's files are."""
    return StackFiles(project.backend, read_project(project.folder).name, project.stack)


def open_stack(project: Project) -> Opened:
    """Read all of a stack; raises EngineError when something is wrong with it."""
    file, files = read_project(project.folder), files_of(project)
    stack_file = read_stack_file(project)
    checkpoint = read_checkpoint(files) or {"stack": f"organization/{file.name}/{project.stack}"}
    crypter = _crypter(project, stack_file, files, checkpoint)
    configuration = _configuration(project, file, stack_file)
    return Opened(file, stack_file, files, checkpoint, configuration, crypter)


def note_settings(project: Project, opened: Opened) -> None:
    """Write Pulumi.<stack>.yaml so that either engine finds this state's salt and configuration."""
    opened.stack_file.write(opened.project.name, opened.crypter.salt, project.config)


def _crypter(
    project: Project, stack_file: StackFile, files: StackFiles, checkpoint: Mapping[str, Any]
) -> Crypter:
    """Return what opens and closes the stack's secrets.

    The state's own salt counts. Pulumi.<stack>.yaml lies with the program, so its salt may be that
    of another state of a stack of the same name; then it is only in the way of secret values in
    that very file.
    """
    provider = (checkpoint.get("latest") or {}).get("secrets_providers") or {}
    if provider.get("type", "passphrase") != "passphrase":
        raise EngineError(
            f"{files.checkpoint} keeps its secrets with {provider['type']!r}: this engine only has "
            "passphrase; use the official CLI (--engine pulumi)"
        )
    salt = str((provider.get("state") or {}).get("salt") or "")
    if salt:
        return passphrase.open_with(project.passphrase, salt, str(files.checkpoint))
    if stack_file.salt:
        try:
            return passphrase.open_with(project.passphrase, stack_file.salt, str(stack_file.path))
        except EngineError:
            if stack_file.has_secrets:
                raise
    return passphrase.create(project.passphrase)


def _configuration(project: Project, file: ProjectFile, stack_file: StackFile) -> Configuration:
    decrypt = _no_secrets
    if stack_file.has_secrets:
        crypter = passphrase.open_with(project.passphrase, stack_file.salt, str(stack_file.path))
        decrypt = crypter.decrypt
    return stack_file.configuration(file, project.config, decrypt)


def _no_secrets(scope: str, ciphertext: str) -> str:  # pragma: no cover (has_secrets says so)
    raise EngineError("the stack's settings have no secret values")


def ledger_of(opened: Opened, write: Callable[[str], None]) -> Ledger:
    """Return the stack's ledger; raises EngineError when the state is damaged."""
    ledger = Ledger(opened.checkpoint, opened.crypter, write, VERSION)
    ledger.verify(str(opened.files.checkpoint))
    return ledger


def outputs_of(ledger: Ledger, *, show_secrets: bool) -> dict[str, Any]:
    """Return what the stack exports, its secrets masked unless asked for."""
    stacks = [one for one in ledger.resources() if one.type == urns.STACK_TYPE]
    show = values.reveal if show_secrets else values.mask
    found = stacks[0].outputs if stacks else {}
    return {
        key: "[unknown]" if values.has_unknown(value) else show(value)
        for key, value in found.items()
    }
