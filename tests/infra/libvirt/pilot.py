"""The pilot with its central machines on a hypervisor, as a project for an engine."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import yaml

import infra
from infra.engine import Project
from inventory.paths import SHIPPED_ESTATES

IMAGE = b"QFI\xfb an image that nothing is started from"


def project(folder: Path, uri: str, image: Path, **said: Any) -> Project:
    """Write the estate and return its project; hosts that exist are not asked for their keys."""
    estate, state = folder / "estate", folder / "state"
    shutil.copytree(SHIPPED_ESTATES / "pilot", estate)
    checksum = f"sha256:{hashlib.sha256(image.read_bytes()).hexdigest()}"
    block = {"uri": uri, "image": {"path": str(image), "checksum": checksum}, **said}
    change(estate, provider="libvirt", libvirt=block)
    (state / "pulumi").mkdir(parents=True)
    return Project(
        folder=Path(infra.__path__[0]),
        stack="test",
        backend=state / "pulumi",
        passphrase="test",
        config={"bastide:estate": str(estate), "bastide:verify": "false"},
        environment={"BASTIDE_STATE_HOME": str(state)},
    )


def change(
    estate: Path, without: str = "", each: dict[str, Any] | None = None, **keys: Any
) -> None:
    """Change keys of the central site, take a host away, say something of each host."""
    path = estate / "central.yml"
    central = yaml.safe_load(path.read_text()) | keys
    hosts = [host | (each or {}) for host in central["hosts"] if host["id"] != without]
    path.write_text(yaml.safe_dump(central | {"hosts": hosts}))
