"""A run that is limited to some resources leaves all others as they are."""

import json
from dataclasses import replace

import pytest

from infra.engine.targets import Targets
from tests.infra.engine.harness import Harness

HALL = "urn:pulumi:dev::town::toy:index:Site$toy:index:Thing::hall"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (HALL, True),
        ("**::hall", True),
        ("urn:pulumi:*::town::**::hall", True),
        ("urn:pulumi:dev::town::*::hall", False),
        ("hall", False),
        ("**::hal", False),
        ("**::ha.l", False),
    ],
)
def test_a_star_stands_for_a_part_and_two_for_anything(pattern: str, matches: bool) -> None:
    assert Targets((pattern,)).match(HALL) == matches


def test_without_targets_all_are_meant() -> None:
    assert Targets().match(HALL)


def limited(town: Harness, *names: str) -> Harness:
    town.project = replace(town.project, targets=tuple(f"**::{name}" for name in names))
    return town


def test_only_targets_are_changed_and_deleted(town: Harness) -> None:
    town.has(
        hall={"content": "1"}, mill={"content": "1"}, gate={"content": "1"}, well={"content": "1"}
    )
    town.wants(hall={"content": "2"}, mill={"content": "2"})

    assert limited(town, "hall", "gate").up().ok, town.messages()

    assert sorted(town.log()) == ["delete gate@here", "update hall@here"]
    assert town.resources()["mill"]["inputs"]["content"] == "1"
    assert "well" in town.resources()
    assert limited(town).up().ok
    assert sorted(town.log()) == ["delete well@here", "update mill@here"]


def test_a_target_that_is_nothing_is_told(own_town: Harness) -> None:
    own_town.has(hall={"content": "1"})
    assert not limited(own_town, "hall", "hal").up().ok
    assert "no resource is **::hal" in own_town.messages()


def test_what_is_no_target_is_not_made(town: Harness) -> None:
    town.wants(hall={"content": "1"}, mill={"content": "1"})
    assert limited(town, "hall").up().ok, town.messages()
    assert town.things() == {"hall@here"}


def test_a_target_that_stands_on_what_is_not_there_fails(town: Harness) -> None:
    town.wants(hall={"content": "1"}, gate={"content": "1", "depends_on": ["hall"]})
    assert not limited(town, "gate").up().ok
    assert town.things() == set()
    assert "hall" in town.messages()


def test_one_that_stands_on_something_else_now_must_be_a_target_itself(own_town: Harness) -> None:
    own_town.has(well={"content": "1"}, mill={"content": "1", "depends_on": ["well"]})
    own_town.wants(hall={"content": "1"}, mill={"content": "1"})
    assert not limited(own_town, "hall").up().ok
    assert "the state has it stand on well" in own_town.messages()
    assert limited(own_town, "hall", "mill").up().ok, own_town.messages()
    assert own_town.things() == {"hall@here", "mill@here", "well@here"}


def test_what_others_refer_to_is_not_destroyed_alone(town: Harness) -> None:
    town.has(hall={"content": "1"}, gate={"content": "1", "depends_on": ["hall"]})
    assert not limited(town, "hall").destroy().ok
    assert town.things() == {"hall@here", "gate@here"}
    assert limited(town, "gate").destroy().ok
    assert town.things() == {"hall@here"}


def test_only_targets_are_read(town: Harness) -> None:
    town.has(hall={"content": "1"}, mill={"content": "1"})
    for thing in town.things_outside():
        thing.write_text(json.dumps({"place": "here", "content": "2"}))
    assert limited(town, "hall").refresh().ok
    assert town.resources()["hall"]["outputs"]["content"] == "2"
    assert town.resources()["mill"]["outputs"]["content"] == "1"
