"""A look for drift: it names what differs, and writes neither outside nor into the state."""

import json
from collections.abc import Mapping

from infra.engine.api import EngineError, Operation
from tests.infra.engine.harness import Harness

THREE: Mapping[str, dict[str, str]] = {
    "hall": {"content": "a"},
    "mill": {"content": "b"},
    "well": {"content": "c"},
}


def files(town: Harness) -> dict[str, bytes]:
    state = town.root / "state"
    return {str(f.relative_to(state)): f.read_bytes() for f in state.rglob("*") if f.is_file()}


def found(town: Harness) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        event.name: (event.operation, event.changed)
        for event in town.events
        if event.phase == "finished" and event.operation not in ("same", "")
    }


def change_outside(town: Harness, name: str, **values: str) -> None:
    (thing,) = (path for path in town.things_outside() if path.name.startswith(name))
    thing.write_text(json.dumps(json.loads(thing.read_text()) | values))


def test_what_is_gone_and_what_has_changed_is_named_and_nothing_is_written(town: Harness) -> None:
    town.has(**THREE)
    change_outside(town, "hall", content="another")
    next(path for path in town.things_outside() if path.name.startswith("mill")).unlink()
    before, things = files(town), town.things()

    outcome = town.run(Operation.DRIFT)

    assert outcome.ok
    assert found(town) == {"hall": ("update", ("content",)), "mill": ("delete", ())}
    assert files(town) == before
    assert town.things() == things
    assert town.log() == []


def test_a_second_look_finds_the_same_and_a_refresh_ends_it(town: Harness) -> None:
    town.has(**THREE)
    change_outside(town, "hall", content="another")

    town.run(Operation.DRIFT)
    town.run(Operation.DRIFT)
    assert "hall" in found(town)
    town.refresh()
    town.run(Operation.DRIFT)
    assert found(town) == {}


def test_a_resource_that_cannot_be_read_fails_and_is_no_drift(town: Harness) -> None:
    town.has(**THREE)
    next(path for path in town.things_outside() if path.name.startswith("well")).write_text("{")

    outcome = town.run(Operation.DRIFT)

    assert not outcome.ok
    assert found(town) == {}
    assert [event.name for event in outcome.failures if event.urn] == ["well"]


def test_a_stack_without_a_state_has_no_drift_and_gets_no_state(town: Harness) -> None:
    before = files(town)
    assert town.run(Operation.DRIFT).ok
    assert files(town) == before


def test_a_run_that_holds_the_lock_does_not_hinder_it(own_town: Harness) -> None:
    own_town.has(**THREE)
    own_town.order("hold-create-fountain")
    own_town.wants(**THREE, fountain={"content": "d"})
    running = own_town.background()
    own_town.await_order("holding-create-fountain")
    try:
        assert own_town.run(Operation.DRIFT).ok
    except EngineError as error:
        raise AssertionError(error) from None
    finally:
        own_town.recall("hold-create-fountain")
        running.wait()
