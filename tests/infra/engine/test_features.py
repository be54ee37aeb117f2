"""What the SDK offers: the embedded engine carries it out, or refuses it by its name.

Each is a program that the official engine runs.
"""

import json
from pathlib import Path

import pytest

from tests.infra.engine import harness
from tests.infra.engine.harness import Harness

PROGRAMS = harness.CASES / "features"
CARRIED_OUT = ("invokes", "methods", "transformations")
REFUSED = {
    "resource_transforms": "transforms",
    "stack_transforms": "transforms",
    "invoke_transforms": "invoke transforms",
    "resource_hooks": "resource hooks",
    "error_hooks": "error hooks",
    "remote_component": "components that a plugin constructs",
    "replace_with": "replaceWith",
    "replacement_trigger": "replacementTrigger",
    "env_var_mappings": "envVarMappings",
    "state_migrations": "state migrations",
    "parameterized_package": "parameterized packages",
}


def program(town: Harness, name: str) -> Harness:
    text = (PROGRAMS / f"{name}.py").read_text()
    (town.project.folder / "__main__.py").write_text(text)
    return town


def test_every_program_is_among_them() -> None:
    assert sorted((*CARRIED_OUT, *REFUSED)) == sorted(path.stem for path in PROGRAMS.glob("*.py"))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_carried_out_is_named_and_nothing_of_it_is_done(
    own_town: Harness, name: str
) -> None:
    outcome = program(own_town, name).up()

    assert not outcome.ok
    said = outcome.failures[-1].message
    expected = f"{REFUSED[name]}, which the embedded engine does not carry out"
    assert expected in said, said
    assert "--engine pulumi" in said
    assert "update the Pulumi CLI" not in said
    assert own_town.things() <= {"gate@here"}
    assert harness.PASSPHRASE not in own_town.messages()


@pytest.mark.skipif("official" not in harness.ENGINES, reason="make oracles could not build it")
@pytest.mark.usefixtures("official_cli")
@pytest.mark.parametrize("name", REFUSED)
def test_the_official_engine_runs_it(tmp_path: Path, name: str) -> None:
    town = program(harness.make(tmp_path, engine="official"), name)

    outcome = town.up()

    assert outcome.ok, town.messages()
    assert town.preview().changes.keys() == {"same"}, town.messages()


@pytest.mark.parametrize("name", CARRIED_OUT)
def test_what_is_carried_out_has_the_same_effects(tmp_path: Path, engine: str, name: str) -> None:
    # A plugin that is called back needs an engine of its own.
    town = program(harness.make(tmp_path, engine=engine), name)

    assert town.preview().ok, town.messages()
    outcome = town.up()

    assert outcome.ok, town.messages()
    outputs = {
        "invokes": {"said": "HELLO", "later": "B"},
        "methods": {"said": "HELLO", "hidden": "[secret]"},
        "transformations": {},
    }
    assert outcome.outputs == outputs[name]
    (made,) = town.things_outside()
    contents = {"invokes": "HELLO", "methods": "a", "transformations": "loud"}
    assert json.loads(made.read_text())["content"] == contents[name]
    assert town.up().changes == {"same": 2}
