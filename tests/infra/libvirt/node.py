"""A hypervisor of libvirt's own test driver: what others made on it, and what a crash left.

https://libvirt.org/drvtest.html: each file is a hypervisor of its own, kept by the process that
opened it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.guests.ownership import own_name
from infra.libvirt.pools import GIB
from infra.ssh_keys import new_key_pair

ESTATE = "town"
THEIRS = "11111111-2222-4333-8444-555555555555"
POOL = "/default-pool"
KEY = new_key_pair().public
TWO_DISKS = ("vda", "vdb")


@dataclass(frozen=True, slots=True)
class Left:
    """A volume that is there already; sizes in bytes."""

    name: str
    capacity: int = 20 * GIB
    allocation: int = 0
    backing: str = ""


def write_node(folder: Path, *volumes: Left, foreign: str = "") -> str:
    """Write a hypervisor with volumes, and machine and network `foreign` of others; its URI."""
    path = folder / "node.xml"
    path.write_text(
        f"<node>{_foreign(foreign) if foreign else ''}"
        f"<pool type='dir'><name>default</name><target><path>{POOL}</path></target>"
        f"{''.join(_volume(one) for one in volumes)}</pool>"
        "<pool type='logical'><name>lvm</name><source><name>vg0</name></source>"
        "<target><path>/dev/vg0</path></target></pool></node>",
        encoding="utf-8",
    )
    return f"test://{path}"


def _foreign(name: str) -> str:
    own = own_name(ESTATE, name)
    return (
        f"<domain type='test'><name>{own}</name><uuid>{THEIRS}</uuid><memory>131072</memory>"
        "<os><type>hvm</type></os></domain>"
        f"<network><name>{own}</name><uuid>{THEIRS}</uuid><bridge name='theirs'/></network>"
    )


def _volume(left: Left) -> str:
    backing = f"<backingStore><path>{left.backing}</path></backingStore>" if left.backing else ""
    return (
        f"<volume type='file'><name>{left.name}</name><key>{POOL}/{left.name}</key>"
        f"<capacity>{left.capacity}</capacity><allocation>{left.allocation}</allocation>"
        f"<target><path>{POOL}/{left.name}</path><format type='qcow2'/></target>{backing}</volume>"
    )


def machine(uri: str, image: str, **change: Any) -> dict[str, Any]:
    """Return the inputs of a machine."""
    return {
        "estate": ESTATE,
        "name": "velgora-app",
        "uri": uri,
        "pool": "default",
        "image": image,
        "cpus": 2,
        "memoryMib": 1024,
        "diskGib": 20,
        "interfaces": [{"name": "lan0", "address": "10.9.1.10/24", "network": "default"}],
        "authorizedKeys": [KEY],
        "autostart": True,
        "verify": False,
        **change,
    }
