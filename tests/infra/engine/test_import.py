"""What is there already is taken up by its id, if it is what the program wants."""

import json

from tests.infra.engine.harness import Harness


def there_is(town: Harness, identity: str, **values: str) -> None:
    folder = town.root / "home" / "things"
    folder.mkdir(exist_ok=True)
    (folder / identity).write_text(json.dumps({"place": identity.split("@")[1], **values}))


def test_it_is_taken_up_as_it_is_and_then_managed(town: Harness) -> None:
    there_is(town, "hall@here", content="a")
    town.wants(hall={"content": "a", "import_": "hall@here"})

    assert town.preview().ok
    assert town.up().ok, town.messages()

    assert town.log() == []
    hall = town.resources()["hall"]
    assert (hall["id"], hall["importID"]) == ("hall@here", "hall@here")
    assert hall["outputs"] == {"content": "a", "path": "things/hall@here", "place": "here"}
    assert "create" not in town.up().changes

    town.wants(hall={"content": "b", "import_": "hall@here"})
    assert town.up().ok
    assert town.log() == ["update hall@here"]

    town.wants(hall={"content": "b"})
    assert town.up().ok
    assert "importID" not in town.resources()["hall"]
    assert town.log() == []


def test_what_is_not_as_the_program_wants_it_is_not_taken_up(own_town: Harness) -> None:
    there_is(own_town, "hall@here", content="another")
    own_town.wants(hall={"content": "a", "import_": "hall@here"})

    assert not own_town.up().ok

    assert "inputs to import do not match the existing resource" in own_town.messages()
    assert "content" in own_town.messages()
    assert own_town.log() == []
    assert "another" in (own_town.root / "home" / "things" / "hall@here").read_text()


def test_what_the_program_ignores_need_not_match(town: Harness) -> None:
    there_is(town, "hall@here", content="another")
    town.wants(hall={"content": "a", "import_": "hall@here", "ignore_changes": ["content"]})
    assert town.up().ok, town.messages()
    assert town.log() == []
    assert town.resources()["hall"]["inputs"]["content"] == "another"


def test_what_was_imported_is_not_made_anew_while_the_program_says_so(town: Harness) -> None:
    there_is(town, "hall@here", content="a")
    town.wants(hall={"content": "a", "import_": "hall@here"})
    assert town.up().ok
    town.wants(hall={"content": "a", "place": "there", "import_": "hall@here"})

    assert not town.up().ok

    assert "may not be replaced" in town.messages()
    assert town.things() == {"hall@here"}


def test_what_is_not_there_fails_and_leaves_no_trace(own_town: Harness) -> None:
    own_town.wants(hall={"content": "a", "import_": "hall@here"})
    assert not own_town.up().ok
    assert "there is no toy:index:Thing with the id 'hall@here' to import" in own_town.messages()
    assert "hall" not in own_town.resources()


def test_another_one_is_not_imported_over_what_is_managed(own_town: Harness) -> None:
    own_town.has(hall={"content": "a"})
    there_is(own_town, "hall@there", content="a")
    own_town.wants(hall={"content": "a", "place": "there", "import_": "hall@there"})
    assert not own_town.up().ok
    assert "does not import 'hall@there' over it" in own_town.messages()
    assert own_town.things() == {"hall@here", "hall@there"}
    assert own_town.log() == []
