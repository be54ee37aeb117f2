"""References from one stack to another: what is read, what stays secret, what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.engine.api import EngineResult, Operation
from tests.infra.engine.harness import ENGINES, PASSPHRASE, Harness, make

EXPORTS: dict[str, Any] = {"address": "10.0.0.1", "ports": {"web": [80, 443]}}
CENTRAL = "organization/town/central"


@pytest.fixture
def towns(tmp_path: Path, engine: str) -> Harness:
    """A stack `dev` that reads what `central`, which is there already, exports."""
    harness = make(tmp_path, case="references", engine=engine)
    declare(harness)
    harness.settings.with_name("Pulumi.central.yaml").write_text(harness.settings.read_text())
    assert of_central(harness).ok, harness.messages()
    return harness


def declare(towns: Harness, **change: Any) -> None:
    wanted = {
        "exports": EXPORTS,
        "secrets": {"token": "hush"},
        "reads": ["address", "ports", "token"],
        "reference": CENTRAL,
    }
    (towns.project.folder / "wanted.json").write_text(json.dumps(wanted | change))


def of_central(towns: Harness, passphrase: str = PASSPHRASE) -> EngineResult:
    own = towns.project
    towns.project = replace(own, stack="central", passphrase=passphrase)
    try:
        return towns.up()
    finally:
        towns.project = own


@pytest.mark.parametrize("operation", [Operation.PREVIEW, Operation.UP])
def test_outputs_are_read_and_secret_ones_stay_so(towns: Harness, operation: Operation) -> None:
    result = towns.run(operation)

    assert result.ok, towns.messages()
    assert result.outputs == {**EXPORTS, "token": "[secret]"}
    assert towns.checkpoint.exists() == (operation is Operation.UP)
    if operation is Operation.UP:
        assert "hush" not in towns.checkpoint.read_text()
        assert towns.outputs(show_secrets=True)["token"] == "hush"


@pytest.mark.parametrize("reference", ["central", "organization/central"])
def test_the_names_of_a_file_backend_are_known(towns: Harness, reference: str) -> None:
    declare(towns, reference=reference)
    assert towns.up().outputs["address"] == "10.0.0.1"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nowhere", 'unknown stack "nowhere"'),
        ("organization/other/central", 'unknown stack "organization/other/central"'),
        ("town/central", "organization name must be 'organization'"),
    ],
)
def test_a_stack_that_is_not_there_fails_the_run_and_is_named(
    towns: Harness, reference: str, message: str
) -> None:
    declare(towns, reference=reference)
    assert not towns.up().ok
    assert message in towns.messages()


def test_an_output_that_is_required_and_missing_fails_the_run(towns: Harness) -> None:
    declare(towns, requires=["address"])
    assert towns.up().ok
    declare(towns, requires=["other"])
    assert not towns.up().ok


def test_what_the_other_stack_changes_is_seen_by_the_next_run(towns: Harness) -> None:
    towns.up()
    declare(towns, exports={**EXPORTS, "address": "10.0.0.2"})
    of_central(towns)
    assert towns.up().outputs["address"] == "10.0.0.2"


def test_the_reference_goes_with_the_program_and_the_other_stack_stays(towns: Harness) -> None:
    towns.up()
    assert towns.destroy().ok
    assert towns.recorded() == []
    assert towns.checkpoint.with_name("central.json").exists()


def seen(towns: Harness) -> list[tuple[object, ...]]:
    """Return what the state says, but for times and the provider's id, which is drawn by lot."""
    return [
        (one.urn, one.type, one.external, one.parent, one.inputs, str(one.outputs))
        for one in towns.decoded()
    ]


@pytest.mark.skipif(len(ENGINES) == 1, reason="make oracles could not build the CLI here")
def test_both_engines_leave_the_same_state_and_each_takes_over(
    tmp_path: Path, official_cli: None
) -> None:
    pair = [make(tmp_path / one, case="references", engine=one) for one in ("embedded", "official")]
    for step in range(2):
        for towns in pair:
            declare(towns, exports={**EXPORTS, "address": f"10.0.0.{step}"})
            assert of_central(towns).ok
            assert towns.up().ok, towns.messages()
        assert seen(pair[0]) == seen(pair[1])
        for towns in pair:
            towns.engine = {"embedded": "official", "official": "embedded"}[towns.engine]


def test_a_stack_with_another_passphrase_is_named(tmp_path: Path) -> None:
    towns = make(tmp_path, case="references")
    declare(towns)
    assert of_central(towns, "another").ok

    assert not towns.up().ok

    assert "central.json" in towns.messages()
    assert "passphrase" in towns.messages()
