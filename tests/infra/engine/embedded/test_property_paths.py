from typing import Any

import pytest

from infra.engine.embedded.property_paths import ignore_changes, matches
from infra.engine.values import Secret


@pytest.mark.parametrize(
    ("path", "new", "old", "expected"),
    [
        ("a", {"a": 2}, {"a": 1}, {"a": 1}),
        ("a", {"a": 2}, {}, {}),
        ("a", {}, {"a": 1}, {"a": 1}),
        ("a.b", {"a": {"b": 2, "c": 2}}, {"a": {"b": 1, "c": 1}}, {"a": {"b": 1, "c": 2}}),
        ("a[1]", {"a": [8, 9]}, {"a": [1, 2]}, {"a": [8, 2]}),
        ("a[*].b", {"a": [{"b": 2}]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
        ('["x.y"]', {"x.y": 2}, {"x.y": 1}, {"x.y": 1}),
        ("*", {"a": 2}, {"a": 1}, {"a": 1}),
        ("a.b", {"a": Secret({"b": 2})}, {"a": Secret({"b": 1})}, {"a": Secret({"b": 1})}),
        ("a.b.c", {"a": 1}, {"a": {"b": 1}}, {"a": 1}),
    ],
)
def test_ignored_paths_are_put_back(path: str, new: Any, old: Any, expected: Any) -> None:
    assert ignore_changes(new, old, [path]) == expected


def test_a_path_matches_what_is_above_and_below_it() -> None:
    assert matches("a.b", "a")
    assert matches("a", "a.b[0]")
    assert matches("*", "anything")
    assert not matches("a.b", "a.c")
