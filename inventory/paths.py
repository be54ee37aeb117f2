"""Where an estate's generated files live, so that all packages use the same ones."""

import getpass
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
    return _xdg("XDG_STATE_HOME", ".local/state") / "bastide"


def state_directory(estate_name: str) -> Path:
    """Return the folder of one estate's keys, outputs, bundles and reports (mode 0700)."""
    return state_home() / estate_name


def accepted_look(state: Path, host: str) -> Path:
    """Return the file of a host's accepted look, which later ones are held against."""
    return state / "looks" / f"{host}.json"


def cache_directory() -> Path:
    """Return the folder of what estates may share and can be made again: image, packages.

    BASTIDE_CACHE_HOME, /var/cache for root, else XDG.
    """
    chosen = os.environ.get("BASTIDE_CACHE_HOME")
    if chosen:
        return Path(chosen)
    if os.geteuid() == 0:
        return Path("/var/cache/bastide")
    return _xdg("XDG_CACHE_HOME", ".cache") / "bastide"


def user_name() -> str:
    """Return who runs this: the name, or the number of a user that no file names."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _xdg(variable: str, below_home: str) -> Path:
    """Return a base folder of the XDG specification, which ignores relative paths."""
    base = Path(os.environ.get(variable, ""))
    return base if base.is_absolute() else Path.home() / below_home
