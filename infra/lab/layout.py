"""Where one estate's lab keeps its files, and what they are called in the kernel."""

import contextlib
import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from infra.errors import failed
from inventory.files import write_first
from inventory.paths import cache_directory, state_directory

RUNTIME = Path("/run/bastide")
RECORD = "lab.json"
LINK_NAME_LENGTH = 15  # IFNAMSIZ less the closing zero

LinkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*$", max_length=LINK_NAME_LENGTH)]


@dataclass(frozen=True, slots=True)
class Lab:
    """One estate's lab: disks in `state`, what lasts until the next boot in `runtime`."""

    estate: str
    state: Path
    cache: Path
    runtime: Path

    @property
    def machines(self) -> Path:
        """The folder with one folder a machine."""
        return self.state / "machines"

    @property
    def namespace(self) -> str:
        """The backbone's network namespace."""
        return f"bst-{self.estate}"

    @property
    def uplink(self) -> str:
        """The link on the outer machine that leads into the lab."""
        return link_name("bst", self.estate)

    @property
    def table(self) -> str:
        """The nftables table on the outer machine."""
        return f"bastide_{self.estate}"

    @property
    def alias(self) -> str:
        """What our links on the outer machine are marked with."""
        return f"bastide {self.estate} {key(self)}"

    def unit_namespace(self, unit: str) -> str:
        """Return the network namespace of a machine or a device."""
        return f"{self.namespace}-{unit}"


def lab_of(estate: str, state: Path | None = None, cache: Path | None = None) -> Lab:
    """Return the lab of an estate, in the usual folders unless others are given."""
    home = state or state_directory(estate)
    return Lab(estate, home / "lab", cache or cache_directory(), RUNTIME / estate)


def key(lab: Lab) -> str:
    """Return the key that marks what this lab made since the last boot; made when missing.

    It lives in /run, as network namespaces and control groups do: another root file system on
    the same kernel (a chroot) has another one, so neither takes the other's things for its own.
    InfraError when the estate's lab already runs from another state folder.
    """
    path = lab.runtime / RECORD
    if not path.exists():
        record = json.dumps({"key": secrets.token_hex(4), "state": str(lab.state)})
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            write_first(path, record)
    refuse_elsewhere(lab)
    return str(_record(lab)["key"])


def refuse_elsewhere(lab: Lab) -> None:
    """Raise InfraError when the estate's lab already runs from another state folder."""
    record = _record(lab)
    if record and record["state"] != str(lab.state):
        raise failed(
            f"lab {lab.estate}",
            expected=f"that it runs from {lab.state}",
            found=f"that it runs from {record['state']} ({lab.runtime / RECORD})",
            advice="take that one down first, or give this estate another name",
        )


def _record(lab: Lab) -> dict[str, str]:
    path = lab.runtime / RECORD
    if not path.exists():
        return {}
    record: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return record


def link_name(prefix: str, *words: str, longest: int = LINK_NAME_LENGTH) -> str:
    """Return a readable name, or one with a hash in it when that is too long for the kernel."""
    readable = "-".join((prefix, *words))
    if len(readable) <= longest:
        return readable
    digest = hashlib.sha256(readable.encode()).hexdigest()
    return f"{prefix}-{digest}"[:longest]
