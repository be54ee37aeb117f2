"""What is kept of a device between two polls; all of it is safe to lose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from monitors.snmp.boot_time import BootTimes
from monitors.snmp.client import Raw
from monitors.snmp.dead_objects import DeadObjects
from monitors.snmp.metric_families import Family, Labels
from monitors.snmp.profile import Profile
from monitors.snmp.request_size import RequestSize
from monitors.snmp.table_walk import Cells

NAMES_SECONDS = 3600.0
SLOW_SECONDS = 600.0
SELECTION_SECONDS = 6 * 3600.0
# A device that has just started may not answer for everything yet.
YOUNG_SECONDS = 600.0

# A profile and one of its tables; the empty word is its scalars.
Key = tuple[str, str]


@dataclass(slots=True)
class TableCache:
    """What is kept of one table.

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
class DeviceCache:
    """What is kept of one device.

    ``selected`` are the profiles that suit it, ``roots`` what is known meanwhile of subtrees;
    ``indicators`` the instances whose value tells of a change, and the profile that each is of.
    ``last_values`` is what it answered when its clocks and those indicators were read last,
    ``absent`` those that it does not have, ``dead`` those that it does not answer for.
    """

    name: str
    boots: BootTimes
    sizes: RequestSize = field(default_factory=RequestSize)
    tables: dict[Key, TableCache] = field(default_factory=dict)
    selected: tuple[Profile, ...] = ()
    selected_at: float = float("-inf")
    selected_for: float = 0.0
    roots: dict[str, bool] = field(default_factory=dict)
    indicators: dict[str, str] = field(default_factory=dict)
    last_values: dict[str, Raw] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    dead: DeadObjects = field(default_factory=DeadObjects)

    def table(self, key: Key) -> TableCache:
        """What is known of a table; empty when nothing is."""
        return self.tables.setdefault(key, TableCache())

    def read_when(self) -> tuple[float, ...]:
        """When names and slow tables were read: equal stamps, equal names."""
        return tuple(
            time for table in self.tables.values() for time in (table.named_at, table.read_at)
        )

    def clear(self) -> None:
        """Forget everything that a reboot may change; request sizes stay."""
        self.tables.clear()
        self.selected, self.selected_at = (), float("-inf")
        self.roots.clear()
        self.indicators.clear()
        self.last_values.clear()
        self.absent.clear()
        self.dead.try_again()

    def drop_tables(self, profiles: Iterable[str]) -> None:
        """Forget the tables of profiles with an indicator that changed."""
        wanted = frozenset(profiles)
        for key in [key for key in self.tables if key[0] in wanted]:
            del self.tables[key]
