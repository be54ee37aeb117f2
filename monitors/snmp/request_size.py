"""How much to ask of a device at once: learned from its answers, and remembered."""

from dataclasses import dataclass, field

from monitors.snmp.client import BulkResponse

# What crosses every link in one piece, tunnels included (the UDP payload).
LARGEST_RESPONSE = 1400
# Around the bindings of an answer: 40 octets in v2c, up to 160 in v3. The first shows it.
FIRST_AROUND = 60
# A 64-bit counter with its OID takes 24; the first answer shows what these take.
FIRST_GUESS = 24
MOST_BINDINGS = 120
# Questions to one device in flight: fewer round trips, and no burst that a small one would drop.
MOST_AT_ONCE = 4
# So many good answers after a refused one, a larger one is tried again.
GOOD_RESPONSES = 200
# How often a table that is what it was is read on to its end, to see rows that are new there.
LOOK_EVERY = 10


@dataclass(slots=True)
class RequestSize:
    """What is known of a device's answers.

    ``bindings`` is what it manages at most: halved when an answer is too big for it or does not
    come, doubled again after many good answers. ``window`` is how many questions it takes at once,
    ``around`` what its answers take beside bindings. By table: ``row_octets`` of a row,
    ``row_caps`` on the rows that it puts into one answer, ``row_counts`` of its rows, ``reads``
    since the last look; ``quiet_ends`` those behind whose last row the agent answers nothing of
    use, so that nobody asks there.
    """

    bindings: int = MOST_BINDINGS
    window: int = MOST_AT_ONCE
    around: int = FIRST_AROUND
    row_octets: dict[bytes, int] = field(default_factory=dict)
    row_caps: dict[bytes, int] = field(default_factory=dict)
    row_counts: dict[bytes, int] = field(default_factory=dict)
    reads: dict[bytes, int] = field(default_factory=dict)
    quiet_ends: set[bytes] = field(default_factory=set)
    good: int = 0

    def rows(self, table: bytes, columns: int, taken: int = 0) -> int:
        """Return for how many rows of a table to ask: max-repetitions of RFC 3416, 4.2.3.

        With ``taken`` rows read, no more than are left, and the one that shows the end.
        """
        octets = self.row_octets.get(table, FIRST_GUESS * columns)
        fitting = (LARGEST_RESPONSE - self.around) // octets
        fitting = min(fitting, self.bindings // columns, self.row_caps.get(table, fitting))
        left = self.row_counts.get(table, fitting) - taken + (table not in self.quiet_ends)
        return max(1, min(fitting, left if left > 0 else fitting))

    def learn(self, table: bytes, asked: int, got: int, bulk: BulkResponse) -> None:
        """Learn from an answer of ``got`` whole rows to a question for ``asked``."""
        if got:
            self.row_octets[table] = -(-(bulk.end - bulk.start) // got)
            self.around = max(FIRST_AROUND, bulk.size - (bulk.end - bulk.start))
        if 0 < got < asked:
            self.row_caps[table] = got
        self.good += 1
        if self.good >= GOOD_RESPONSES:
            self.bindings, self.good = min(MOST_BINDINGS, 2 * self.bindings), 0
            self.window = min(MOST_AT_ONCE, 2 * self.window)
            self.row_caps.clear()
            self.quiet_ends.clear()

    def is_look_due(self, table: bytes) -> bool:
        """Whether it is time to read a known table on to its end."""
        self.reads[table] = (self.reads.get(table, -1) + 1) % LOOK_EVERY
        return self.reads[table] == 0

    def is_at_quiet_end(self, table: bytes, taken: int) -> bool:
        """Whether ``taken`` rows are all that there are, and asking on gets nothing of use."""
        return table in self.quiet_ends and taken >= self.row_counts.get(table, taken + 1)

    def one_at_a_time(self) -> None:
        """Take it that several questions at once were too much."""
        self.window, self.good = 1, 0

    def shrink(self, asked: int) -> bool:
        """Take it that ``asked`` bindings were too many; False when it cannot be fewer."""
        if asked <= 1 or self.bindings <= 1:
            return False
        self.bindings, self.good = max(1, min(self.bindings, asked) // 2), 0
        return True
