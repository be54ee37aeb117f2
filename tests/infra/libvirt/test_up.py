"""A whole estate through program, engine and provider, on libvirt's test driver."""

import hashlib
import shutil
from pathlib import Path

import pytest
import yaml

import infra
from infra.engine import EngineResult, Operation, Project, choose
from inventory.paths import SHIPPED_ESTATES
from tests.infra.libvirt.node import write_node

IMAGE = b"QFI\xfb an image that nothing is started from"
ENGINE = choose("embedded")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The pilot with its central machines on a hypervisor."""
    folder, image = tmp_path / "estate", tmp_path / "debian.qcow2"
    shutil.copytree(SHIPPED_ESTATES / "pilot", folder)
    image.write_bytes(IMAGE)
    central = yaml.safe_load((folder / "central.yml").read_text())
    checksum = f"sha256:{hashlib.sha256(IMAGE).hexdigest()}"
    central["provider"] = "libvirt"
    central["libvirt"] = {
        "uri": write_node(tmp_path),
        "image": {"path": str(image), "checksum": checksum},
    }
    (folder / "central.yml").write_text(yaml.safe_dump(central))
    (tmp_path / "state" / "pulumi").mkdir(parents=True)
    return Project(
        folder=Path(infra.__path__[0]),
        stack="test",
        backend=tmp_path / "state" / "pulumi",
        passphrase="test",
        config={"bastide:estate": str(folder), "bastide:verify": "false"},
        environment={"BASTIDE_STATE_HOME": str(tmp_path / "state")},
    )


def up(project: Project) -> EngineResult:
    return ENGINE.run(Operation.UP, project, lambda _event: None)


def without_scratch(project: Project) -> None:
    path = Path(project.config["bastide:estate"]) / "central.yml"
    central = yaml.safe_load(path.read_text())
    central["hosts"] = [host for host in central["hosts"] if host["id"] != "scratch"]
    path.write_text(yaml.safe_dump(central))


def test_machines_are_made_their_keys_are_outputs_and_none_is_taken_away(project: Project) -> None:
    made = up(project)
    assert made.ok, made.failures
    hosts = ENGINE.outputs(project)["hosts"]
    for name in ("central-ops", "central-vault", "central-scratch"):
        assert hosts[name]["provider"] == "libvirt"
        assert hosts[name]["host_key"].startswith("ssh-ed25519 ")
    assert len({host["host_key"] for host in hosts.values()}) == len(hosts)
    # What is protected is missed by a line that went away by mistake.
    without_scratch(project)
    refused = up(project)
    assert not refused.ok
    assert "central-scratch is protected" in "".join(f.message for f in refused.failures)
