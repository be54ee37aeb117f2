"""Items and keys are put into a file's text, and not a byte of the rest is another."""

import difflib

import pytest
import yaml

from monitors.inspection.suggestion.insert import (
    NoPlaceError,
    add_items,
    remove_item,
    remove_keys,
    set_keys,
)

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


KEYS = {
    "manage": ("manage: full",),
    "accepts": ("accepts:", "  by: Ana", "  cuts:", '    - "login: a" # a # b'),
}
ACCEPTS = {"by": "Ana", "cuts": ["login: a"]}
ITEMS = {
    "neither is there": "hosts:\n  - id: other\n  - id: web # one\n    site: hall\n# of d\nd: 1\n",
    "no line feed at the end": "hosts:\n- id: web",
    "both are there": (
        "hosts:\n  - id: web\n    accepts:\n      by: Bo\n      cuts:\n        - 'login: b'\n"
        "        - x # old\n    # of roles\n    roles: [a]\n    manage: watch # nothing changes\n"
        "\n  - id: last\n    manage: watch # kept\n"
    ),
    "the key stands first": "hosts:\n  - manage: 'audit'\n    id: web\nd: 1\n",
    "in one line": "hosts:\n  - id: web\n    accepts: {by: Bo, cuts: [\n      x]} # old\nd: 1\n",
    "nothing is said": "hosts:\n  - id: web\n    accepts:\n    manage:\nd: 1\n",
    "text over rows": "hosts:\n  - id: web\n    manage: |\n      a\n      b\n    site: c\n",
    "the id is quoted": 'hosts:\n  - id: "web"\n    name: "two\n      rows"\n',
    "other line separators": (
        "hosts:\n  - id: web\n    name: 'a\u2028\n      b'\n    manage: x\nd: 1\n"
    ),
    "windows line ends": "hosts:\r\n  - id: web\r\n    manage: audit\r\nd: 1\r\n",
}


@pytest.mark.parametrize("text", ITEMS.values(), ids=ITEMS)
def test_keys_are_set_at_one_item_and_all_else_is_as_it_was(text: str) -> None:
    once = set_keys(text, "hosts", "web", KEYS)
    before, after = yaml.safe_load(text), yaml.safe_load(once)
    items = {host["id"]: host for host in after["hosts"]}
    assert (items["web"]["manage"], items["web"]["accepts"]) == ("full", ACCEPTS)
    for host in (*before["hosts"], *after["hosts"]):
        if host["id"] == "web":
            host.pop("manage", None)
            host.pop("accepts", None)
    assert after == before
    for comment in ("# one", "# of d", "# of roles", "# kept"):
        assert (comment in once) == (comment in text)
    assert not {"# old", "# nothing changes"} & set(once.split("\n"))
    # What follows our own lines stays where it was.
    rest = text.rstrip("\n").rpartition("\n")[2]
    assert rest in once or "manage" in rest or "accepts" in rest
    assert set_keys(once, "hosts", "web", KEYS) == once


def test_keys_come_below_the_id_in_order() -> None:
    text = "hosts:\n  - id: web # one\n    site: hall\n"
    assert set_keys(text, "hosts", "web", {"b": ("b: 1",), "a": ("a:", "  c: 2")}) == (
        "hosts:\n  - id: web # one\n    b: 1\n    a:\n      c: 2\n    site: hall\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hosts:\n  - {id: web, site: hall}\n", "one key a line"),
        ("hosts: [{id: web}]\n", "one key a line"),
        ("hosts:\n  - id: other\n", "no item with id: web"),
        ("hosts:\n  - web\n", "no item with id: web"),
        ("hosts:\n", "no item with id: web"),
        ("a: 1\n", "no item with id: web"),
    ],
)
def test_an_item_that_has_no_place_for_keys_is_left_to_a_person(text: str, message: str) -> None:
    with pytest.raises(NoPlaceError, match=message):
        set_keys(text, "hosts", "web", KEYS)


TWO = """\
# top
hosts:
  - id: a # one
    manage: full
    accepts:
      cuts:
        - x
    # of roles
    roles: [y]
{other}
# of d
d: 1
"""
OTHER = "  - id: b\n    roles: [z]\n"


def test_a_key_is_removed_with_all_below_it_and_nothing_else() -> None:
    text = TWO.format(other=OTHER)
    removed = remove_keys(text, "hosts", "a", ["accepts", "nothing", "id"])
    assert removed == text.replace("    accepts:\n      cuts:\n        - x\n", "")
    with pytest.raises(NoPlaceError, match="no item with id: c"):
        remove_keys(text, "hosts", "c", ["accepts"])


def test_an_item_is_removed_and_the_others_stay_as_they_were() -> None:
    first = TWO.format(other="").split("hosts:\n")[1].split("\n# of d")[0]
    text = TWO.format(other=OTHER)
    assert remove_item(text, "hosts", "a") == text.replace(first, "")
    assert remove_item(text, "hosts", "b") == text.replace(OTHER, "")


def test_of_a_list_without_items_brackets_stay() -> None:
    removed = remove_item(TWO.format(other=""), "hosts", "a")
    assert yaml.safe_load(removed) == {"hosts": [], "d": 1}
    assert removed == "# top\nhosts: []\n\n# of d\nd: 1\n"
