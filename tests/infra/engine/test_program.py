"""What a program can do: providers of its own, functions, reads, configuration, words."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.engine import harness
from tests.infra.engine.harness import Harness


@pytest.fixture
def varied(tmp_path: Path, plugin: Path) -> Harness:
    made = harness.make(tmp_path, "providers", plugin)
    existing = made.root / "home" / "things" / "old@here"
    existing.parent.mkdir()
    existing.write_text('{"content": "was here before"}')
    return made


def test_functions_and_existing_resources_answer(varied: Harness) -> None:
    outcome = varied.up()

    assert outcome.ok, varied.messages()
    assert outcome.outputs["loud"] == "OPEN"
    assert outcome.outputs["found"] == "was here before"
    assert varied.resources()["found"]["external"]
    assert varied.up().changes == {"same": 3, "read": 1}


def test_what_was_only_read_is_not_deleted(varied: Harness) -> None:
    varied.up()

    assert varied.destroy().ok
    assert varied.things() == {"old@here"}


def test_a_missing_resource_that_is_read_fails_by_its_id(varied: Harness) -> None:
    (varied.root / "home" / "things" / "old@here").unlink()

    outcome = varied.up()

    assert "no toy:index:Thing with the id 'old@here'" in outcome.failures[0].message


def test_an_explicit_provider_is_a_resource_of_its_own(varied: Harness) -> None:
    varied.up()
    resources = varied.resources()
    reference = f"{resources['own']['urn']}::{resources['own']['id']}"
    assert resources["hall"]["provider"] == reference

    varied.project = replace(varied.project, config={"tone": "high"})
    assert varied.up().changes == {"same": 2, "update": 1, "read": 1}
    assert varied.resources()["own"]["id"] == resources["own"]["id"]
    assert varied.resources()["own"]["inputs"] == {"tone": "high"}


def test_the_programs_folder_is_first_on_its_path_and_its_words_are_heard(varied: Harness) -> None:
    outcome = varied.preview()

    assert Path(outcome.outputs["folder"]) in {Path(), varied.project.folder / "program"}
    assert "the program speaks" in varied.messages()
    assert "warning: take care" in varied.messages()
