"""An impact as a page for a colleague: text or HTML, the same sentences in both."""

from collections.abc import Iterator
from datetime import datetime
from html import escape

from bastide.actions.changes import Changes
from bastide.actions.impact_sections import Item, Section, counts, sections, title
from monitors.inspection.impact import Impact

NOTHING = "Nothing was changed."
# In text; HTML folds them, and JSON has them all.
MOST_LINES_WHEN_DENSE = 8
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:56em;margin:2em auto;padding:0 1em}
h1{font-size:1.5em;line-height:1.3;margin:0 0 .2em}
h2{font-size:1.1em;margin:2em 0 .4em;border-bottom:1px solid #d5dae0;padding-bottom:.2em}
ul{list-style:none;margin:0;padding:0}
li{margin:.5em 0}
.lead{color:#57606a;margin:0 0 1em}
.grave{border-left:4px solid #c62828;padding-left:1em}
.grave h2{color:#c62828}
.what{font-weight:600;overflow-wrap:anywhere}
.note{color:#57606a;display:block;overflow-wrap:anywhere}
.counts{background:#f3f5f7;border-radius:6px;padding:.7em 1em;margin:0}
.dense li{margin:.1em 0}
.dense .what{font-weight:400}
.dense .note{display:inline}
summary{cursor:pointer}
pre{font:13px/1.45 ui-monospace,monospace;background:#f6f8fa;border-radius:6px;padding:.6em .8em;
white-space:pre-wrap;overflow-wrap:anywhere;margin:.3em 0}
ins{background:#dafbe1;text-decoration:none}
del{background:#ffebe9;text-decoration:none}
@media print{body{max-width:none;margin:0}}
"""


def text(impact: Impact, changes: Changes | None = None, at: datetime | None = None) -> str:
    """Return the page as text; without `changes` it is of what was read alone."""
    lines = [title(impact), _lead(at), *([counts(changes)] if changes else [])]
    for section in sections(impact, changes):
        lines += ["", section.heading]
        dense = section.kind == "dense"
        lines += [line for item in section.items for line in _item_text(item, dense=dense)]
        lines += [] if section.items else [f"  {section.nothing}"]
    return "\n".join(lines)


def _item_text(item: Item, *, dense: bool) -> Iterator[str]:
    yield f"  - {item.what}"
    yield from (f"    {note}" for note in item.notes)
    shown = item.diff[:MOST_LINES_WHEN_DENSE] if dense else item.diff
    yield from (f"      {line}" for line in shown)
    if left := len(item.diff) - len(shown):
        yield f"      … {left} more lines, in --format html and json"


def html(impact: Impact, changes: Changes | None = None, at: datetime | None = None) -> str:
    """Return the page as HTML, in one file without anything from elsewhere."""
    headline = escape(title(impact))
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{headline}</title>',
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>',
            f'<body><h1>{headline}</h1><p class="lead">{escape(_lead(at))}</p>',
            f'<p class="counts">{escape(counts(changes))}</p>' if changes else "",
            *(_section_html(section) for section in sections(impact, changes)),
            "</body></html>",
        )
    )


def _section_html(section: Section) -> str:
    kind = f' class="{section.kind}"' if section.items else ""
    show = _item_dense if section.kind == "dense" else _item_html
    items = "".join(f"<li>{show(item)}</li>" for item in section.items)
    content = f"<ul>{items}</ul>" if items else f"<p>{escape(section.nothing)}</p>"
    return f"<section{kind}><h2>{escape(section.heading)}</h2>{content}</section>"


def _item_html(item: Item) -> str:
    lines = f"<pre>{_diff_html(item)}</pre>" if item.diff else ""
    return f"{_what_html(item)}{lines}"


def _item_dense(item: Item) -> str:
    if not item.diff:
        return _what_html(item)
    return f"<details><summary>{_what_html(item)}</summary><pre>{_diff_html(item)}</pre></details>"


def _what_html(item: Item) -> str:
    notes = " ".join(f'<span class="note">{escape(note)}</span>' for note in item.notes)
    return f'<span class="what">{escape(item.what)}</span> {notes}'


def _diff_html(item: Item) -> str:
    return "\n".join(map(_line_html, item.diff))


def _line_html(line: str) -> str:
    tag = {"+": "ins", "-": "del"}.get(line[:1])
    return f"<{tag}>{escape(line)}</{tag}>" if tag else escape(line)


def _lead(at: datetime | None) -> str:
    return f"{NOTHING} As of {at:%Y-%m-%d %H:%M} UTC." if at else NOTHING
