"""The program, run by the embedded engine: what it declares for the shipped estates."""

from dataclasses import replace
from pathlib import Path

import pytest

import infra
from infra.engine import EngineResult, Operation, Project, StepEvent, choose
from infra.engine.stack.stack import ensure_stack
from inventory.entries import devices, hosts, tenants
from inventory.load import load_estate
from inventory.paths import SHIPPED_ESTATES
from tests.infra.engine.harness import PASSPHRASE, SALT

pytestmark = pytest.mark.usefixtures("running_provider")
MACHINES = ("bastide:lab:Machine", "bastide:existing:Machine")


def preview(folder: Path, state: Path, only: str = "") -> tuple[EngineResult, list[StepEvent]]:
    """Return the outcome of a preview, and the last event of each resource.

    `only`: the tenant whose stack it is; central's is there then, and exports nothing yet.
    """
    (state / "pulumi").mkdir(parents=True)
    for stack in ("test", folder.name):
        (state / "pulumi" / f"Pulumi.{stack}.yaml").write_text(f"encryptionsalt: {SALT}\n")
    project = Project(
        folder=Path(infra.__path__[0]),
        stack="test",
        backend=state / "pulumi",
        passphrase=PASSPHRASE,
        config={"bastide:estate": str(folder)},
        environment={"BASTIDE_STATE_HOME": str(state)},
    )
    if only:
        ensure_stack(replace(project, stack=folder.name), lambda _: None)
        project = replace(project, config={**project.config, "bastide:municipality": only})
    events: list[StepEvent] = []
    outcome = choose("embedded").run(Operation.PREVIEW, project, events.append)
    return outcome, [event for event in events if event.phase == "finished"]


def test_an_estate_that_is_none_is_reported_by_the_program(tmp_path: Path) -> None:
    outcome, _ = preview(tmp_path / "nowhere", tmp_path / "state")
    assert not outcome.ok
    assert "there is no estate here" in "".join(f.message for f in outcome.failures)


@pytest.mark.parametrize("name", ["lab", "pilot"])
def test_every_host_of_a_shipped_estate_is_declared(name: str, tmp_path: Path) -> None:
    folder = SHIPPED_ESTATES / name
    outcome, made = preview(folder, tmp_path / "state")
    estate = load_estate(folder)
    assert outcome.ok, outcome.failures
    declared = {event.name for event in made if event.type in MACHINES}
    assert declared == {entry.name for entry in hosts(estate)}
    assert {tenant.id for tenant in tenants(estate)} <= {event.name for event in made}


@pytest.mark.parametrize("tenant", ["central", "velgora"])
def test_a_tenant_s_own_stack_has_its_hosts_and_what_all_share_is_central_s(
    tenant: str, tmp_path: Path
) -> None:
    folder = SHIPPED_ESTATES / "lab"
    outcome, made = preview(folder, tmp_path / "state", tenant)
    assert outcome.ok, outcome.failures
    declared = {event.name for event in made if event.type in MACHINES}
    ours = [entry for entry in hosts(load_estate(folder)) if entry.tenant.id == tenant]
    assert declared == {entry.name for entry in ours}
    shared = {"bastide:lab:Backbone", "bastide:lab:Image", "bastide:lab:PackageCache"}
    assert bool(shared & {event.type for event in made}) == (tenant == "central")
    referred = [event.name for event in made if event.type == "pulumi:pulumi:StackReference"]
    assert referred == ([] if tenant == "central" else ["organization/bastide/lab"])


def test_a_tenant_that_has_left_has_nothing(tmp_path: Path) -> None:
    outcome, made = preview(SHIPPED_ESTATES / "lab", tmp_path / "state", "atlantis")
    assert outcome.ok, outcome.failures
    assert {event.type for event in made} == {"pulumi:pulumi:Stack"}


def test_devices_of_the_lab_are_declared(tmp_path: Path) -> None:
    _, made = preview(SHIPPED_ESTATES / "lab", tmp_path / "state")
    declared = {event.name for event in made if event.type == "bastide:lab:Device"}
    assert declared == {p.name for p in devices(load_estate(SHIPPED_ESTATES / "lab"))}
