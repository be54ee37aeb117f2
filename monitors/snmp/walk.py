"""A column read safely from an agent that may lie about its tables."""

from monitors.snmp.client import BadAnswerError, NoAnswerError, Raw, Session

Index = tuple[int, ...]

# More than any port table; an agent that goes on has no end to its table.
MOST_ROWS = 20_000
# From most to least: 50 rows of a 64-bit counter fill an Ethernet frame (about 1,400 bytes);
# agents that lose large answers are asked for less.
REPETITIONS = (50, 20, 8)


class PageSize:
    """How many rows to ask of one device at once; shrinks for good when large answers get lost."""

    def __init__(self) -> None:
        """Start with the largest page."""
        self._step = 0

    @property
    def repetitions(self) -> int:
        """The present max-repetitions (RFC 3416, 4.2.3)."""
        return REPETITIONS[self._step]

    def shrink(self) -> bool:
        """Ask for less from now on; false when it is the least already."""
        if self._step + 1 == len(REPETITIONS):
            return False
        self._step += 1
        return True


async def column(session: Session, base: str, size: PageSize) -> dict[Index, Raw]:
    """All rows of a column, by index.

    Raises SnmpError; BadAnswerError also when the OIDs do not increase (RFC 3416, 4.2.2) or the
    table does not end.
    """
    while True:
        try:
            return await _column(session, base, size.repetitions)
        except NoAnswerError:
            if not size.shrink():
                raise


async def _column(session: Session, base: str, repetitions: int) -> dict[Index, Raw]:
    rows: dict[Index, Raw] = {}
    prefix = base + "."
    skip = len(prefix)
    last: Index = ()
    async for page in session.walk(base, repetitions):
        for oid, value in page:
            if not oid.startswith(prefix):
                return rows
            tail = oid[skip:]
            index = tuple(map(int, tail.split("."))) if "." in tail else (int(tail),)
            if index <= last:
                raise BadAnswerError(f"{oid} came after {prefix}{_dotted(last)}: not increasing")
            rows[index] = value
            last = index
        if len(rows) > MOST_ROWS:
            raise BadAnswerError(f"{base}: more than {MOST_ROWS} rows: a table without an end")
    return rows


def _dotted(index: Index) -> str:
    return ".".join(map(str, index))
