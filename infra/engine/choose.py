"""Picks the engine by name."""

import shutil

from infra.engine.api import Engine, EngineError
from infra.engine.embedded.engine import EmbeddedEngine
from infra.engine.official import OfficialEngine, executable


def choose(name: str) -> Engine:
    """Return the engine called `auto`, `pulumi` or `embedded`.

    `auto` is the official CLI when it is on PATH. Raises EngineError for another name, or for
    `pulumi` without the CLI.
    """
    if name == "embedded":
        return EmbeddedEngine()
    if name not in {"auto", "pulumi"}:
        raise EngineError(f"unknown engine {name!r}: expected auto, pulumi or embedded")
    if name == "pulumi":
        executable()
    elif shutil.which("pulumi") is None:
        return EmbeddedEngine()
    return OfficialEngine()
