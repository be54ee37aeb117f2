"""How a machine comes to be: a number that nobody else took, a clone or an import, its seed."""

import time

from infra.errors import failed
from infra.guests.cloud_init import documents
from infra.guests.guest import guest_of
from infra.guests.ownership import own_name, volume_name
from infra.guests.seed import seed_image
from infra.proxmox.api import FIRST_PAUSE_SECONDS, Api
from infra.proxmox.cluster import Machine
from infra.proxmox.failures import ApiError
from infra.proxmox.options import (
    CONTROLLER,
    SEED_DRIVE,
    SYSTEM_DISK,
    Options,
    cloud_init_drives,
    hardware,
    new_disks,
    notes,
    too_small,
)
from infra.proxmox.specs import MachineSpec
from infra.ssh_keys import KeyPair, new_key_pair

# The number that the cluster calls free is not kept for anybody.
ATTEMPTS = 20


def create(api: Api, estate: str, spec: MachineSpec) -> Machine:
    """Make a machine that was never started; it has its host key in its notes when it is whole."""
    machine, pair = _numbered(api, estate, spec), new_key_pair()
    _take_cloud_init_away(machine)
    _upload_seed(api, machine.node, estate, spec, pair)
    config = machine.config()
    seed = f"{seed_id(estate, spec)},media=cdrom"
    options = {**hardware(spec), **new_disks(spec, config), SEED_DRIVE: seed}
    machine.set(options, config.get("digest"))
    for disk, gib in too_small(spec, machine.config()):
        machine.resize(disk, gib)
    machine.set({"description": notes(estate, spec, pair.public)})
    return machine


def seed_id(estate: str, spec: MachineSpec) -> str:
    """Return the seed's volume as Proxmox names it."""
    return f"{spec.iso_storage}:iso/{volume_name(estate, f'{spec.name}-seed', 'iso')}"


def forget_seed(api: Api, node: str, estate: str, spec: MachineSpec) -> bool:
    """Delete the seed, which holds the private host key; tells whether there was one."""
    place = f"/nodes/{node}/storage/{spec.iso_storage}/content"
    volume = seed_id(estate, spec)
    if not any(row["volid"] == volume for row in api.get(place, content="iso")):
        return False
    api.finish(api.delete(f"{place}/{volume}"), "removal of the seed")
    return True


def _numbered(api: Api, estate: str, spec: MachineSpec) -> Machine:
    for attempt in range(ATTEMPTS):
        vmid = int(api.get("/cluster/nextid"))
        try:
            _begin(api, estate, spec, vmid)
            return Machine(api, spec.node, vmid)
        except ApiError as error:
            if not (error.taken or error.busy):
                raise
        time.sleep(FIRST_PAUSE_SECONDS * (attempt + 1))
    raise failed(
        f"machine {spec.name} on {spec.url}",
        expected="a free number",
        found=f"{ATTEMPTS} that others took first, or a storage that stayed busy",
        advice="run it again when less is going on there",
    )


def _begin(api: Api, estate: str, spec: MachineSpec, vmid: int) -> None:
    """Clone the template, or make a machine from the image; the mark is there from the first on."""
    common: Options = {
        "name": own_name(estate, spec.name),
        "description": notes(estate, spec, None),
        **({"pool": spec.pool} if spec.pool else {}),
    }
    node = f"/nodes/{spec.node}/qemu"
    if spec.template is not None:
        copy: Options = {"newid": vmid, "full": 1, "storage": spec.storage}
        api.finish(api.post(f"{node}/{spec.template}/clone", **common, **copy), "clone")
        return
    disk = f"{spec.storage}:0,import-from={spec.image}"
    made: Options = {
        "vmid": vmid,
        "scsihw": CONTROLLER,
        SYSTEM_DISK: disk,
        "boot": f"order={SYSTEM_DISK}",
    }
    api.finish(api.post(node, **common, **made), "import")


def _take_cloud_init_away(machine: Machine) -> None:
    drives = cloud_init_drives(machine.config())
    if drives:
        machine.set({"delete": ",".join(drives)})


def _upload_seed(api: Api, node: str, estate: str, spec: MachineSpec, pair: KeyPair) -> None:
    forget_seed(api, node, estate, spec)  # of a creation that was interrupted
    name = seed_id(estate, spec).rpartition("/")[2]
    place = f"/nodes/{node}/storage/{spec.iso_storage}/upload"
    upid = api.upload(place, name, seed_image(documents(guest_of(spec, estate, pair), pair)), "iso")
    api.finish(upid, "upload of the seed")
