"""When something fails, the rest is done, the state stays true, and the next run goes on."""

import re

import pytest

from infra.engine.api import EngineError
from tests.infra.engine.harness import Harness


def test_a_failed_create_holds_up_its_dependents_but_not_the_others(town: Harness) -> None:
    town.wants(
        hall={"content": "1"},
        gate={"content": "2", "source": "hall"},
        well={"content": "3"},
    )
    town.order("fail-create-hall")

    failed = town.up()

    assert not failed.ok
    assert [(event.name, event.operation) for event in failed.failures] == [("hall", "create")]
    assert "ordered to fail create of hall" in failed.failures[0].message
    skipped = [event.name for event in town.events if event.phase == "skipped"]
    assert skipped == ([] if town.official else ["gate"])  # it says nothing of them
    assert town.things() == {"well@here"}
    assert set(town.resources()) == {"town-dev", "default", "well"}
    assert "pending_operations" not in town.latest()

    town.recall("fail-create-hall")
    assert town.up().changes == {"same": 2, "create": 2}
    assert town.things() == {"hall@here", "gate@here", "well@here"}


def test_a_failure_deletes_nothing_and_keeps_the_stacks_outputs(town: Harness) -> None:
    town.wants(hall={"content": "1"}, gate={"content": "2"}, well={"content": "3"})
    before = town.up().outputs
    town.wants(hall={"content": "changed"}, gate={"content": "2"})
    town.order("fail-update-hall")

    failed = town.up()

    assert not failed.ok
    assert town.resources()["hall"]["inputs"]["content"] == "1"
    if not town.official:  # it goes on with deletions, and so with outputs: docs/engines.md
        assert town.things() == {"hall@here", "gate@here", "well@here"}
        assert failed.outputs == before
    town.recall("fail-update-hall")
    assert town.up().ok
    assert town.things() == {"hall@here", "gate@here"}


def test_a_half_made_resource_is_kept_with_its_errors_and_mended_by_the_next_up(
    town: Harness,
) -> None:
    town.wants(hall={"content": "1"}, gate={"content": "2", "source": "hall"})
    town.order("half-create-hall")

    failed = town.up()

    assert "it does not answer" in failed.failures[0].message
    assert town.resources()["hall"]["id"] == "hall@here"
    assert town.resources()["hall"]["initErrors"] == ["it does not answer"]
    assert town.up().changes == {"same": 1, "update": 1, "create": 1}
    assert "initErrors" not in town.resources()["hall"]


def test_a_failed_delete_keeps_what_it_depends_on(town: Harness) -> None:
    town.has(hall={"content": "1"}, gate={"content": "2", "source": "hall"})
    town.order("fail-delete-gate")

    assert not town.destroy().ok

    assert town.things() == {"hall@here", "gate@here"}
    town.recall("fail-delete-gate")
    assert town.destroy().ok
    assert town.things() == set()


def test_a_replaced_copy_that_could_not_be_deleted_is_deleted_by_the_next_run(
    town: Harness,
) -> None:
    town.has(hall={"content": "1"})
    town.wants(hall={"content": "1", "place": "there"})
    town.order("fail-delete-hall")

    assert not town.up().ok

    left = [raw for raw in town.latest()["resources"] if raw.get("delete")]
    assert [raw["id"] for raw in left] == ["hall@here"]
    town.recall("fail-delete-hall")
    assert town.up().ok
    assert town.things() == {"hall@there"}


def test_a_replacement_that_fails_after_its_deletion_is_only_created_by_the_next_run(
    town: Harness,
) -> None:
    town.has(hall={"content": "1", "first": True}, gate={"content": "2", "anchor": "hall"})
    town.wants(
        hall={"content": "1", "first": True, "place": "there"},
        gate={"content": "2", "anchor": "hall"},
    )
    town.order("fail-create-hall")

    assert not town.up().ok

    assert town.resources()["hall"]["pendingReplacement"]
    assert town.resources()["gate"]["pendingReplacement"]
    town.recall("fail-create-hall")
    town.log()
    assert town.up().changes == {"same": 1, "replace": 2}
    assert town.log() == ["create hall@there", "create gate@here"]


def test_a_program_that_raises_shows_its_traceback_and_deletes_nothing(town: Harness) -> None:
    town.has(hall={"content": "1"}, gate={"content": "2"})
    program = town.project.folder / "__main__.py"
    program.write_text("raise ValueError('no such estate')\n")

    outcome = town.up()

    assert not outcome.ok
    assert "ValueError: no such estate" in outcome.failures[-1].message
    assert "__main__.py" in outcome.failures[-1].message
    assert town.log() == []
    assert {"hall", "gate"} <= set(town.resources())
    assert set(outcome.outputs) == {"hall", "gate"}


def test_two_resources_with_one_name_are_refused(town: Harness) -> None:
    town.wants(hall={"content": "1"})
    program = town.project.folder / "__main__.py"
    program.write_text(program.read_text() + "\nThing('hall', {'content': '1'}, None)\n")

    outcome = town.up()

    assert not outcome.ok
    assert re.search("two resources have the|Duplicate resource URN", outcome.failures[-1].message)


def test_the_providers_complaints_about_inputs_are_shown(town: Harness) -> None:
    town.wants(hall={"place": "there"})

    outcome = town.up()

    assert re.search("content.* is missing", outcome.failures[0].message)


def test_a_missing_plugin_is_named(town: Harness) -> None:
    town.wants(hall={"content": "1"})
    (town.project.folder / "__main__.py").write_text(
        "import pulumi\n"
        "pulumi.CustomResource('nowhere:index:Thing', 'hall', {})\n"
        "pulumi.CustomResource('nowhere:index:Thing', 'gate', {})\n"
    )

    outcome = town.up()

    assert not outcome.ok
    place = town.root / "pulumi-home" / "plugins" / "resource-nowhere-vVERSION"
    assert f"pulumi-resource-nowhere on PATH or in {place}" in outcome.failures[0].message


def test_a_project_without_its_file_is_refused(town: Harness) -> None:
    (town.project.folder / "Pulumi.yaml").unlink()

    with pytest.raises(EngineError, match=r"Pulumi\.yaml: expected a Pulumi project file"):
        town.up()
