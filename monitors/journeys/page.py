"""Pages as a citizen reads them: text, links and forms (lxml; a page may hold whatever it likes).

https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#form-submission-algorithm
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from lxml import etree, html

from monitors.journeys.failures import Failure, JourneyError
from monitors.text import one_line

HTML = ("text/html", "application/xhtml+xml")
# What nobody sees; forms in a template are none.
UNSEEN = ("script", "style", "template")
INLINE = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "mark", "q", "s"),
        *("small", "span", "strong", "sub", "sup", "u", "wbr"),
    }
)
SENDING = ("submit", "image")
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A form as it is sent; `fields` in the page's order, then those that were filled in."""

    url: str
    posted: bool
    multipart: bool
    fields: Fields


class Page:
    """What came back from an address; it raises JourneyError for what it does not have."""

    def __init__(self, body: bytes, url: str, content_type: str = "", charset: str = "") -> None:
        """Read a body; of what is no HTML only the text is known."""
        self.url = url
        self._tree: Any = None
        encoding = _encoding(body, charset)
        if content_type in HTML or (not content_type and body.lstrip()[:1] == b"<"):
            self._tree = _parsed(body, encoding)
        self._plain = "" if self._tree is not None else body.decode(encoding or "utf-8", "replace")

    def text(self) -> str:
        """Return all that it shows, its title too, in one line."""
        return one_line(self._plain if self._tree is None else "".join(_pieces(self._tree)))

    def link(self, words: str) -> str:
        """Return where the first link with just this text leads, else the first with it inside."""
        wanted, links = one_line(words), list(self._links())
        for text, target in links:
            if text == wanted:
                return target
        for text, target in links:
            if wanted in text:
                return target
        raise JourneyError(Failure.LINK, f"there is no link {wanted!r}")

    def form(
        self, filled: Mapping[str, str], name: str | None = None, button: str | None = None
    ) -> Submission:
        """Return the form with these fields, filled in; `name`: its id or name."""
        form = self._form(filled, name)
        for field, value in filled.items():
            options = getattr(form.inputs[field], "value_options", None)
            if options is not None and value not in options:
                raise JourneyError(Failure.FORM, f"{field!r} has no such choice")
        pressed = _button(form, button)
        kept = tuple((str(n), str(v)) for n, v in form.form_values() if n not in filled)
        own = pressed is not None and pressed.get("name")
        sent = ((str(own), pressed.get("value") or ""),) if own and own not in filled else ()
        return Submission(
            self._absolute(_first(pressed, form, "action") or self.url),
            _first(pressed, form, "method").lower() == "post",
            _first(pressed, form, "enctype").lower() == "multipart/form-data",
            (*kept, *filled.items(), *sent),
        )

    def _form(self, filled: Mapping[str, str], name: str | None) -> Any:
        forms = [] if self._tree is None else list(self._tree.forms)
        if name is not None:
            forms = [form for form in forms if name in (form.get("id"), form.get("name"))]
        fitting = [form for form in forms if filled.keys() <= set(form.inputs.keys())]
        fields = ", ".join(filled) or "whatever fields"
        if not fitting:
            which = f"no form {name!r}" if name is not None and not forms else "no form"
            raise JourneyError(Failure.FORM, f"there is {which} with {fields}")
        if len(fitting) > 1:
            raise JourneyError(
                Failure.FORM, f"{len(fitting)} forms have {fields}: say which with `form`"
            )
        return fitting[0]

    def _links(self) -> Iterator[tuple[str, str]]:
        for link in () if self._tree is None else self._tree.iter("a", "area"):
            if target := link.get("href"):
                label = link.get("aria-label") or link.get("alt") or ""
                yield one_line("".join(_pieces(link))) or one_line(label), self._absolute(target)

    def _absolute(self, target: str) -> str:
        bases = (
            []
            if self._tree is None
            else [str(b.get("href") or "") for b in self._tree.iter("base")]
        )
        try:
            return urljoin(urljoin(self.url, next(iter(bases), "")), target.strip())
        except ValueError:
            raise JourneyError(Failure.ANSWER, "the page has an address that is none") from None


def _encoding(body: bytes, charset: str) -> str | None:
    """Return the encoding that is declared, UTF-8 without one; None: the page itself says it."""
    try:
        "".encode(charset or "utf-8")
    except (LookupError, ValueError):
        charset = ""
    return charset or (None if b"charset" in body[:1024].lower() else "utf-8")


def _parsed(body: bytes, encoding: str | None) -> Any:
    parser = html.HTMLParser(encoding=encoding, remove_comments=True, remove_pis=True)
    try:
        tree = html.document_fromstring(body, parser=parser)
    except (etree.LxmlError, ValueError):
        return html.document_fromstring("<p></p>")
    for unseen in list(tree.iter(*UNSEEN)):
        if unseen.getparent() is not None:
            unseen.drop_tree()
    return tree


def _pieces(tree: Any) -> Iterator[str]:
    """Yield texts in their order, with a space where the page begins or ends a block."""
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        apart = "" if element.tag in INLINE else " "
        yield apart
        if event == "start":
            yield element.text or ""
        elif element is not tree:
            yield element.tail or ""


def _button(form: Any, wanted: str | None) -> Any:
    """Return the button that is pressed; None in a form without one, which return sends."""
    buttons = [
        element
        for element in form.iter("button", "input")
        if (element.get("type") or ("submit" if element.tag == "button" else "")).lower() in SENDING
        and element.get("disabled") is None
    ]
    if wanted is None:
        return buttons[0] if buttons else None
    for button in buttons:
        shown = one_line("".join(_pieces(button))) or button.get("value")
        if one_line(wanted) in (shown, button.get("name")):
            return button
    raise JourneyError(Failure.FORM, f"the form has no button {wanted!r}")


def _first(button: Any, form: Any, key: str) -> str:
    """Return what a button says in the form's place, else what the form says."""
    own = button.get(f"form{key}") if button is not None else None
    return str(own or form.get(key) or "")
