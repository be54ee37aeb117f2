"""What is deleted beside a failure, where that is asked for."""

from dataclasses import replace

import pytest

from tests.infra.engine.harness import Harness


@pytest.fixture
def going_on(town: Harness) -> Harness:
    town.project = replace(town.project, continue_on_error=True)
    return town


def test_what_is_not_wanted_any_more_is_deleted_beside_a_failure(going_on: Harness) -> None:
    going_on.has(hall={"content": "1"}, gate={"content": "1"})
    going_on.wants(hall={"content": "1"}, mill={"content": "1"})
    going_on.order("fail-create-mill")

    assert not going_on.up().ok

    assert going_on.things() == {"hall@here"}
    going_on.recall("fail-create-mill")
    assert going_on.up().ok
    assert going_on.things() == {"hall@here", "mill@here"}


def test_what_a_failed_one_still_stands_on_stays(going_on: Harness) -> None:
    going_on.has(well={"content": "1"}, mill={"content": "1", "depends_on": ["well"]})
    going_on.wants(mill={"content": "2"})
    going_on.order("fail-update-mill")

    assert not going_on.up().ok

    assert going_on.things() == {"well@here", "mill@here"}
    going_on.recall("fail-update-mill")
    assert going_on.up().ok
    assert going_on.things() == {"mill@here"}


def test_a_program_that_fails_itself_deletes_nothing(own_town: Harness) -> None:
    own_town.project = replace(own_town.project, continue_on_error=True)
    own_town.has(hall={"content": "1"}, gate={"content": "1"})
    own_town.wants(hall={"content": "1", "depends_on": ["nowhere"]})
    assert not own_town.up().ok
    assert own_town.things() == {"hall@here", "gate@here"}


def test_without_it_nothing_is_deleted_beside_a_failure(own_town: Harness) -> None:
    own_town.has(hall={"content": "1"}, gate={"content": "1"})
    own_town.wants(hall={"content": "1"}, mill={"content": "1"})
    own_town.order("fail-create-mill")
    assert not own_town.up().ok
    assert own_town.things() == {"hall@here", "gate@here"}
