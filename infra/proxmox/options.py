"""A machine's options, as Proxmox writes them (qm.conf(5)), and what is read out of them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.guests.guest import Interface, hardware_address
from infra.guests.ownership import identity
from infra.proxmox.specs import MachineSpec

Config = Mapping[str, Any]
Options = dict[str, str | int]

# Debian's kernel for clouds has no drivers for IDE and SATA: the seed is a disc on SCSI as well.
SYSTEM_DISK, SEED_DRIVE = "scsi0", "scsi30"
CONTROLLER = "virtio-scsi-single"
EMPTY_DRIVE = "none,media=cdrom"
# What Proxmox's own cloud-init drive is called: a second source beside ours would win or lose.
OWN_CLOUD_INIT = "cloudinit"
IDENTITY, HOST_KEY = "bastide-identity", "bastide-host-key"
_SIZE = re.compile(r"(?:^|,)size=(\d+)([MGT])")
_GIB = {"M": 1 / 1024, "G": 1, "T": 1024}


def notes(estate: str, spec: MachineSpec, host_key: str | None) -> str:
    """Return the notes that mark a machine as ours; the host key comes when it is whole."""
    lines = [
        f"{spec.name} of the estate {estate}, made by Bastide: the next lines are how it is known.",
        f"{IDENTITY}: {identity(estate, 'machine', spec.name)}",
    ]
    return "\n\n".join([*lines, *([f"{HOST_KEY}: {host_key}"] if host_key else [])])


def noted(config: Config, key: str) -> str | None:
    """Return what the notes say under a key, or None."""
    found = re.search(rf"^{key}: (.+)$", str(config.get("description", "")), re.MULTILINE)
    return found[1].strip() if found else None


def sizes(spec: MachineSpec) -> Options:
    """Return the options that may change at any time."""
    return {
        "cores": spec.cpus,
        "memory": spec.memory_mib,
        "onboot": int(spec.autostart),
        "protection": int(spec.protect),
    }


def hardware(spec: MachineSpec) -> Options:
    """Return the options that a machine is created with."""
    cards = {f"net{n}": _card(spec.name, one) for n, one in enumerate(spec.interfaces)}
    return {
        **sizes(spec),
        **cards,
        "sockets": 1,
        "scsihw": CONTROLLER,
        "agent": 1,
        "serial0": "socket",  # cloud images write their console there
        "ostype": "l26",
        "tags": "bastide",
    }


def _card(machine: str, interface: Interface) -> str:
    card = f"virtio={hardware_address(machine, interface.name).upper()},bridge={interface.bridge}"
    return card if interface.vlan is None else f"{card},tag={interface.vlan}"


def new_disks(spec: MachineSpec, config: Config) -> Options:
    """Return the disks for data that are not there yet."""
    wanted = {f"scsi{number}": gib for number, gib in enumerate(spec.disks, start=1)}
    return {key: f"{spec.storage}:{gib}" for key, gib in wanted.items() if key not in config}


def too_small(spec: MachineSpec, config: Config) -> Iterator[tuple[str, int]]:
    """Yield the disks that are smaller than they should be, with the GiB that they should have."""
    wanted = ((system_disk(config), spec.disk_gib), *_data(spec))
    for key, gib in wanted:
        if key in config and (size := gib_of(str(config[key]))) is not None and size < gib:
            yield key, gib


def _data(spec: MachineSpec) -> Iterator[tuple[str, int]]:
    return ((f"scsi{number}", gib) for number, gib in enumerate(spec.disks, start=1))


def system_disk(config: Config) -> str:
    """Return the disk that a machine starts from; a template may have it on another bus."""
    found = re.search(r"order=([a-z]+\d+)", str(config.get("boot", "")))
    return found[1] if found and found[1] in config else SYSTEM_DISK


def gib_of(disk: str) -> float | None:
    """Return a disk's size in GiB, or None when its options do not say it."""
    found = _SIZE.search(disk)
    return int(found[1]) * _GIB[found[2]] if found else None


def cloud_init_drives(config: Config) -> tuple[str, ...]:
    """Return the drives with Proxmox's own cloud-init data, which a template may bring."""
    drives = (key for key in config if re.match(r"(ide|sata|scsi)\d+$", key))
    return tuple(key for key in drives if OWN_CLOUD_INIT in str(config[key]))
