"""What is remembered of a device between two polls; all of it is safe to lose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from monitors.metrics import Family, Labels
from monitors.snmp.boot_time import BootTimes
from monitors.snmp.client import Raw
from monitors.snmp.profile import Profile
from monitors.snmp.request_size import PageSize
from monitors.snmp.table_walk import Cells

NAMES_SECONDS = 3600.0
SLOW_SECONDS = 600.0
CHOICE_SECONDS = 6 * 3600.0
# A device that has just started may not answer for everything yet.
YOUNG_SECONDS = 600.0

# A profile and one of its tables; the empty word is its scalars.
Key = tuple[str, str]


@dataclass(slots=True)
class TableMemory:
    """What is known of one table.

    ``labels`` by index (None: a row that is not shown), ``unique`` when no two rows share theirs;
    ``order`` are the indexes of all rows as the agent has them, ``beside`` other columns by this
    table's index, ``info`` and ``slow`` what was read and is served until it is old, ``covered``
    the places of columns that better ones make needless.
    """

    named_at: float = float("-inf")
    read_at: float = float("-inf")
    labels: Mapping[bytes, Labels | None] = field(default_factory=dict)
    unique: bool = True
    order: tuple[bytes, ...] = ()
    beside: dict[str, Cells] = field(default_factory=dict)
    info: tuple[Family, ...] = ()
    slow: tuple[Family, ...] = ()
    covered: frozenset[int] = frozenset()


@dataclass(slots=True)
class DeviceMemory:
    """What is known of one device.

    ``chosen`` are the profiles that suit it, ``signs`` the instances that tell of a change and the
    profile that each is of; ``pulse`` is what it answered when it was last asked for its clocks
    and for those signs, ``lacking`` what it has none of.
    """

    name: str
    boots: BootTimes
    pages: PageSize = field(default_factory=PageSize)
    tables: dict[Key, TableMemory] = field(default_factory=dict)
    chosen: tuple[Profile, ...] = ()
    chosen_at: float = float("-inf")
    chosen_for: float = 0.0
    signs: dict[str, str] = field(default_factory=dict)
    pulse: dict[str, Raw] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)

    def table(self, key: Key) -> TableMemory:
        """What is known of a table; empty when nothing is."""
        return self.tables.setdefault(key, TableMemory())

    def read_when(self) -> tuple[float, ...]:
        """When names and slow tables were read: equal stamps, equal names."""
        return tuple(
            time for known in self.tables.values() for time in (known.named_at, known.read_at)
        )

    def forget(self) -> None:
        """Forget everything that a reboot may change; page sizes stay."""
        self.tables.clear()
        self.chosen, self.chosen_at = (), float("-inf")
        self.signs.clear()
        self.pulse.clear()
        self.lacking.clear()

    def forget_names(self, profiles: Iterable[str]) -> None:
        """Forget the tables of profiles whose device told of a change."""
        wanted = frozenset(profiles)
        for key in [key for key in self.tables if key[0] in wanted]:
            del self.tables[key]
