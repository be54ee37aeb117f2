"""Where the project's own files are: beside the packages in a checkout, inside them in a wheel."""

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = PACKAGE.parent


def shipped(name: str) -> Path:
    """Return the folder `playbooks` or `runbooks`, from the checkout or from the wheel."""
    beside = CHECKOUT / name
    return beside if beside.is_dir() else PACKAGE / f"_{name}"


def playbook_names() -> tuple[str, ...]:
    """Return the names of the shipped playbooks, sorted."""
    return tuple(sorted(file.stem for file in shipped("playbooks").glob("*.yml")))


def program(name: str) -> Path:
    """Return a program of this Python environment, such as ansible-playbook."""
    return Path(sys.executable).parent / name
