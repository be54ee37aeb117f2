"""Items are added to a file's text, and not a byte of the rest is another."""

import difflib

import pytest
import yaml

from monitors.inspection.suggestion.insert import NoPlaceError, add_items

ITEM = ("# a remark", "- id: new", "  site: hall")
FILES = {
    "the list is missing": "name: a # kept\n",
    "no line feed at the end": "name: a",
    "the list is last": "hosts:\n  - id: a # one\n    roles: [x]\n",
    "another key follows": (
        "hosts:\n  - id: a\n    deep:\n      - b: |\n          text\n\n# d\nd: 1\n"
    ),
    "items stand at the margin": (
        "hosts:\n- id: a\n- id: b # last\n\n# of devices\ndevices:\n- id: c\n"
    ),
    "the last value is quoted over lines": 'hosts:\n  - id: "a\n      b"\nd: 1\n',
    "a mapping in one line": "hosts:\n  - {id: a}\n\nd: 1\n",
    "the last item ends in a comment": "hosts:\n  - id: a\n    # of a\n  # of the list\nd: 1\n",
    "windows line ends": "hosts:\r\n  - id: a\r\nd: 1\r\n",
    "empty in brackets": "hosts: [] # none yet\nd: 1\n",
    "empty and null": "a: 1\nhosts:\n# of d\nd: 1\n",
    "null in a word": "hosts: null\nd: 1\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_the_item_is_last_in_its_list_and_all_else_is_as_it_was(text: str) -> None:
    added = add_items(text, "hosts", ITEM)
    before, after = yaml.safe_load(text), yaml.safe_load(added)
    assert after["hosts"] == [*(before.get("hosts") or []), {"id": "new", "site": "hall"}]
    assert {k: v for k, v in after.items() if k != "hosts"} == {
        k: v for k, v in before.items() if k != "hosts"
    }
    gone = [
        line[2:]
        for line in difflib.ndiff(text.splitlines(), added.splitlines())
        if line.startswith("- ")
    ]
    assert gone == [] or [line.split(":")[0] for line in gone] == ["hosts"]
    assert "# a remark" in added
    for comment in ("# kept", "# one", "# last", "# of devices", "# none yet", "# of d", "# of a"):
        assert (comment in added) == (comment in text)


def test_a_comment_of_the_next_key_stays_with_it() -> None:
    added = add_items(FILES["items stand at the margin"], "hosts", ITEM)
    assert "  site: hall\n\n# of devices\ndevices:" in added


def test_a_comment_of_the_last_item_stays_with_it() -> None:
    added = add_items(FILES["the last item ends in a comment"], "hosts", ITEM)
    assert "  - id: a\n    # of a\n  # a remark\n  - id: new" in added


def test_a_list_in_one_line_is_left_to_a_person() -> None:
    with pytest.raises(NoPlaceError, match="one item a line"):
        add_items("hosts: [{id: a}]\n", "hosts", ITEM)


def test_no_items_are_no_change() -> None:
    assert add_items("a: 1", "hosts", ()) == "a: 1"
