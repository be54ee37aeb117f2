"""One profile asked of one device: answers become families of samples.

What was read before a failure is kept: a collector that fails half-way hands over its half.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitors.metrics import Family, Sample
from monitors.snmp import boot, decode
from monitors.snmp.client import BadAnswerError, Raw, RefusedError, Session, SnmpError
from monitors.snmp.decode import Problem
from monitors.snmp.profile import Info, Number, Profile, Table
from monitors.snmp.walk import Index, PageSize, column

BOOT_METRIC = "bastide_snmp_boot_timestamp_seconds"


@dataclass(frozen=True, slots=True)
class CollectorResult:
    """What one collector found. ``failure`` is empty when it read all that it should.

    ``problems`` are single values that could not be used; they are left out of the families.
    """

    collector: str
    families: tuple[Family, ...]
    problems: tuple[Problem, ...]
    failure: str

    @property
    def success(self) -> bool:
        """Whether everything was read and understood."""
        return not self.failure and not self.problems


@dataclass(slots=True)
class Gathering:
    """A collector at work; whoever stops it can still take what it has."""

    profile: Profile
    families: list[Family] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failure: str = ""
    answered: bool = False
    done: bool = False

    def result(self) -> CollectorResult:
        """The frozen state."""
        return CollectorResult(
            self.profile.collector, tuple(self.families), tuple(self.problems), self.failure
        )

    def add(self, spec: Number, samples: list[Sample]) -> None:
        """Take the samples of a metric; none, none shown."""
        if samples:
            self.families.append(Family(spec.metric, spec.help, spec.type, tuple(samples)))


@dataclass(frozen=True, slots=True)
class Device:
    """What is known about a device between two polls."""

    name: str
    pages: PageSize
    boots: boot.BootTimes
    now: Callable[[], float] = time.time


async def collect(session: Session, device: Device, gathering: Gathering) -> None:
    """Fill ``gathering``; SnmpError becomes its ``failure``.

    Raises RefusedError: no other collector would be let in either.
    """
    profile = gathering.profile
    try:
        await _scalars(session, device, gathering)
        for table in profile.tables:
            await _table(session, device, table, gathering)
        if not gathering.families:
            raise BadAnswerError(f"{profile.collector}: the device has none of these objects")
    except RefusedError:
        raise
    except SnmpError as error:
        gathering.failure = str(error)


async def _scalars(session: Session, device: Device, gathering: Gathering) -> None:
    profile = gathering.profile
    wanted = dict.fromkeys(spec.oid for spec in profile.scalars)
    if profile.info:
        wanted |= dict.fromkeys(label.oid for label in profile.info.labels)
    if "boot_time" in profile.derived:
        wanted |= dict.fromkeys(boot.OIDS)
    if not wanted:
        return
    answers = await session.get(list(wanted))
    gathering.answered = True
    if profile.info and any(label.oid in answers for label in profile.info.labels):
        gathering.families.append(_info(profile.info, [({}, answers)], gathering))
    for spec in profile.scalars:
        if spec.oid in answers:
            gathering.add(spec, _samples(spec, [({}, answers[spec.oid])], gathering))
    if "boot_time" in profile.derived:
        _boot_time(device, answers, gathering)


def _boot_time(device: Device, answers: Mapping[str, Raw], gathering: Gathering) -> None:
    uptime = boot.uptime_seconds(answers)
    if uptime is None:
        gathering.problems.append(Problem(boot.SYS_UP_TIME, "no clock of the device answered"))
        return
    value = device.boots.steady(device.name, device.now() - uptime)
    help_text = "When the device started (hrSystemUptime or sysUpTime, unwrapped; Unix time)."
    gathering.families.append(Family(BOOT_METRIC, help_text, "gauge", (Sample({}, value),)))


async def _table(session: Session, device: Device, table: Table, gathering: Gathering) -> None:
    texts = {label.oid: await column(session, label.oid, device.pages) for label in table.labels}
    labels = _Labels(table, texts, gathering)
    if table.info:
        columns = {
            label.oid: await column(session, label.oid, device.pages) for label in table.info.labels
        }
        indices = sorted(set().union(*columns.values()))
        rows = [
            (labels[index], {oid: cells.get(index) for oid, cells in columns.items()})
            for index in indices
        ]
        if rows:
            gathering.families.append(_info(table.info, rows, gathering))
    for spec in table.columns:
        cells = await column(session, spec.oid, device.pages)
        gathering.answered = True
        rows_of_column = [(labels[index], raw) for index, raw in cells.items()]
        gathering.add(spec, _samples(spec, rows_of_column, gathering))


class _Labels(dict[Index, Mapping[str, str]]):
    """The labels of each row, one mapping a row for all columns, made when first asked."""

    def __init__(
        self, table: Table, texts: dict[str, dict[Index, Raw]], gathering: Gathering
    ) -> None:
        super().__init__()
        self._table, self._texts, self._gathering = table, texts, gathering

    def __missing__(self, index: Index) -> Mapping[str, str]:
        made = dict(zip(self._table.index, _parts(index, len(self._table.index)), strict=True))
        for label in self._table.labels:
            raw = self._texts[label.oid].get(index)
            made[label.label] = _text(raw, f"{label.oid}", self._gathering)
        self[index] = made
        return made


def _parts(index: Index, count: int) -> list[str]:
    """An index as ``count`` labels; the last takes what is left, dotted."""
    head = [str(part) for part in index[: count - 1]]
    head += [""] * (count - 1 - len(head))
    return [*head, ".".join(map(str, index[count - 1 :]))]


def _text(raw: Raw, oid: str, gathering: Gathering) -> str:
    if raw is None:
        return ""
    found = decode.text(raw, oid)
    if isinstance(found, Problem):
        gathering.problems.append(found)
        return ""
    return found


def _info(
    info: Info, rows: Sequence[tuple[Mapping[str, str], Mapping[str, Raw]]], gathering: Gathering
) -> Family:
    samples = []
    for labels, answers in rows:
        texts = {
            label.label: _text(answers.get(label.oid), label.oid, gathering)
            for label in info.labels
        }
        samples.append(Sample({**labels, **texts}, 1))
    return Family(info.metric, info.help, "gauge", tuple(samples))


def _samples(
    spec: Number, cells: list[tuple[Mapping[str, str], Raw]], gathering: Gathering
) -> list[Sample]:
    samples = []
    plain = not spec.states and not spec.matches and spec.scale == 1
    for labels, raw in cells:
        # Nearly every value of a port table; the rest of the cases is in decode.
        if plain and type(raw) is int and 0 <= raw < decode.COUNTER_MODULUS:
            samples.append(Sample(labels, raw))
            continue
        if spec.states:
            found = decode.states(raw, spec, spec.oid)
            if not isinstance(found, Problem):
                samples += [
                    Sample({**labels, "state": name}, value) for name, value in found.items()
                ]
                continue
        else:
            value = decode.number(raw, spec, spec.oid)
            if not isinstance(value, Problem):
                samples.append(Sample(labels, value))
                continue
            found = value
        gathering.problems.append(found)
    return samples
