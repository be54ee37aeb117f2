"""Policies before change, under both engines: what they refuse, and that nothing was changed."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bastide.actions import policies, provision
from bastide.support.estate import EstateContext
from infra.engine import Operation, StepEvent
from infra.policies.model import Finding
from inventory.load import load_estate
from tests.bastide.context import environment_of, know_passphrase, new_context
from tests.command import bastide_here
from tests.oracles.programs import PULUMI

pytestmark = pytest.mark.usefixtures("running_provider")
ENGINES = ["embedded"] + (["pulumi"] if PULUMI.executable.exists() else [])
OPEN = ("estate.yml", "management:\n", "management:\n  - 51.0.0.0/8\n")
WAIVER = """---
policies:
  - policy: INF-05
    scope: gornjilug
    reason: The old server's work has moved to the new one.
    owner: Tarik Zuhr
    approver: Mira Dolenc
    measure: Its last drill has restored all of it.
    granted: 2026-01-01
    expires: 2026-12-31
"""


@pytest.fixture(autouse=True)
def official_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official CLI on PATH, where it could be built."""
    monkeypatch.setenv("PATH", os.pathsep.join((os.environ["PATH"], str(PULUMI.executable.parent))))


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    return made(tmp_path)


def made(folder: Path) -> EstateContext:
    context = new_context(folder, "127.85.0.")
    know_passphrase(context)
    return context


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a first run leaves: nothing listens, so no existing host proves its key."""
    context = made(tmp_path_factory.mktemp("begun"))
    assert not provision.run(context, Operation.UP, "embedded", lambda _: None).ok
    return context.state / "pulumi"


def edit(context: EstateContext, file: str, old: str, new: str) -> EstateContext:
    path = context.folder / file
    path.write_text(path.read_text().replace(old, new, 1))
    return replace(context, estate=load_estate(context.folder))


def run(
    context: EstateContext, operation: Operation, engine: str
) -> tuple[bool, tuple[Finding, ...], list[StepEvent]]:
    findings: list[Finding] = []
    steps: list[StepEvent] = []
    result = provision.run(context, operation, engine, steps.append, findings.extend)
    return result.ok, tuple(findings), steps


def checkpoint(context: EstateContext) -> Path:
    (file,) = (context.state / "pulumi" / ".pulumi" / "stacks").glob("*/*.json")
    return file


@pytest.fixture
def no_longer_declared(context: EstateContext, begun: Path) -> None:
    """Have a machine in the state that the estate does not declare."""
    shutil.copytree(begun, context.state / "pulumi", dirs_exist_ok=True)
    state = json.loads(checkpoint(context).read_text())
    resources = state["checkpoint"]["latest"]["resources"]
    provider = next(r for r in resources if r["type"] == "pulumi:providers:bastide")
    head = provider["urn"].rsplit("::", 2)[0]
    machine: dict[str, Any] = {
        "urn": f"{head}::bastide:other:Machine::gornjilug-old",
        "custom": True,
        "id": "ours/gornjilug-old",
        "type": "bastide:other:Machine",
        "provider": f"{provider['urn']}::{provider['id']}",
    }
    resources.append(machine)
    checkpoint(context).write_text(json.dumps(state))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.usefixtures("no_longer_declared")
def test_nothing_is_changed_while_a_machine_with_data_would_go(
    context: EstateContext, engine: str
) -> None:
    with pytest.raises(policies.PolicyError) as caught:
        run(context, Operation.UP, engine)

    text = str(caught.value)
    assert "INF-05 gornjilug-old: What has data is not deleted" in text
    assert "found: the machine would be deleted" in text
    assert "gornjilug-old" in checkpoint(context).read_text()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.usefixtures("no_longer_declared")
def test_a_preview_tells_the_same_and_stops_nothing(context: EstateContext, engine: str) -> None:
    ok, findings, steps = run(context, Operation.PREVIEW, engine)

    assert ok
    assert [(one.policy.id, one.stops) for one in findings] == [("INF-05", True)]
    assert any((step.name, step.operation) == ("gornjilug-old", "delete") for step in steps)


@pytest.mark.usefixtures("no_longer_declared")
def test_a_waiver_lets_it_go(context: EstateContext) -> None:
    (context.folder / "waivers.yml").write_text(WAIVER)
    waived = replace(context, estate=load_estate(context.folder))

    _, (finding,), steps = run(waived, Operation.UP, "embedded")

    assert finding.waiver is not None
    assert steps


@pytest.mark.parametrize("engine", ENGINES)
def test_an_estate_that_breaks_a_mandatory_policy_starts_no_engine(
    context: EstateContext, engine: str
) -> None:
    context = edit(context, *OPEN)

    with pytest.raises(policies.PolicyError, match="INF-02 central-vault"):
        run(context, Operation.UP, engine)

    assert not (context.state / "pulumi" / ".pulumi").exists()


def test_the_command_says_so_in_words_and_in_json(context: EstateContext) -> None:
    context = edit(context, *OPEN)
    where = environment_of(context)

    refused = bastide_here("infra", "up", "--engine", "embedded", **where)
    as_json = bastide_here("infra", "up", "--engine", "embedded", "--json", **where)
    preview = bastide_here("infra", "preview", "--engine", "embedded", **where)

    assert [refused.returncode, as_json.returncode, preview.returncode] == [1, 1, 1]
    assert "found: SSH at tcp port 22 for 51.0.0.0/8" in refused.stderr
    told = json.loads(as_json.stdout)
    assert not told["ok"]
    assert ("INF-02", "central-vault") in [(p["policy"], p["subject"]) for p in told["policies"]]
    assert "INF-02 central-vault" in preview.stderr


def test_advice_is_told_and_stops_nothing(context: EstateContext) -> None:
    context = edit(
        context, "municipalities/gornjilug.yml", "    email: it@gornjilug.ours.example\n", ""
    )

    done = bastide_here("infra", "preview", "--engine", "embedded", **environment_of(context))

    assert done.returncode == 0
    assert "INF-03" in done.stderr


def test_the_policies_can_be_listed() -> None:
    listed = json.loads(bastide_here("infra", "policies", "--json").stdout)
    assert {"id": "INF-05", "strength": "mandatory", "title": "What has data is not deleted"} in (
        listed
    )
    assert "INF-05" in bastide_here("infra", "policies").stdout


def test_a_waiver_of_a_policy_that_is_none_is_a_finding_of_the_inventory(
    context: EstateContext,
) -> None:
    (context.folder / "waivers.yml").write_text(WAIVER.replace("INF-05", "INF-99"))
    done = bastide_here("inventory", "check", **environment_of(context))
    assert done.returncode == 1
    assert "INF-99 for gornjilug, until 2026-12-31: there is no such policy" in done.stdout
