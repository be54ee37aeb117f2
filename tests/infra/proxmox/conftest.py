"""A provider for all tests, and a stand-in for Proxmox for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra import certificates
from infra.ssh_keys import new_key_pair
from tests.infra.provider.plugin import Plugin, running
from tests.infra.proxmox.stub import NODE, TEMPLATE, TOKEN, Cluster, proxmox

KEY = new_key_pair().public


@dataclass(frozen=True, slots=True)
class Site:
    """A stand-in that is served, and a machine's inputs for it."""

    cluster: Cluster
    inputs: dict[str, Any]


@pytest.fixture(scope="session")
def plugin() -> Iterator[Plugin]:
    """A running provider."""
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, and a certificate for loopback."""
    folder = tmp_path_factory.mktemp("tls")
    certificates.ensure("Test", {"pve.test": "127.0.0.1"}, folder)
    return folder


@pytest.fixture
def site(authority: Path, tmp_path: Path) -> Iterator[Site]:
    """A cluster with a template."""
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    files = (str(authority / "pve.test.crt"), str(authority / "pve.test.key"))
    with proxmox(*files) as (url, cluster):
        interface = {
            "name": "lan0",
            "address": "10.9.1.10/24",
            "gateway": "10.9.1.1",
            "bridge": "vmbr0",
            "vlan": 70,
        }
        inputs = {
            "estate": "town",
            "name": "velgora-app",
            "url": url,
            "tokenFile": str(token),
            "caFile": str(authority / "authority.crt"),
            "node": NODE,
            "storage": "local-lvm",
            "isoStorage": "local",
            "template": TEMPLATE,
            "cpus": 2,
            "memoryMib": 1024,
            "diskGib": 20,
            "interfaces": [interface],
            "authorizedKeys": [KEY],
            "autostart": True,
            "protect": False,
            "verify": False,
        }
        yield Site(cluster, inputs)
