"""What a changed program leads to outside and in the state."""

import re

from infra.engine.api import Operation
from tests.infra.engine.harness import Harness


def test_a_preview_changes_nothing_and_says_what_up_would_do(town: Harness) -> None:
    town.wants(hall={"content": "1"}, gate={"content": "2", "source": "hall"})
    settings = town.settings.read_text()

    outcome = town.preview()

    assert outcome.ok
    assert outcome.changes == {"create": 3}
    assert outcome.outputs["hall"] == "[unknown]"
    assert town.log() == []
    assert list(town.project.backend.iterdir()) == [town.settings]
    assert town.settings.read_text() == settings


def test_up_creates_in_order_and_a_second_up_changes_nothing(town: Harness) -> None:
    town.wants(hall={"content": "1"}, gate={"content": "2", "source": "hall"})

    first = town.up()
    written = town.recorded()
    effects = town.log()
    second = town.up()

    assert first.changes == {"create": 3}
    assert effects == ["create hall@here", "create gate@here"]
    assert first.outputs["gate"].endswith("things/gate@here")
    assert second.changes == {"same": 3}
    assert town.log() == []
    assert town.recorded() == written


def test_a_changed_input_is_updated_in_place(town: Harness) -> None:
    town.has(hall={"content": "1"})
    before = town.resources()["hall"]
    town.wants(hall={"content": "2"})

    previewed = town.preview()
    outcome = town.up()

    after = town.resources()["hall"]
    assert previewed.changes == outcome.changes == {"same": 1, "update": 1}
    assert town.log() == ["update hall@here"]
    assert (after["id"], after["created"]) == (before["id"], before["created"])
    assert after["outputs"]["content"] == "2"
    assert after["modified"] > before["modified"]


def test_a_replacement_is_created_before_the_old_one_is_deleted(town: Harness) -> None:
    town.has(hall={"content": "1"}, gate={"content": "2", "source": "hall"})
    town.wants(hall={"content": "1", "place": "there"}, gate={"content": "2", "source": "hall"})

    outcome = town.up()

    assert outcome.changes == {"same": 1, "replace": 1, "update": 1}
    assert town.log() == ["create hall@there", "update gate@here", "delete hall@here"]
    assert town.resources()["hall"]["id"] == "hall@there"


def test_a_successor_with_the_same_id_is_not_deleted_with_the_replaced_one(town: Harness) -> None:
    town.has(hall={"content": "1"}, gate={"content": "2", "source": "hall"})
    town.wants(hall={"content": "1"}, gate={"content": "2", "anchor": "hall"})

    outcome = town.up()

    assert outcome.changes == {"same": 2, "replace": 1}
    if town.official:  # it deletes it: docs/engines.md
        assert town.things() == {"hall@here"}
    else:
        assert town.things() == {"hall@here", "gate@here"}
        assert "had the same id gate@here" in town.messages()


def test_delete_before_replace_takes_along_only_the_dependents_that_must_be_replaced(
    town: Harness,
) -> None:
    def wants(place: str) -> None:
        town.wants(
            hall={"content": "1", "place": place, "delete_before_replace": True},
            anchored={"content": "2", "anchor": "hall"},
            twice={"content": "3", "anchor": "anchored"},
            loose={"content": "4", "source": "hall"},
        )

    wants("here")
    town.up()
    town.log()
    wants("there")

    previewed = town.preview()
    outcome = town.up()

    log = town.log()
    assert previewed.changes == outcome.changes == {"same": 1, "replace": 3, "update": 1}
    assert log[:4] == [
        "delete twice@here",
        "delete anchored@here",
        "delete hall@here",
        "create hall@there",
    ]
    assert log.index("create anchored@here") < log.index("create twice@here")
    assert sorted(log[4:]) == ["create anchored@here", "create twice@here", "update loose@here"]
    assert town.things() == {"hall@there", "anchored@here", "twice@here", "loose@here"}


def test_the_provider_can_demand_delete_before_replace_and_the_program_refuse_it(
    town: Harness,
) -> None:
    town.has(
        asked={"content": "1", "first": True},
        refused={"content": "2", "first": True, "delete_before_replace": False},
    )
    town.wants(
        asked={"content": "1", "first": True, "place": "there"},
        refused={"content": "2", "first": True, "delete_before_replace": False, "place": "there"},
    )

    assert town.up().ok

    log = town.log()
    assert log.index("delete asked@here") < log.index("create asked@there")
    assert log.index("create refused@there") < log.index("delete refused@here")


def test_what_vanished_from_the_program_is_deleted_dependents_first(town: Harness) -> None:
    town.has(
        hall={"content": "1"},
        gate={"content": "2", "source": "hall"},
        lamp={"content": "3", "depends_on": ["gate"]},
        well={"content": "4"},
    )
    town.wants(well={"content": "4"})

    outcome = town.up()

    assert outcome.changes == {"same": 2, "delete": 3}
    assert town.log() == ["delete lamp@here", "delete gate@here", "delete hall@here"]
    assert set(outcome.outputs) == {"well"}


def test_destroy_leaves_nothing_outside_and_an_empty_state(town: Harness) -> None:
    town.has(hall={"content": "1", "site": "north"}, gate={"content": "2", "source": "hall"})

    outcome = town.destroy()

    assert outcome.changes == {"delete": 4}
    assert town.log() == ["delete gate@here", "delete hall@here"]
    assert town.recorded() == []
    assert town.up().changes == {"create": 4}


def test_refresh_notices_what_vanished_and_what_changed(town: Harness) -> None:
    town.has(
        hall={"content": "1"},
        gate={"content": "2", "source": "hall"},
        well={"content": "3"},
    )
    things = town.root / "home" / "things"
    (things / "hall@here").unlink()
    (things / "well@here").write_text('{"content": "dry", "place": "here"}')

    outcome = town.refresh()

    assert outcome.ok
    assert outcome.changes == {"delete": 1, "update": 1, "same": 2}
    assert "hall" not in town.resources()
    assert "dependencies" not in town.resources()["gate"]
    assert town.resources()["well"]["outputs"]["content"] == "dry"
    town.log()
    assert town.up().changes == {"same": 2, "create": 1, "update": 1}
    assert sorted(town.log()) == ["create hall@here", "update well@here"]


def test_a_protected_resource_is_not_deleted_and_nothing_else_is(town: Harness) -> None:
    town.has(hall={"content": "1", "protect": True}, gate={"content": "2"})
    town.wants()

    vanished, destroyed = town.up(), town.destroy()
    town.wants(hall={"content": "1", "protect": True, "place": "there"}, gate={"content": "2"})
    replaced = town.up()

    assert (vanished.ok, destroyed.ok, replaced.ok) == (False, False, False)
    assert "hall@here" in town.things()
    assert re.search("hall.*protected", vanished.failures[0].message, re.DOTALL)
    if not town.official:  # its destroy takes what is not protected: docs/engines.md
        assert town.log() == []
        assert town.things() == {"hall@here", "gate@here"}
    town.wants(hall={"content": "1", "protect": False}, gate={"content": "2"})
    assert town.up().ok
    assert town.destroy().ok


def test_a_retained_resource_leaves_the_state_but_stays_outside(town: Harness) -> None:
    town.has(hall={"content": "1", "retain_on_delete": True})
    town.wants()

    assert town.up().changes == {"same": 1, "delete": 1}
    assert town.things() == {"hall@here"}
    assert "hall" not in town.resources()


def test_what_goes_along_with_another_is_not_deleted_by_itself(town: Harness) -> None:
    town.has(hall={"content": "1"}, lamp={"content": "2", "deleted_with": "hall"})
    assert town.resources()["lamp"]["deletedWith"].endswith("::hall")
    town.wants(
        hall={"content": "1", "place": "there"}, lamp={"content": "2", "deleted_with": "hall"}
    )

    moved = town.up()

    # Its deletion is that of the hall; the toy's halls do not take their lamps along.
    assert moved.changes == {"same": 1, "replace": 2}
    assert town.log() == ["create hall@there", "create lamp@here", "delete hall@here"]
    assert town.destroy().ok
    assert town.log() == ["delete hall@there"]


def test_ignored_changes_are_ignored_and_others_are_not(town: Harness) -> None:
    town.has(hall={"content": "1", "size": 1, "ignore_changes": ["content"]})
    town.wants(hall={"content": "2", "size": 1, "ignore_changes": ["content"]})
    ignored = town.up()
    town.wants(hall={"content": "2", "size": 2, "ignore_changes": ["content"]})

    assert ignored.changes == {"same": 2}
    assert town.up().changes == {"same": 1, "update": 1}
    assert town.resources()["hall"]["inputs"]["content"] == "1"


def test_replace_on_changes_turns_an_update_into_a_replacement(town: Harness) -> None:
    given = {"replace_on_changes": ["content"], "delete_before_replace": True}
    town.has(hall={"content": "1", **given})
    town.wants(hall={"content": "2", **given})

    assert town.up().changes == {"same": 1, "replace": 1}
    assert town.log() == ["delete hall@here", "create hall@here"]


def test_a_renamed_resource_with_an_alias_is_kept(town: Harness) -> None:
    town.has(hall={"content": "1"}, gate={"content": "2", "source": "hall"})
    town.wants(
        palace={"content": "1", "aliases": ["hall"]}, gate={"content": "2", "source": "palace"}
    )

    assert town.up().changes == {"same": 3}
    assert town.log() == []
    assert town.resources()["palace"]["id"] == "hall@here"


def test_children_of_components_carry_their_parents_types_in_their_urns(town: Harness) -> None:
    town.has(hall={"content": "1", "site": "north"})

    hall = town.resources()["hall"]
    assert hall["urn"] == "urn:pulumi:dev::town::toy:index:Site$toy:index:Thing::hall"
    assert hall["parent"] == "urn:pulumi:dev::town::toy:index:Site::north"
    provider = town.resources()["default"]
    assert provider["urn"] == "urn:pulumi:dev::town::pulumi:providers:toy::default"
    assert hall["provider"] == f"{provider['urn']}::{provider['id']}"


def test_independent_resources_are_made_side_by_side(town: Harness) -> None:
    town.wants(hall={"content": "1"}, gate={"content": "2"})
    town.order("hold-create-hall", "hold-create-gate")

    process = town.background(Operation.UP)
    town.await_order("holding-create-hall")
    town.await_order("holding-create-gate")
    town.recall("hold-create-hall", "hold-create-gate")

    assert process.wait(30) == 0
    assert town.things() == {"hall@here", "gate@here"}
