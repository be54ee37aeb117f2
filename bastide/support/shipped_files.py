"""The shipped playbooks, and the programs that run them."""

import sys
from pathlib import Path

from inventory.paths import shipped


def playbook_names() -> tuple[str, ...]:
    """Return the names of the shipped playbooks, sorted."""
    return tuple(sorted(file.stem for file in shipped("playbooks").glob("*.yml")))


def program(name: str) -> Path:
    """Return a program of this Python environment, such as ansible-playbook."""
    return Path(sys.executable).parent / name
