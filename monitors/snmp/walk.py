"""A column read safely from an agent that may lie about its tables."""

from dataclasses import dataclass

from monitors.snmp.client import BadAnswerError, NoAnswerError, Raw, Session

Index = tuple[int, ...]

# More than any port table; an agent that goes on has no end to its table.
MOST_ROWS = 20_000
# From most to least: 50 rows of a 64-bit counter fill an Ethernet frame (about 1,400 bytes);
# agents that lose large answers are asked for less.
REPETITIONS = (50, 20, 8)


@dataclass(slots=True)
class PageSize:
    """How many rows to ask of one device at once: max-repetitions of RFC 3416, 4.2.3.

    Shrinks only when a smaller page gets through where a larger one does not, so that a device
    that goes dead in the middle of a poll is not punished afterwards.
    """

    repetitions: int = REPETITIONS[0]

    def attempts(self) -> tuple[int, ...]:
        """The sizes to try, the present one first."""
        return REPETITIONS[REPETITIONS.index(self.repetitions) :]


async def column(session: Session, base: str, size: PageSize) -> dict[Index, Raw]:
    """All rows of a column, by index.

    Raises SnmpError; BadAnswerError also when the OIDs do not increase (RFC 3416, 4.2.2) or the
    table does not end.
    """
    for repetitions in size.attempts():
        try:
            rows = await _column(session, base, repetitions)
        except NoAnswerError:
            if repetitions == REPETITIONS[-1]:
                raise
        else:
            size.repetitions = repetitions
            return rows
    raise AssertionError("the last attempt returns or raises")


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
