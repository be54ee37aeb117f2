"""The collector program that hosts run, as its text and as functions for use here.

It is one program for both ways: installed by the audit role, and sent to hosts that keep nothing.
"""

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
    module = ModuleType("bastide_collector")
    # Not imported: its compiled form would be written beside it, and copied to hosts.
    exec(compile(source(), _file(), "exec"), module.__dict__)  # noqa: S102
    return module
