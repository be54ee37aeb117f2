"""A notification that was accepted, as a frozen value (RFC 3416, 4.2.6 and 4.2.7)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """A binding fit for people: its instance's OID, its object's name if known, and its text."""

    oid: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Trap:
    """A trap or inform of a device of the inventory.

    ``name`` is that of names.yaml, ``other`` for any that is not there; ``at`` is when it was
    heard (Unix time). ``device`` is the edge's name where a site hides behind one address and
    the sender cannot be told.
    """

    device: str
    municipality: str
    name: str
    oid: str
    bindings: tuple[Shown, ...]
    at: float

    def text_of(self, name: str) -> str:
        """Return the text of the first binding of that name, or nothing."""
        return next((shown.text for shown in self.bindings if shown.name == name), "")
