"""A whole estate through program, engine and provider, on libvirt's test driver."""

from pathlib import Path

from infra.engine import EngineResult, Operation, Project, choose
from tests.infra.libvirt import pilot
from tests.infra.libvirt.node import write_node

ENGINE = choose("embedded")


def up(project: Project) -> EngineResult:
    return ENGINE.run(Operation.UP, project, lambda _event: None)


def test_machines_are_made_their_keys_are_outputs_and_none_is_taken_away(tmp_path: Path) -> None:
    image = tmp_path / "debian.qcow2"
    image.write_bytes(pilot.IMAGE)
    project = pilot.project(tmp_path, write_node(tmp_path), image)
    made = up(project)
    assert made.ok, made.failures
    hosts = ENGINE.outputs(project)["hosts"]
    for name in ("central-ops", "central-vault", "central-scratch"):
        assert hosts[name]["provider"] == "libvirt"
        assert hosts[name]["host_key"].startswith("ssh-ed25519 ")
    assert len({host["host_key"] for host in hosts.values()}) == len(hosts)
    # What is protected is missed by a line that went away by mistake.
    pilot.change(tmp_path / "estate", without="scratch")
    refused = up(project)
    assert not refused.ok
    assert "central-scratch is protected" in "".join(f.message for f in refused.failures)
