"""A village's estate with one server that is to be made on a hypervisor, and read afterwards."""

import hashlib
from pathlib import Path
from typing import Any

import yaml

from tests.bastide.estates import host_key
from tests.virtual_machine import network

HOST, OPERATIONS = "kamen-app", "central-ops"
FILES = {HOST: "municipalities/kamen.yml", OPERATIONS: "central.yml"}
SIZE = {"cpus": 1, "disk_gib": 5, "protect": False, "autostart": False}
CONTACTS = [{"name": "Ana", "duty": "IT administrator", "email": "it@kamen.example"}]


def written(folder: Path, uri: str, image: Path) -> dict[str, str]:
    """Write the estate; return the variables with which commands take it."""
    estate = folder / "estate"
    (estate / "municipalities").mkdir(parents=True)
    for file, content in (
        ("estate.yml", _estate(uri, image)),
        (FILES[OPERATIONS], _central()),
        (FILES[HOST], _municipality()),
    ):
        (estate / file).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return {"BASTIDE_ESTATE": str(estate), "BASTIDE_STATE_HOME": str(folder / "state")}


def change(folder: Path, host: str, **said: Any) -> None:
    """Say something else of a host."""
    path = folder / "estate" / FILES[host]
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["hosts"][0] |= said
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _estate(uri: str, image: Path) -> dict[str, Any]:
    with image.open("rb") as file:
        checksum = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    return {
        "estate": "kamen",
        "title": "Kamen",
        "domain": "kamen.test",
        "provider": "libvirt",
        "management": [network.NETWORK],
        "libvirt": {
            "uri": uri,
            "image": {"path": str(image), "checksum": checksum},
            "sites": {"hall": {"bridge": "lan"}},
        },
        "administrators": [
            {
                "name": "Ana",
                "login": "ana",
                "contact": CONTACTS[0]["email"],
                "keys": [host_key(1)],
            }
        ],
    }


def _central() -> dict[str, Any]:
    desk = {"id": "hq", "name": "Desk", "network": "192.0.2.0/24", "gateway": "192.0.2.1"}
    nobody = {
        "id": "ops",
        "site": "hq",
        "address": "192.0.2.10",
        "provider": "existing",
        "manage": "watch",
        "roles": ["operations"],
        "host_key": host_key(0),
    }
    return {"name": "Operations", "contacts": CONTACTS, "sites": [desk], "hosts": [nobody]}


def _municipality() -> dict[str, Any]:
    site = {"id": "hall", "name": "Hall", "network": network.NETWORK, "gateway": network.GATEWAY}
    made = {
        "id": "app",
        "site": "hall",
        "address": network.ADDRESS,
        "manage": "audit",  # its first audit is of what was made, nothing installed
        "memory_mib": 1024,
        "machine": SIZE,
    }
    return {
        "municipality": "kamen",
        "name": "Kamen",
        "tier": "village",
        "country": "RS",
        "contacts": CONTACTS,
        "sites": [site],
        "hosts": [made],
    }
