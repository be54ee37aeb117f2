"""Profiles asked of one device: answers become families of samples, table by table.

What was read before a failure is kept, and a failure ends its own table only, unless the device
has fallen silent.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitors.metrics import NO_LABELS, Family, Labels, Sample, gauge
from monitors.snmp import boot_time, decode, oid, profile_selection
from monitors.snmp.client import NoAnswerError, Raw, RefusedError, Session, SnmpError
from monitors.snmp.columns import Columns
from monitors.snmp.decode import Problem
from monitors.snmp.device_cache import CHOICE_SECONDS, SLOW_SECONDS, YOUNG_SECONDS, DeviceMemory
from monitors.snmp.profile import Info, Profile, Table, Text
from monitors.snmp.samples import value
from monitors.snmp.table_reader import TableReader

BOOT_METRIC = "bastide_snmp_boot_timestamp_seconds"
SCALARS = "scalars"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one table went, or a profile's scalars. ``failure`` is empty when all was read.

    ``problems`` are single values that could not be used; they are left out of the families.
    """

    profile: str
    table: str
    seconds: float
    failure: str
    problems: tuple[Problem, ...]

    @property
    def success(self) -> bool:
        """Whether everything was read and understood."""
        return not self.failure and not self.problems


@dataclass(slots=True)
class Gathering:
    """A poll at work; whoever stops it can still take what it has."""

    profiles: tuple[Profile, ...] = ()
    families: list[Family] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    answered: bool = False

    def unfinished(self, failure: str) -> Iterator[Outcome]:
        """Yield an outcome for every step that was not reached."""
        reached = {(outcome.profile, outcome.table) for outcome in self.outcomes}
        for profile, table in steps(self.profiles):
            name = table.table if table else SCALARS
            if (profile.profile, name) not in reached:
                yield Outcome(profile.profile, name, 0.0, failure, ())


def steps(profiles: Sequence[Profile]) -> list[tuple[Profile, Table | None]]:
    """The steps of a poll: scalars (None) and tables; slow ones last, lest fast ones starve."""
    found: list[tuple[Profile, Table | None]] = []
    for profile in profiles:
        if profile.scalars or profile.info or profile.derived:
            found.append((profile, None))
        found += [(profile, table) for table in profile.tables]
    return sorted(found, key=lambda step: (step[1] or step[0]).poll == "slow")


class Collector:
    """Asks one device for its profiles, in one session."""

    def __init__(
        self,
        session: Session,
        memory: DeviceMemory,
        gathering: Gathering,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """What is found goes to ``gathering``; ``clock`` tells how old a memory is."""
        self._session, self._memory, self._gathering = session, memory, gathering
        self._clock = clock
        self._columns = Columns(session, memory.pages)
        self._pulse: dict[str, Raw] = {}
        self._given: set[str] = set()

    async def collect(
        self, catalogue: Mapping[str, Profile], pinned: Sequence[str], more: Sequence[str]
    ) -> None:
        """Ask for what suits the device, or for what is pinned, and for ``more``.

        Raises SnmpError when the device does not answer, or does not let us in.
        """
        await self._feel_pulse()
        await self._choose(catalogue, pinned, more)
        for profile, table in steps(self._gathering.profiles):
            await self._step(profile, table)
        self._tell_empty(pinned)

    def _tell_empty(self, pinned: Sequence[str]) -> None:
        """A profile that was asked for by name and gave nothing is a failure, not silence."""
        outcomes = self._gathering.outcomes
        for place, outcome in enumerate(outcomes):
            if outcome.success and outcome.profile in set(pinned) - self._given:
                outcomes[place] = replace(outcome, failure="the device has none of these objects")

    async def _choose(
        self, catalogue: Mapping[str, Profile], pinned: Sequence[str], more: Sequence[str]
    ) -> None:
        memory = self._memory
        if pinned:
            chosen, unknown = profile_selection.named((*pinned, *more), catalogue)
        else:
            if self._clock() - memory.chosen_at >= memory.chosen_for:
                memory.chosen = await profile_selection.suiting(
                    self._session, tuple(catalogue.values())
                )
                memory.chosen_at = self._clock()
                memory.chosen_for = CHOICE_SECONDS if self._is_settled() else YOUNG_SECONDS
            added, unknown = profile_selection.named(more, catalogue)
            chosen = tuple({p.profile: p for p in (*memory.chosen, *added)}.values())
        self._gathering.profiles = chosen
        await self._watch({change: p.profile for p in chosen for change in p.changes})
        for name in unknown:
            self._gathering.outcomes.append(
                Outcome(name, "", 0.0, "no such profile; `bastide snmp profiles` lists them", ())
            )

    async def _watch(self, signs: Mapping[str, str]) -> None:
        """Know from now on how the signs of a change stand."""
        memory = self._memory
        memory.signs |= signs
        new = [sign for sign in signs if sign not in memory.pulse and sign not in memory.lacking]
        if new:
            answers = await self._instances(new)
            memory.pulse |= answers
            memory.lacking |= set(new) - answers.keys()

    def _is_settled(self) -> bool:
        """Whether the device has had time to start everything that it answers for."""
        uptime = boot_time.uptime_seconds(self._pulse)
        return bool(self._memory.chosen) and (uptime is None or uptime > YOUNG_SECONDS)

    async def _feel_pulse(self) -> None:
        """Ask for the device's clocks, and for the signs of a change; forget what they outdate."""
        memory = self._memory
        signs = memory.signs
        wanted = [o for o in dict.fromkeys((*boot_time.OIDS, *signs)) if o not in memory.lacking]
        answers = await self._instances(wanted)
        self._gathering.answered = True
        memory.lacking |= set(wanted) - answers.keys()
        ticks, before = answers.get(boot_time.SYS_UP_TIME), memory.pulse.get(boot_time.SYS_UP_TIME)
        if isinstance(ticks, int) and isinstance(before, int) and ticks < before:
            memory.forget()
        memory.forget_names(
            signs[change]
            for change in signs
            if change in memory.pulse and answers.get(change) != memory.pulse[change]
        )
        memory.pulse |= answers
        self._pulse = answers

    async def _instances(self, wanted: Sequence[str]) -> dict[str, Raw]:
        octets = {oid.encode(instance): instance for instance in wanted}
        answers = await self._session.get(list(octets))
        return {octets[name]: raw for name, raw in answers.items()}

    async def _step(self, profile: Profile, table: Table | None) -> None:
        started, problems = time.monotonic(), list[Problem]()
        silent: SnmpError | None = None
        failure = ""
        try:
            if table is None:
                self._give(profile, await self._scalars(profile, problems))
            else:
                failure, silent = await self._read(profile, table, problems)
        except RefusedError:
            raise
        except SnmpError as error:
            failure = str(error)
            silent = error if isinstance(error, NoAnswerError) else None
        seconds = time.monotonic() - started
        name = table.table if table else SCALARS
        self._gathering.outcomes.append(
            Outcome(profile.profile, name, seconds, failure, tuple(problems))
        )
        if silent:
            # One lost table is the table's matter; a device that is gone answers nothing else.
            await self._session.get([oid.encode(boot_time.SYS_UP_TIME)])

    async def _read(
        self, profile: Profile, table: Table, problems: list[Problem]
    ) -> tuple[str, SnmpError | None]:
        """Read one table; what is wrong with it, and the error when that was silence."""
        reader = TableReader(profile.profile, table, self._memory, self._columns)
        try:
            self._give(profile, await reader.families(self._clock(), problems))
        except asyncio.CancelledError:
            # The deadline: half a table is served, and told as failed by ``unfinished``.
            self._give(profile, reader.half(problems))
            raise
        return reader.failure, reader.silence

    def _give(self, profile: Profile, families: list[Family]) -> None:
        if families:
            self._gathering.families += families
            self._given.add(profile.profile)

    async def _scalars(self, profile: Profile, problems: list[Problem]) -> list[Family]:
        known = self._memory.table((profile.profile, ""))
        if profile.poll == "slow" and self._clock() - known.read_at < SLOW_SECONDS:
            return [*known.slow]
        answers = await self._instances(list(_instances_of(profile)))
        families = []
        if profile.info and any(label.oid in answers for label in profile.info.labels):
            families.append(_info(profile.info, answers))
        for spec in profile.scalars:
            samples = tuple(value(spec, answers.get(spec.oid), NO_LABELS, answers.get, problems))
            if samples:
                families.append(Family(spec.metric, spec.help, spec.type, samples))
        if "boot_time" in profile.derived:
            families += self._boot_time()
        if profile.poll == "slow":
            known.slow, known.read_at = tuple(families), self._clock()
        return families

    def _boot_time(self) -> list[Family]:
        uptime = boot_time.uptime_seconds(self._pulse)
        if uptime is None:
            return []
        when = self._memory.boots.steady(self._memory.name, time.time() - uptime)
        help_text = "When the device started (hrSystemUptime or sysUpTime, unwrapped; Unix time)."
        return [gauge(BOOT_METRIC, help_text, when)]


def _info(info: Info, answers: Mapping[str, Raw]) -> Family:
    texts = {spec.label: _text(spec, answers) for spec in info.labels}
    return Family(info.metric, info.help, "gauge", (Sample(Labels(texts), 1),))


def _text(spec: Text, answers: Mapping[str, Raw]) -> str:
    kind = answers.get(spec.kind) if spec.kind else None
    said = (decode.text(answers.get(o), spec, kind) for o in (spec.oid, *spec.otherwise))
    return next((text for text in said if text), "")


def _instances_of(profile: Profile) -> dict[str, None]:
    """The instances that a profile's scalars and info need, once each."""
    wanted: list[str | None] = []
    for spec in profile.scalars:
        wanted += [spec.oid, *spec.plus, spec.less, spec.times, spec.over]
        if spec.exponent:
            wanted += [spec.exponent.scale, spec.exponent.precision]
    for label in profile.info.labels if profile.info else ():
        wanted += [label.oid, *label.otherwise, label.kind]
    return dict.fromkeys(instance for instance in wanted if instance)
