"""Runbooks as web pages, so that the link in an alert opens in any browser, with no internet."""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

STYLE = (
    "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 sans-serif}"
    "pre,code{background:#f2f2f2;font-size:.95em}pre{padding:.7rem;overflow-x:auto}"
    "td,th{border:1px solid #999;padding:.3rem .5rem;text-align:left}"
    "table{border-collapse:collapse}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}"
    "pre,code{background:#222}a{color:#8cf}}"
)
LINK_TO_PAGE = re.compile(r'href="([^":]+)\.md"')


def runbook_pages(runbooks: Path) -> Iterator[tuple[str, str]]:
    """Yield every runbook as its relative path, ending in `.html`, and the page's text."""
    for source in sorted(runbooks.rglob("[!.]*.md")):
        path = source.relative_to(runbooks).with_suffix(".html")
        yield path.as_posix(), runbook_page(source.stem, source.read_text(encoding="utf-8"))


def runbook_page(title: str, markdown: str) -> str:
    """Return one CommonMark text (with tables) as a whole HTML page.

    HTML in the text is escaped; links between runbooks lead to each other's pages.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    body = LINK_TO_PAGE.sub(r'href="\1.html"', reader.render(markdown))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )
