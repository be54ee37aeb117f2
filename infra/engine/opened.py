"""Opens a stack: its project, configuration, secrets and state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.engine import passphrase, urns, values
from infra.engine.api import EngineError, Project
from infra.engine.backend import StackFiles, read_checkpoint
from infra.engine.ledger import Ledger
from infra.engine.passphrase import Crypter
from infra.engine.stackfile import (
    Configuration,
    ProjectFile,
    StackFile,
    read_project,
    read_stack_file,
)

VERSION: Final = "v3.272.0+bastide"  # the protocol and state that we write, and who wrote it


@dataclass(frozen=True, slots=True)
class Opened:
    """A stack's files, read."""

    project: ProjectFile
    stack_file: StackFile
    files: StackFiles
    checkpoint: Mapping[str, Any]
    configuration: Configuration
    reader: Crypter
    writer: Crypter


def files_of(project: Project) -> StackFiles:
    """Return where the stack's files are."""
    return StackFiles(project.backend, read_project(project.folder).name, project.stack)


def open_stack(project: Project) -> Opened:
    """Read all of a stack; raises EngineError when something is wrong with it."""
    file, files = read_project(project.folder), files_of(project)
    stack_file = read_stack_file(project)
    checkpoint = read_checkpoint(files) or {"stack": f"organization/{file.name}/{project.stack}"}
    reader, writer = _crypters(project, stack_file, files, checkpoint)
    configuration = stack_file.configuration(file.name, project.config, writer)
    return Opened(file, stack_file, files, checkpoint, configuration, reader, writer)


def _crypters(
    project: Project, stack_file: StackFile, files: StackFiles, checkpoint: Mapping[str, Any]
) -> tuple[Crypter, Crypter]:
    """Return what opens the state's secrets, and what closes them again: the same, normally."""
    provider = (checkpoint.get("latest") or {}).get("secrets_providers") or {}
    if provider.get("type", "passphrase") != "passphrase":
        raise EngineError(
            f"{files.checkpoint} keeps its secrets with {provider['type']!r}: this engine only has "
            "passphrase; use the official CLI (--engine pulumi)"
        )
    in_state = str((provider.get("state") or {}).get("salt") or "")
    salts = {in_state: str(files.checkpoint)} if in_state else {}
    if stack_file.salt:
        salts.setdefault(stack_file.salt, str(stack_file.path))
    opened = {
        salt: passphrase.open_with(project.passphrase, salt, origin)
        for salt, origin in salts.items()
    }
    writer = opened.get(stack_file.salt) or opened.get(in_state)
    writer = writer or passphrase.create(project.passphrase)
    return opened.get(in_state, writer), writer


def ledger_of(opened: Opened, write: Callable[[str], None]) -> Ledger:
    """Return the stack's ledger; raises EngineError when the state is damaged."""
    ledger = Ledger(opened.checkpoint, opened.reader, opened.writer, write, VERSION)
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
