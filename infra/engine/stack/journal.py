"""The steps since the last whole checkpoint, for stacks too large to write whole at each step.

The official CLI's file backend has nothing of the kind, so this file is our own: it lies where the
CLI looks for nothing, and is gone once the run has ended. Each line is one change of the snapshot:

| line | change |
| --- | --- |
| `["base", hash, n]` | the first line: the checkpoint to change; n of its resources are settled |
| `["begin", kind, state]`, `["end", urn]` | an operation starts; it has ended |
| `["settle", state]` | this run has settled the resource |
| `["add", n, state]`, `["swap", n, state]`, `["drop", n]` | of the former resources, by number |
| `["whole", hash]` | the last line: a checkpoint with all of this is about to be written |
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from inventory.files import make_folder

_COMPACT: Final = (",", ":")
_MODE: Final = 0o600


def line(name: str, *values: Any) -> str:
    """Return one change as text."""
    return json.dumps([name, *values], separators=_COMPACT)


class Journal:
    """The journal of a run that holds the stack's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._base = ("", 0)

    def checkpoint_follows(self, text: str, settled: int) -> None:
        """Note which checkpoint is about to take in all that was noted; see `base` above."""
        self._base = digest(text.encode()), settled
        if self._path.exists():
            self._write([line("whole", self._base[0])])

    def clear(self) -> None:
        """Forget what a checkpoint has taken in."""
        self._path.unlink(missing_ok=True)

    def append(self, lines: Sequence[str]) -> None:
        """Note changes; they are on disk when this returns."""
        if not self._path.exists():
            make_folder(self._path.parent)
            lines = [line("base", *self._base), *lines]
        self._write(lines)

    def _write(self, lines: Sequence[str]) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _MODE)
        with os.fdopen(handle, "wb") as file:
            file.write("".join(f"{one}\n" for one in lines).encode())
            file.flush()
            os.fdatasync(handle)


class ForeignJournalError(Exception):
    """The journal is of another checkpoint than the one that is there; `begun` names resources."""

    def __init__(self, begun: Sequence[str]) -> None:
        super().__init__(", ".join(begun))
        self.begun = tuple(begun)


def digest(checkpoint: bytes) -> str:
    """Return the hash by which a journal knows its checkpoint."""
    return hashlib.sha256(checkpoint).hexdigest()


def replay(path: Path, checkpoint: bytes, latest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a deployment with the changes of the journal, if there is one, carried out.

    Raises ForeignJournalError when another program has written the checkpoint since.
    """
    changes = _read(path)
    if not changes or changes[-1] == ["whole", digest(checkpoint)]:
        return latest
    name, base, settled = changes[0]
    if (name, base) != ("base", digest(checkpoint)):
        raise ForeignJournalError(_begun(changes))
    replayed = _Replay(latest, settled)
    for name, *values in changes[1:]:
        replayed.take(name, values)
    return {**latest, **replayed.result()}


def _read(path: Path) -> list[list[Any]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return []
    # A line that was not finished was not on disk yet, so nothing has happened because of it.
    return [json.loads(one) for one in lines[:-1]]


def _begun(changes: Sequence[Sequence[Any]]) -> list[str]:
    return sorted({one[2]["urn"] for one in changes if one[0] == "begin"})


class _Replay:
    def __init__(self, latest: Mapping[str, Any], settled: int) -> None:
        resources = latest.get("resources") or []
        self._settled = {one["urn"]: one for one in resources[:settled]}
        self._before = dict(enumerate(resources[settled:], settled))
        operations = latest.get("pending_operations") or []
        self._pending = {one["resource"]["urn"]: one for one in operations}

    def take(self, name: str, values: Sequence[Any]) -> None:
        if name == "begin":
            kind, state = values
            self._pending[state["urn"]] = {"resource": state, "type": kind}
        elif name == "end":
            self._pending.pop(values[0], None)
        elif name == "settle":
            self._settled[values[0]["urn"]] = values[0]
        elif name == "drop":
            self._before.pop(values[0], None)
        elif name in ("add", "swap"):
            self._before[values[0]] = values[1]

    def result(self) -> dict[str, Any]:
        resources = [*self._settled.values(), *self._before.values()]
        return {"resources": resources, "pending_operations": list(self._pending.values())}
