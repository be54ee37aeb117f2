"""What becomes of a document when somebody edits one place of it wrongly."""

import copy
from collections.abc import Iterator
from typing import Any

VALUES: tuple[Any, ...] = (None, True, 5, 1.5, "x", "", -1, [], {}, [1], ["x"], {"a": 1})


def mutations(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield the document with each of its values deleted, and with others in its place."""
    for path in _paths(document):
        for value in VALUES:
            yield f"{path} is {value!r}", _with(document, path, value)
        if path:
            yield f"{path} is gone", _without(document, path)


def _paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    inside = value.items() if isinstance(value, dict) else ()
    for key, one in enumerate(value) if isinstance(value, list) else inside:
        yield from _paths(one, (*above, key))


def _with(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    _holder(changed, path)[path[-1]] = value
    return changed


def _without(document: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(document)
    del _holder(changed, path)[path[-1]]
    return changed


def _holder(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document
