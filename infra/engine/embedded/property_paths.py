"""Property paths, as in ignoreChanges: `size`, `tags.owner`, `disks[0].size`, `*`."""

import re
from collections.abc import Sequence
from typing import Any

from infra.engine.values import Properties, Secret

_TOKEN = re.compile(r"\[\"((?:[^\"\\]|\\.)*)\"\]|\[(\d+|\*)\]|([^.\[\]]+)")
_MISSING = object()


def parse(path: str) -> list[str | int]:
    """Split a path into keys and indices; `*` stays a key and matches any."""
    parts: list[str | int] = []
    for quoted, index, plain in _TOKEN.findall(path):
        if index.isdigit():
            parts.append(int(index))
        else:
            parts.append(quoted.replace('\\"', '"') if quoted else index or plain)
    return parts


def matches(path: str, changed: str) -> bool:
    """Say whether a change at `changed` is at, below or above what `path` names."""
    pairs = zip(parse(path), parse(changed), strict=False)
    return all(wanted in ("*", actual) for wanted, actual in pairs)


def ignore_changes(new: Properties, old: Properties, paths: Sequence[str]) -> Properties:
    """Return the new inputs with the named ones as they were."""
    result: Any = new
    for path in paths:
        result = _restore(result, old, parse(path))
    return dict(result)


def _restore(new: Any, old: Any, parts: Sequence[str | int]) -> Any:
    if not parts:
        return old
    new_bare = new.value if isinstance(new, Secret) else new
    old_bare = old.value if isinstance(old, Secret) else old
    part, rest = parts[0], parts[1:]
    restored = new_bare
    for key in _keys(part, new_bare, old_bare):
        value = _restore(_get(restored, key), _get(old_bare, key), rest)
        restored = _put(restored, key, value)
    return Secret(restored) if isinstance(new, Secret) else restored


def _keys(part: str | int, new: Any, old: Any) -> list[str | int]:
    if part != "*":
        return [part]
    if isinstance(new, dict) and isinstance(old, dict):
        return list({**new, **old})
    if isinstance(new, list) and isinstance(old, list):
        return list(range(min(len(new), len(old))))
    return []


def _get(value: Any, key: str | int) -> Any:
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key, _MISSING)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return _MISSING


def _put(value: Any, key: str | int, item: Any) -> Any:
    if isinstance(value, dict) and isinstance(key, str):
        rest = {name: one for name, one in value.items() if name != key}
        return rest if item is _MISSING else {**value, key: item}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value if item is _MISSING else [*value[:key], item, *value[key + 1 :]]
    return value
