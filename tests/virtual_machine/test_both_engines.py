"""One state of real machines, taken over by each engine from the other."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.engine import EngineResult, Operation, Project
from tests.infra.engine.harness import ENGINES
from tests.infra.libvirt import pilot
from tests.oracles.programs import PULUMI
from tests.virtual_machine import hypervisor, network
from tests.virtual_machine.machine import alone

pytestmark = [pytest.mark.vm, pytest.mark.root, pytest.mark.timeout(1800)]
SMALL = {"memory_mib": 256, "machine": {"cpus": 1, "disk_gib": 1, "protect": False}}


def run(name: str, operation: Operation, project: Project) -> EngineResult:
    result = ENGINES[name].run(operation, project, lambda _event: None)
    assert result.ok, result.failures
    return result


@pytest.mark.skipif("official" not in ENGINES, reason="the official CLI is not built here")
def test_each_engine_goes_on_from_where_the_other_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.pathsep.join((str(PULUMI.executable.parent), os.environ["PATH"]))
    monkeypatch.setenv("PATH", path)
    image, place = tmp_path / "empty.qcow2", tmp_path / "libvirt"
    place.mkdir()
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(image), "64M"], check=True)
    with alone(), network.laid(), hypervisor.running(place) as uri:
        project = pilot.project(tmp_path, uri, image, sites={"centre": {"bridge": "lan"}})
        estate = tmp_path / "estate"
        pilot.change(estate, each=SMALL)
        run("embedded", Operation.UP, project)
        keys = ENGINES["embedded"].outputs(project)["hosts"]
        assert set(run("official", Operation.PREVIEW, project).changes) == {"same"}
        pilot.change(estate, without="scratch", each={"memory_mib": 384})
        changed = run("official", Operation.UP, project).changes
        assert (changed["update"], changed["delete"]) == (2, 1)
        run("embedded", Operation.REFRESH, project)
        assert set(run("embedded", Operation.PREVIEW, project).changes) == {"same"}
        kept = ENGINES["official"].outputs(project)["hosts"]
        assert kept.items() <= keys.items()
        run("official", Operation.DESTROY, project)
        assert list((place / "pool").iterdir()) == []
