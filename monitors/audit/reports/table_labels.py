"""Tables for screens of a phone's width: each cell carries the name of its column.

There the style sheet shows a row from top to bottom, so that no column is out of sight.
"""

import re

TABLE = re.compile(r"<table>(.*?)<tbody>(.*?)</table>", re.DOTALL)
HEADING = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
CELL = re.compile(r"<td(?=[ >])")


def labelled(page: str) -> str:
    """Return a page whose tables' cells name their columns; what is between the tags is escaped."""
    return TABLE.sub(_labelled, page)


def _labelled(table: re.Match[str]) -> str:
    head, body = table[1], table[2]
    names = [name.replace('"', "&#34;") for name in HEADING.findall(head)]
    rows = (_row(row, names[1:]) for row in body.split("<tr>"))
    return f"<table>{head}<tbody>{'<tr>'.join(rows)}</table>"


def _row(row: str, names: list[str]) -> str:
    """Return a row with its cells labelled; the first column is its heading."""
    label = iter(names)
    return CELL.sub(lambda _: f'<td data-label="{next(label, "")}"', row)
