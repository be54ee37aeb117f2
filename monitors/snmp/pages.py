"""How much to ask of a device at once: learned from its answers, and remembered."""

from dataclasses import dataclass, field

# What crosses every link in one piece, tunnels included (the UDP payload).
LARGEST_ANSWER = 1400
# A 64-bit counter with its OID takes 24; the first answer shows what these take.
FIRST_GUESS = 24
MOST_BINDINGS = 120
# Questions to one device in flight: fewer round trips, and no burst that a small one would drop.
MOST_AT_ONCE = 4
# So many good answers after a refused one, a larger one is tried again.
PATIENCE = 200


@dataclass(slots=True)
class PageSize:
    """How much to ask of one device at once; learned from its answers and remembered.

    ``bindings`` is what it manages at most: halved when an answer is too big for it or does not
    come, doubled again after many good answers. ``octets`` is what a row of each table takes,
    ``counts`` how many rows it had, ``window`` how many questions the device takes at once.
    """

    bindings: int = MOST_BINDINGS
    octets: dict[bytes, int] = field(default_factory=dict)
    counts: dict[bytes, int] = field(default_factory=dict)
    window: int = MOST_AT_ONCE
    good: int = 0

    def rows(self, table: bytes, columns: int, taken: int = 0) -> int:
        """Return for how many rows of a table to ask: max-repetitions of RFC 3416, 4.2.3.

        With ``taken`` rows read, no more than are left, and the one that shows the end.
        """
        fitting = LARGEST_ANSWER // self.octets.get(table, FIRST_GUESS * columns)
        left = self.counts.get(table, fitting) - taken + 1
        return max(1, min(fitting, self.bindings // columns, left if left > 0 else fitting))

    def answered(self, table: bytes, rows: int, size: int) -> None:
        """Learn from an answer of ``rows`` rows and ``size`` octets."""
        if rows and size:
            self.octets[table] = -(-size // rows)
        self.good += 1
        if self.good >= PATIENCE:
            self.bindings, self.good = min(MOST_BINDINGS, 2 * self.bindings), 0
            self.window = min(MOST_AT_ONCE, 2 * self.window)

    def alone(self) -> None:
        """Take it that several questions at once were too much."""
        self.window, self.good = 1, 0

    def failed(self, asked: int) -> bool:
        """Take it that ``asked`` bindings were too many; False when it cannot be fewer."""
        if asked <= 1 or self.bindings <= 1:
            return False
        self.bindings, self.good = max(1, min(self.bindings, asked) // 2), 0
        return True
