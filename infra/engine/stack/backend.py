"""Pulumi's file backend: where a stack's files are, and how they are written.

Layout of Pulumi's pkg/backend/diy (version 1, with project folders).
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from infra.engine.api import EngineError
from infra.engine.stack import shape
from infra.engine.stack.journal import ForeignJournalError, replay
from inventory.files import write_whole

# More than that is wrong with a file of another kind.
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class StackFiles:
    """The files of one stack below the folder that holds `.pulumi/`."""

    root: Path
    project: str
    stack: str

    @property
    def _home(self) -> Path:
        return self.root / ".pulumi"

    @property
    def meta(self) -> Path:
        """The file that says which layout the backend has."""
        return self._home / "meta.yaml"

    @property
    def stacks(self) -> Path:
        """The folder of the states of all stacks."""
        return self._home / "stacks"

    @property
    def checkpoint(self) -> Path:
        """The stack's state."""
        return self.stacks / self.project / f"{self.stack}.json"

    @property
    def locks(self) -> Path:
        """The folder of the stack's locks; the organization of a file backend has this name."""
        return self._home / "locks" / "organization" / self.project / self.stack

    @property
    def history(self) -> Path:
        """The folder with a record and a checkpoint of each update."""
        return self._home / "history" / self.project / self.stack

    @property
    def backups(self) -> Path:
        """The folder of former states."""
        return self._home / "backups" / self.project / self.stack

    @property
    def journal(self) -> Path:
        """The folder where newer official CLIs note single steps during an update."""
        return self._home / "journal" / self.project / self.stack

    @property
    def steps(self) -> Path:
        """The file where the embedded engine notes single steps during an update."""
        return self._home / "steps" / self.project / f"{self.stack}.jsonl"


def write_checkpoint(files: StackFiles, text: str) -> None:
    """Write the stack's state, the former one kept beside it as `.bak`."""
    path = files.checkpoint
    if path.exists():
        backup = path.with_name(f"{path.name}.bak")
        spare = backup.with_name(f".{backup.name}.{os.getpid()}.tmp")
        spare.unlink(missing_ok=True)
        os.link(path, spare)
        spare.replace(backup)
    write_whole(path, text)


def keep_backup(files: StackFiles) -> None:
    """Keep the stack's state as it is, where the official CLI keeps its backups."""
    state = files.checkpoint.read_text(encoding="utf-8")
    write_whole(files.backups / f"{files.stack}.{time.time_ns()}.json", state)


def prepare(files: StackFiles) -> None:
    """Make the backend's layout mark, and clear away what a dead run had not finished writing.

    Only for whoever holds the stack's lock.
    """
    for left in files.checkpoint.parent.glob(f".{files.checkpoint.name}*.tmp"):
        left.unlink(missing_ok=True)
    if not files.meta.exists():
        write_whole(files.meta, "version: 1\n")


def read_checkpoint(files: StackFiles, *, to_look: bool = False) -> dict[str, Any] | None:
    """Read the stack's state file; None when the stack has no state yet.

    Raises EngineError for a file that cannot be read, is in a layout or has features that this
    engine does not know (unless it is read `to_look`: what is added to a resource by a feature is
    not asked for then), or when an official CLI left an unfinished journal beside it.
    """
    _refuse_unknown_layout(files)
    if not files.checkpoint.exists():
        return None
    try:
        content = files.checkpoint.read_bytes()
        raw = json.loads(content)
        version, features = raw["version"], raw.get("features") or []
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise EngineError(
            f"{files.checkpoint} is not a Pulumi state file ({error!r}): "
            f"restore it, for example from {files.checkpoint.name}.bak"
        ) from error
    if version not in (3, 4) or (features and not to_look):
        raise EngineError(
            f"{files.checkpoint} has state version {version} with features {features}: this engine "
            "reads version 3, or 4 without features; use the official CLI (--engine pulumi)"
        )
    if not isinstance(raw.get("checkpoint"), dict):
        raise EngineError(f"{files.checkpoint} has no checkpoint in it: restore it from its .bak")
    _refuse_misshapen(files, raw["checkpoint"])
    return _with_steps(files, content, raw["checkpoint"])


def _refuse_misshapen(files: StackFiles, checkpoint: Mapping[str, Any]) -> None:
    wrong = list(islice(shape.problems(checkpoint), _TOLD))
    if wrong:
        raise EngineError(
            f"{files.checkpoint} is damaged: {'; '.join(wrong)}. Restore it from its .bak file"
        )


def _with_steps(files: StackFiles, content: bytes, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Return a checkpoint with the steps that a run which died had noted since."""
    try:
        latest = replay(files.steps, content, checkpoint.get("latest") or {})
        wrong = next(shape.problems({"latest": latest}), "") if files.steps.exists() else ""
    except ForeignJournalError as error:
        raise EngineError(
            f"{files.steps} has the steps of a run that died, and another program has written the "
            f"state since: what was begun may exist and be missing there ({error}). Look for it, "
            "then delete that file"
        ) from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        wrong = repr(error)
    if wrong:
        raise EngineError(f"{files.steps} is damaged ({wrong}): see docs/engines.md")
    return {**checkpoint, "latest": latest} if latest else dict(checkpoint)


def _refuse_unknown_layout(files: StackFiles) -> None:
    if files.meta.exists():
        mark = files.meta.read_text(encoding="utf-8", errors="replace").split()
        if mark != ["version:", "1"]:
            raise EngineError(f"{files.meta}: expected 'version: 1', found {' '.join(mark)!r}")
    for suffix in (".gz", ".zst"):
        packed = files.checkpoint.with_name(files.checkpoint.name + suffix)
        if packed.exists():
            raise EngineError(f"{packed} is compressed: unpack it to {files.checkpoint.name} first")
    if files.journal.is_dir() and any(files.journal.iterdir()):
        raise EngineError(
            f"{files.journal} holds steps of an official pulumi run that did not end: "
            "run 'pulumi refresh' once, so that it replays them"
        )


def manifest(version: str) -> dict[str, str]:
    """Return the head of a deployment; its magic is the hash that Pulumi checks on load."""
    return {
        "time": timestamp(),
        "magic": hashlib.sha256(version.encode()).hexdigest(),
        "version": version,
    }


def timestamp() -> str:
    """Return the present time in UTC as RFC 3339."""
    now = time.time_ns()
    seconds, nanoseconds = divmod(now, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanoseconds:09d}Z"


def write_history(files: StackFiles, record: Mapping[str, Any]) -> None:
    """Keep a record of an update, and the state it ended with."""
    stem = f"{files.stack}-{time.time_ns()}"
    write_whole(files.history / f"{stem}.history.json", json.dumps(record))
    if files.checkpoint.exists():
        state = files.checkpoint.read_text(encoding="utf-8")
        write_whole(files.history / f"{stem}.checkpoint.json", state)
