"""A single value as people read it, without a profile that knows what it means."""

from monitors.snmp.client import BadAnswerError, Raw, WireBinding
from monitors.snmp.decode import FORMS
from monitors.snmp.wire import values
from monitors.text import escaped_line

# Numbers and nothing are themselves, text is one line; octets that are no text are hex.
Shown = int | float | str | None


def shown(raw: Raw) -> Shown:
    """A value for a terminal or for JSON."""
    if isinstance(raw, bytes):
        return escaped_line(FORMS["text"](raw))
    return raw if isinstance(raw, int | float | str) else None


def shown_binding(entry: WireBinding) -> Shown:
    """The same of a value as it was on the wire; hex where its type is unheard of."""
    try:
        return shown(values.decode(entry.tag, entry.content))
    except BadAnswerError:
        return entry.content.hex(":")
