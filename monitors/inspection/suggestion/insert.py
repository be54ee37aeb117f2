"""Items of a municipality's lists, and keys of one; all else of the file stays, byte by byte.

Comments, order and quoting are people's own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import yaml


class NoPlaceError(Exception):
    """A list is written so that nothing can be added to it as text; the text says what to do."""


def add_items(text: str, key: str, lines: Sequence[str]) -> str:
    """Return a YAML mapping's text with items added at the end of the list `key`.

    `lines` are items of a block sequence without indentation. A list that is missing is added at
    the end. NoPlaceError when the list stands in one line with items, `[a, b]`.
    """
    if not lines:
        return text
    ended = text if text.endswith("\n") or not text else f"{text}\n"
    node = _value(ended, key)
    if node is None:
        return f"{ended}{key}:\n{_indented(lines, 2)}"
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return _after(ended, node, lines)
    if (isinstance(node, yaml.SequenceNode) and not node.value) or _is_null(node):
        start, end = node.start_mark.index, node.end_mark.index
        rest = ended[end:]
        comment, _, below = rest.partition("\n")
        return f"{ended[:start].rstrip(' ')}{_spaced(comment)}\n{_indented(lines, 2)}{below}"
    raise NoPlaceError(
        f"`{key}:` is a list in one line; expected one item a line, each after `- `: "
        "write it so, or paste what is printed without --write"
    )


def set_keys(text: str, key: str, own_id: str, keys: Mapping[str, Sequence[str]]) -> str:
    """Return a YAML mapping's text in which an item of the list `key` has keys set anew.

    `keys` has the lines of each, `name: value` first, without indentation. One that is there is
    replaced with the rest of its row; the others come below the item's id, in order. NoPlaceError
    when the item stands in one line, `{id: a}`, or is not there.
    """
    ended, below = (text if text.endswith("\n") else f"{text}\n"), "id"
    for name, lines in keys.items():
        item = _item(ended, key, own_id)
        entries = {entry.value: (entry, value) for entry, value in item.value}
        block = _indented(lines, item.start_mark.column)
        if name in entries:
            entry, value = entries[name]
            start, block = entry.start_mark.index, block.lstrip(" ")
        else:
            value = entries[below][1]
            start = _end_of_row(ended, value)
        ended = ended[:start] + block + ended[_end_of_row(ended, value) :]
        below = name
    return ended


def remove_keys(text: str, key: str, own_id: str, names: Iterable[str]) -> str:
    """Return a YAML mapping's text in which an item of the list `key` has some keys no more."""
    ended = text if text.endswith("\n") else f"{text}\n"
    for name in names:
        entries = {entry.value: (entry, value) for entry, value in _item(ended, key, own_id).value}
        if name in entries and name != "id":
            entry, value = entries[name]
            start = ended.rindex("\n", 0, entry.start_mark.index) + 1
            ended = ended[:start] + ended[_end_of_row(ended, value) :]
    return ended


def remove_item(text: str, key: str, own_id: str) -> str:
    """Return a YAML mapping's text without an item of the list `key`; NoPlaceError as `set_keys`.

    A list that has no other item becomes `[]`.
    """
    ended = text if text.endswith("\n") else f"{text}\n"
    item = _item(ended, key, own_id)
    start = ended.rindex("\n", 0, item.start_mark.index) + 1
    end = _end_of_row(ended, item)
    items = _value(ended, key)
    if isinstance(items, yaml.SequenceNode) and len(items.value) == 1:
        row = re.compile(rf"^{re.escape(key)}:", re.MULTILINE)
        return row.sub(f"{key}: []", ended[:start], count=1) + ended[end:]
    return ended[:start] + ended[end:]


def _item(text: str, key: str, own_id: str) -> yaml.MappingNode:
    items = _value(text, key)
    for item in items.value if isinstance(items, yaml.SequenceNode) else ():
        if not isinstance(item, yaml.MappingNode):
            continue
        if any(name.value == "id" and value.value == own_id for name, value in item.value):
            if item.flow_style:
                raise NoPlaceError(
                    f"{own_id} stands in one line; expected one key a line: write it so, or "
                    "paste what is printed without --write"
                )
            return item
    raise NoPlaceError(f"`{key}:` has no item with id: {own_id}")


def _end_of_row(text: str, node: yaml.Node) -> int:
    """Return where the row begins that comes after a value."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    end = node.end_mark
    # A block scalar ends at the start of the row after it.
    if end.column == 0 and end.line > node.start_mark.line:
        return end.index
    return text.index("\n", end.index) + 1


def _value(text: str, key: str) -> yaml.Node | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise NoPlaceError("the file is no mapping of keys; run `bastide inventory check`")
    return next((value for name, value in root.value if name.value == key), None)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value in ("", "~", "null")


def _after(text: str, node: yaml.SequenceNode, lines: Sequence[str]) -> str:
    """Put items after the last one; what follows it, comments of the next key too, stays below."""
    rows = text.splitlines(keepends=True)
    column = node.start_mark.column
    row = _last_row(node.value[-1])
    # Comments that stand further in than the list are still of its last item.
    while row + 1 < len(rows) and _is_comment_below(rows[row + 1], column):
        row += 1
    return "".join((*rows[: row + 1], _indented(lines, column), *rows[row + 1 :]))


def _is_comment_below(row: str, column: int) -> bool:
    text = row.lstrip(" ")
    return text.startswith("#") and len(row) - len(text) > column


def _last_row(node: yaml.Node) -> int:
    """Return the number of the last row that a value stands on."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return max(_last_row(value) for pair in node.value for value in pair)
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return max(map(_last_row, node.value))
    end = node.end_mark
    # A block scalar ends at the start of the row after it.
    return end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line


def _indented(lines: Sequence[str], column: int) -> str:
    return "".join(f"{' ' * column}{line}\n" for line in lines)


def _spaced(comment: str) -> str:
    return f" {comment.strip()}" if comment.strip() else ""
