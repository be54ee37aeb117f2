"""The collector program that hosts run, as its text and as functions for use here.

It is one program for both ways: installed by the audit role, and sent to hosts that keep nothing.
"""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

from inventory.paths import shipped

FILE = "roles/audit/files/collector/bastide_collector.py"


def _file() -> Path:
    return shipped("playbooks") / FILE


@cache
def source() -> str:
    """Return the program's text."""
    return _file().read_text(encoding="utf-8")


@cache
def functions() -> ModuleType:
    """Return the program as a module: it packs and redacts here what a host could not."""
    spec = importlib.util.spec_from_file_location("bastide_collector", _file())
    assert spec  # noqa: S101 (the file is shipped)
    assert spec.loader  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
