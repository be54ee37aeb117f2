"""How a poll of a device went: table by table, what it read, and the metrics of both."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from monitors.snmp.decode import DecodeProblem
from monitors.snmp.metric_families import Family, Sample, gauge
from monitors.snmp.targets import SnmpTarget


@dataclass(frozen=True, slots=True)
class TableResult:
    """How one table went, or a profile's scalars. ``failure`` is empty when all was read.

    ``problems`` are single values that could not be used; they are left out of the families.
    """

    profile: str
    table: str
    seconds: float
    failure: str
    problems: tuple[DecodeProblem, ...]

    @property
    def success(self) -> bool:
        """Whether everything was read and understood; a broken sensor's reading is."""
        return not self.failure and all(problem.withheld for problem in self.problems)


@dataclass(frozen=True, slots=True)
class PollResult:
    """One poll of one device.

    ``success``: the device answered, though perhaps not everything; ``failure`` says why not.
    ``device_families`` is what it answered, ``results`` how each table went.
    """

    target: SnmpTarget
    success: bool
    duration_seconds: float
    failure: str
    results: tuple[TableResult, ...]
    device_families: tuple[Family, ...]

    @property
    def problem(self) -> str:
        """The first thing that is wrong, for a person; empty when all was read and understood."""
        if self.failure:
            return self.failure
        for result in self.results:
            if result.failure:
                return f"{result.profile} {result.table}: {result.failure}"
            if result.problems:
                first = result.problems[0]
                return f"{result.profile} {result.table}: {first.oid}: {first.text}"
        return ""

    def families(self) -> Iterable[Family]:
        """All that the poll read, and how it went, as metrics."""
        yield gauge("bastide_snmp_success", "Whether the device answered.", self.success)
        yield gauge(
            "bastide_snmp_duration_seconds", "How long the poll took.", self.duration_seconds
        )
        yield gauge(
            "bastide_snmp_target_info",
            "What the inventory says of the device.",
            1,
            kind=self.target.kind,
            site=self.target.site,
            model=self.target.device.model if self.target.device else "",
        )
        for name, help_text, measure in HEALTH:
            samples = tuple(
                Sample({"profile": each.profile, "table": each.table}, measure(each))
                for each in self.results
            )
            yield Family(name, help_text, "gauge", samples)
        yield from self.device_families


HEALTH: tuple[tuple[str, str, Callable[[TableResult], float]], ...] = (
    (
        "bastide_snmp_table_success",
        "Whether a table gave all that it should; what it did give is served anyway.",
        lambda result: result.success,
    ),
    (
        "bastide_snmp_table_duration_seconds",
        "How long reading a table took.",
        lambda result: result.seconds,
    ),
    (
        "bastide_snmp_undecodable_values",
        "Values of the device that were left out because they made no sense.",
        lambda result: len(result.problems),
    ),
)
