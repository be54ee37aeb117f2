"""Items put into the lists of a municipality's file; all else of it stays as it is, byte by byte.

The file's text is only added to: comments, order and quoting are people's own.
"""

from collections.abc import Sequence

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
