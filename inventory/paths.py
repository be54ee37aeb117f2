"""Where an estate's generated files live, so that all packages use the same ones."""

import os
from pathlib import Path

INVENTORY_DIRECTORY = Path(__file__).resolve().parent
SHIPPED_ESTATES = INVENTORY_DIRECTORY / "estates"
CHECKOUT = INVENTORY_DIRECTORY.parent


def shipped(name: str) -> Path:
    """Return the folder `playbooks` or `runbooks`, from the checkout or from the wheel."""
    beside = CHECKOUT / name
    return beside if beside.is_dir() else CHECKOUT / "bastide" / f"_{name}"


def state_home() -> Path:
    """Return the folder of all estates' state: BASTIDE_STATE_HOME, /var/lib for root, else XDG."""
    chosen = os.environ.get("BASTIDE_STATE_HOME")
    if chosen:
        return Path(chosen).resolve()
    if os.geteuid() == 0:
        return Path("/var/lib/bastide")
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "bastide"


def state_directory(estate_name: str) -> Path:
    """Return the folder of one estate's keys, outputs, bundles and reports (mode 0700)."""
    return state_home() / estate_name


def cache_directory() -> Path:
    """Return the folder of what estates may share and can be made again: image, packages."""
    return Path(os.environ.get("BASTIDE_CACHE_HOME", "/var/cache/bastide"))
