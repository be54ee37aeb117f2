"""An impact as a page for a colleague: text or HTML, the same sentences in both."""

from collections.abc import Iterator
from html import escape

from monitors.inspection.impact import Cut, Impact

PARTS = (
    ("Logins that would be cut off", "logins", "none of those that were read"),
    ("Ports that would be closed", "ports", "none of those that listen"),
    ("Forwarding that would be cut", "forwarding", "none that was found"),
)


def title(impact: Impact) -> str:
    """Return the headline: the host, the level, and whether somebody is cut off."""
    said = "would cut off what is named below" if impact.cuts else "cuts nobody off that was read"
    return f"{impact.host}: the level {impact.level.value} {said}"


def text(impact: Impact) -> str:
    """Return the page as text."""
    return "\n".join((title(impact), "Nothing was changed.", *_lines(impact)))


def _lines(impact: Impact) -> Iterator[str]:
    for heading, name, nothing in PARTS:
        cuts: tuple[Cut, ...] = getattr(impact, name)
        yield f"\n{heading}"
        yield from (f"  - {cut.what}\n    why: {cut.why}\n    do: {cut.keep}" for cut in cuts)
        if not cuts:
            yield f"  {nothing}"
    if impact.sessions:
        yield f"\nLogged in now\n  {', '.join(impact.sessions)}"
    if impact.unknown:
        yield "\nNot known"
        yield from (f"  - {line}" for line in impact.unknown)


def html(impact: Impact) -> str:
    """Return the page as HTML, in one file without anything from elsewhere."""
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title(impact))}</title>',
            "<style>body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
            "dt{font-weight:bold;margin-top:.8em}</style></head><body>",
            f"<h1>{escape(title(impact))}</h1><p>Nothing was changed.</p>",
            *_sections(impact),
            "</body></html>",
        )
    )


def _sections(impact: Impact) -> Iterator[str]:
    for heading, name, nothing in PARTS:
        cuts: tuple[Cut, ...] = getattr(impact, name)
        yield f"<h2>{escape(heading)}</h2>"
        yield "<dl>" if cuts else f"<p>{escape(nothing)}</p>"
        for cut in cuts:
            yield f"<dt>{escape(cut.what)}</dt><dd>{escape(cut.why)}</dd>"
            yield f"<dd><em>{escape(cut.keep)}</em></dd>"
        if cuts:
            yield "</dl>"
    for heading, lines in (("Logged in now", impact.sessions), ("Not known", impact.unknown)):
        if lines:
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            yield f"<h2>{heading}</h2><ul>{items}</ul>"
