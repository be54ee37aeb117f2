"""What a change does and how it is undone, as the playbooks describe it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Command = tuple[str, ...]


@dataclass(frozen=True)
class File:
    """A file, link or folder to write; a file's content may hold any bytes (surrogateescape).

    `block`: the content is a part of a file that others own, which keeps its owner and mode.
    """

    path: str
    kind: str = "file"
    content: str = ""
    owner: str = "root"
    group: str = "root"
    mode: str = "0644"
    block: bool = False


@dataclass(frozen=True)
class Plan:
    """One change that could cut somebody off.

    `files` are written; `keeps` are more paths that `activate` changes and a revert puts back.
    `capture` maps names to commands whose outputs are kept; `{NAME}` in a command is its file.
    `rehearse` proves before anything is written that the way back works, `validate` approves of
    what was written, `activate` makes it work, `undo` makes what was put back work, and
    `last_resort` lets people in again when even that fails. Beside the files, `live` prints what
    must not differ from what was confirmed, and `needed` prints something while `activate` has
    anything to do.
    """

    name: str
    files: tuple[File, ...] = ()
    keeps: tuple[str, ...] = ()
    capture: dict[str, Command] = field(default_factory=dict)
    rehearse: tuple[Command, ...] = ()
    validate: tuple[Command, ...] = ()
    activate: tuple[Command, ...] = ()
    undo: tuple[Command, ...] = ()
    last_resort: tuple[Command, ...] = ()
    live: Command = ()
    needed: Command = ()
    seconds: int = 45

    @property
    def paths(self) -> list[str]:
        """The paths that are kept, each once."""
        return list(dict.fromkeys([*(file.path for file in self.files), *self.keeps]))


COMMANDS = ("rehearse", "validate", "activate", "undo", "last_resort")


def parse(text: str) -> Plan:
    """Return the plan of a JSON text; ValueError and TypeError say what is wrong with it."""
    data: dict[str, Any] = json.loads(text)
    for name in COMMANDS:
        data[name] = tuple(tuple(map(str, command)) for command in data.get(name, ()))
    data["files"] = tuple(File(**file) for file in data.get("files", ()))
    data["keeps"] = tuple(data.get("keeps", ()))
    data["capture"] = {k: tuple(map(str, v)) for k, v in data.get("capture", {}).items()}
    for name in ("live", "needed"):
        data[name] = tuple(map(str, data.get(name, ())))
    return Plan(**data)
