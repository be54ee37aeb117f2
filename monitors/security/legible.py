"""What a foreign host said, made fit for a terminal, a report and one line."""

MAX_CHARACTERS = 1000


def legible(said: str) -> str:
    """Return the text on one line, bounded, every character that does not print escaped.

    So no host steers the reader's terminal or reorders what is read (Unicode TR 36, section 2.10).
    """
    short = said if len(said) <= MAX_CHARACTERS else f"{said[:MAX_CHARACTERS]} …"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in short)
