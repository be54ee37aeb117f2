"""Programs of the host that a test answers for: scripts on a PATH of their own."""

import sys
from pathlib import Path
from types import ModuleType

import pytest


class Stubs:
    """A folder of scripts; each writes down the arguments that it is called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def put(self, name: str, script: str) -> None:
        """Write a shell script under a program's name."""
        called = self.folder / f"{name}.called"
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "$*" >>{called}\n{script}\n', encoding="utf-8")
        path.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        """Return the arguments of each call of a program, joined by blanks."""
        called = self.folder / f"{name}.called"
        return called.read_text(encoding="utf-8").splitlines() if called.exists() else []


def run_main(module: ModuleType, patch: pytest.MonkeyPatch, *arguments: object) -> None:
    """Run a program's main function as a command line with these arguments."""
    patch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
    module.main()
