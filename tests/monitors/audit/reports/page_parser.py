"""Reads a page strictly: every tag is closed in order; collects what is on it."""

from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link"}
APART = {"td", "th", "tr", "br", "p", "li", "svg"}
SVG_VOID = {"rect", "circle", "line", "path", "polyline"}


class Page(HTMLParser):
    """The tags with their attributes, and the text, of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += " " if tag in APART else ""
        if tag not in VOID | SVG_VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in SVG_VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data

    def all(self, *names: str) -> list[dict[str, str | None]]:
        """Return the attributes of every tag with one of these names."""
        return [attributes for tag, attributes in self.tags if tag in names]

    def values(self, attribute: str) -> list[str]:
        """Return what every tag has as an attribute."""
        return [
            value for _, attributes in self.tags if (value := attributes.get(attribute)) is not None
        ]
