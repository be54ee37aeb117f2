"""A machine from its definition to its login, on a real libvirtd with a real qemu."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra import ssh_keyscan
from tests.infra.provider.plugin import running
from tests.virtual_machine import cloud_image, hypervisor, network
from tests.virtual_machine.machine import alone

pytestmark = [pytest.mark.vm, pytest.mark.root, pytest.mark.timeout(3600)]

ESTATE = "vmtest"
BOOT_SECONDS = 1700.0
IMAGE, VOLUME, MACHINE = (f"bastide:libvirt:{kind}" for kind in ("Image", "Volume", "Machine"))


def on(uri: str, **more: Any) -> dict[str, Any]:
    return {"estate": ESTATE, "uri": uri, "pool": "default", **more}


def login(folder: Path, host_key: str, command: str) -> str:
    """Log in with the key that it was created with, and no other way."""
    known = folder / "known_hosts"
    known.write_text(f"{network.ADDRESS} {host_key}\n")
    options = ("-F", "/dev/null", "-o", f"UserKnownHostsFile={known}", "-o", "BatchMode=yes")
    checked = ("-o", "StrictHostKeyChecking=yes", "-i", str(folder / "key"))
    argv = ["ssh", *options, *checked, f"root@{network.ADDRESS}", command]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300).stdout


def test_a_machine_is_made_booted_changed_and_deleted(tmp_path: Path) -> None:
    disk = cloud_image.ensure()
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True
    )
    place = tmp_path / "libvirt"
    place.mkdir()
    with alone(), network.laid(), hypervisor.running(place) as uri, running() as plugin:
        with disk.open("rb") as file:
            checksum = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        image = plugin.create(IMAGE, on(uri, name="d12", source=str(disk), checksum=checksum))[1]
        data = plugin.create(VOLUME, on(uri, name="papers", sizeGib=1))[1]
        lan = {"name": "lan0", "address": f"{network.ADDRESS}/{network.BITS}", "bridge": "lan"}
        inputs = on(
            uri,
            name="kernel01",
            image=image["volume"],
            cpus=1,
            memoryMib=1024,
            diskGib=5,
            interfaces=[{**lan, "gateway": network.GATEWAY}],
            authorizedKeys=[(tmp_path / "key.pub").read_text().strip()],
            disks=[data["volume"]],
            autostart=False,
        )
        created = plugin.create(MACHINE, inputs | {"verify": False})[1]
        assert list((place / "pool").glob("*-seed-*"))
        # Where no processor helps, longer than the driver would wait.
        ssh_keyscan.wait_for_host_key(network.ADDRESS, BOOT_SECONDS, ssh_keyscan.AFAR)
        made = plugin.create(MACHINE, inputs)[1]
        assert made["hostKey"] == created["hostKey"]
        said = login(
            tmp_path, made["hostKey"], "hostname; cloud-init status --wait; lsblk -dnbo SIZE"
        )
        assert said.split()[0] == "kernel01"
        assert str(2**30) in said
        # Its seed has gone, and with it the only copy of its private key outside of it.
        assert not list((place / "pool").glob("*-seed-*"))
        grown = plugin.update(VOLUME, data, on(uri, name="papers", sizeGib=2))
        assert plugin.read(VOLUME, grown)[1]["sizeGib"] == 2
        assert plugin.create(MACHINE, inputs)[1] == made
        plugin.delete(MACHINE, made)
        assert plugin.read(MACHINE, made) == ("", {})
        plugin.delete(VOLUME, grown)
        plugin.delete(IMAGE, image)
        assert list((place / "pool").iterdir()) == []
