"""One poll of one device: its answers become families of samples, table by table.

What was read before a failure is kept, and a failure ends its own table only, unless the device
has fallen silent.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitors.snmp import boot_time, decode, oid, profile_selection
from monitors.snmp.client import NoAnswerError, Raw, RefusedError, Session, SnmpError
from monitors.snmp.columns import Columns
from monitors.snmp.decode import DecodeProblem
from monitors.snmp.device_cache import SELECTION_SECONDS, SLOW_SECONDS, YOUNG_SECONDS, DeviceCache
from monitors.snmp.metric_families import NO_LABELS, Family, Labels, Sample, gauge
from monitors.snmp.poll_result import TableResult
from monitors.snmp.profile import Info, Profile, Table, Text
from monitors.snmp.samples import is_shown, value
from monitors.snmp.table_reader import TableReader

BOOT_METRIC = "bastide_snmp_boot_timestamp_seconds"
SCALARS = "scalars"


@dataclass(slots=True)
class PollProgress:
    """What a poll has so far; whoever stops it can still take that."""

    profiles: tuple[Profile, ...] = ()
    families: list[Family] = field(default_factory=list)
    results: list[TableResult] = field(default_factory=list)
    answered: bool = False

    def unfinished(self, failure: str) -> Iterator[TableResult]:
        """Yield a result for every step that was not reached."""
        reached = {(result.profile, result.table) for result in self.results}
        for profile, table in steps(self.profiles):
            name = table.table if table else SCALARS
            if (profile.profile, name) not in reached:
                yield TableResult(profile.profile, name, 0.0, failure, ())


def steps(profiles: Sequence[Profile]) -> list[tuple[Profile, Table | None]]:
    """The steps of a poll: scalars (None) and tables; slow ones last, lest fast ones starve."""
    in_order: list[tuple[Profile, Table | None]] = []
    for profile in profiles:
        if profile.scalars or profile.info or profile.derived:
            in_order.append((profile, None))
        in_order += [(profile, table) for table in profile.tables]
    return sorted(in_order, key=lambda step: (step[1] or step[0]).poll == "slow")


class DevicePoll:
    """Polls one device for its profiles, in one session."""

    def __init__(
        self,
        session: Session,
        cache: DeviceCache,
        progress: PollProgress,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """What is read goes to ``progress``; ``clock`` dates the cache."""
        self._session, self._cache, self._progress = session, cache, progress
        self._clock = clock
        self._columns = Columns(session, cache.sizes, cache.dead, clock)
        self._clocks: dict[str, Raw] = {}
        self._answered_profiles: set[str] = set()

    async def run(
        self, catalogue: Mapping[str, Profile], pinned: Sequence[str], more: Sequence[str]
    ) -> None:
        """Ask for what suits the device, or for what is pinned, and for ``more``.

        Raises SnmpError when the device does not answer, or does not let us in.
        """
        await self._check_clocks()
        await self._select_profiles(catalogue, pinned, more)
        for profile, table in steps(self._progress.profiles):
            await self._read_step(profile, table)
        self._fail_empty_profiles(pinned)

    def _fail_empty_profiles(self, pinned: Sequence[str]) -> None:
        """A profile that was asked for by name and gave nothing is a failure, not silence."""
        results = self._progress.results
        for at, result in enumerate(results):
            if result.success and result.profile in set(pinned) - self._answered_profiles:
                results[at] = replace(result, failure="the device has none of these objects")

    async def _select_profiles(
        self, catalogue: Mapping[str, Profile], pinned: Sequence[str], more: Sequence[str]
    ) -> None:
        cache = self._cache
        if pinned:
            selected, unknown = profile_selection.profiles_by_name((*pinned, *more), catalogue)
        else:
            if self._clock() - cache.selected_at >= cache.selected_for:
                cache.selected = await profile_selection.select_profiles(
                    self._session, tuple(catalogue.values()), cache.roots
                )
                cache.roots.clear()
                for root, reason in self._session.failed.items():
                    cache.dead.note(oid.decode(root), reason, self._clock())
                cache.selected_at = self._clock()
                cache.selected_for = SELECTION_SECONDS if self._is_settled() else YOUNG_SECONDS
            added, unknown = profile_selection.profiles_by_name(more, catalogue)
            selected = tuple({p.profile: p for p in (*cache.selected, *added)}.values())
        self._progress.profiles = selected
        await self._note_indicators({change: p.profile for p in selected for change in p.changes})
        for name in unknown:
            self._progress.results.append(
                TableResult(
                    name, "", 0.0, "no such profile; `bastide snmp profiles` lists them", ()
                )
            )

    async def _note_indicators(self, indicators: Mapping[str, str]) -> None:
        """Remember how the indicators of a change stand."""
        cache = self._cache
        cache.indicators |= indicators
        new = [
            indicator
            for indicator in indicators
            if indicator not in cache.last_values and indicator not in cache.absent
        ]
        if new:
            answers = await self._instances(new)
            cache.last_values |= answers
            cache.absent |= set(new) - answers.keys()

    def _is_settled(self) -> bool:
        """Whether the device has had time to start everything that it answers for."""
        uptime = boot_time.uptime_seconds(self._clocks)
        return bool(self._cache.selected) and (uptime is None or uptime > YOUNG_SECONDS)

    async def _check_clocks(self) -> None:
        """Read the device's clocks and the indicators of a change; forget what they outdate."""
        cache = self._cache
        indicators = cache.indicators
        wanted = [o for o in dict.fromkeys((*boot_time.OIDS, *indicators)) if o not in cache.absent]
        answers = await self._instances(wanted)
        self._progress.answered = True
        cache.absent |= set(wanted) - answers.keys()
        ticks, before = (
            answers.get(boot_time.SYS_UP_TIME),
            cache.last_values.get(boot_time.SYS_UP_TIME),
        )
        if isinstance(ticks, int) and isinstance(before, int) and ticks < before:
            cache.clear()
        cache.drop_tables(
            indicators[change]
            for change in indicators
            if change in cache.last_values and answers.get(change) != cache.last_values[change]
        )
        cache.last_values |= answers
        self._clocks = answers

    async def _instances(self, wanted: Sequence[str]) -> dict[str, Raw]:
        dead, now = self._cache.dead, self._clock()
        octets = {oid.encode(name): name for name in wanted if not dead.rests(name, now)}
        answers = await self._session.get(list(octets))
        for instance, name in octets.items():
            if reason := self._session.failed.get(instance):
                dead.note(name, reason, now)
            elif instance in answers:
                dead.forget(name)
        return {octets[name]: raw for name, raw in answers.items()}

    async def _read_step(self, profile: Profile, table: Table | None) -> None:
        started, problems = time.monotonic(), list[DecodeProblem]()
        no_answer: SnmpError | None = None
        failure = ""
        try:
            if table is None:
                self._add(profile, await self._scalars(profile, problems))
                failure = self._columns.problems(_instances_of(profile))
            else:
                failure, no_answer = await self._read_table(profile, table, problems)
        except RefusedError:
            raise
        except SnmpError as error:
            failure = str(error)
            no_answer = error if isinstance(error, NoAnswerError) else None
        seconds = time.monotonic() - started
        name = table.table if table else SCALARS
        self._progress.results.append(
            TableResult(profile.profile, name, seconds, failure, tuple(problems))
        )
        if no_answer:
            # One lost table is the table's matter; a device that is gone answers nothing else.
            await self._session.get([oid.encode(boot_time.SYS_UP_TIME)])

    async def _read_table(
        self, profile: Profile, table: Table, problems: list[DecodeProblem]
    ) -> tuple[str, SnmpError | None]:
        """Read one table; what is wrong with it, and the error when that was silence."""
        reader = TableReader(profile.profile, table, self._cache, self._columns)
        try:
            self._add(profile, await reader.families(self._clock(), problems))
        except asyncio.CancelledError:
            # The deadline: half a table is served, and reported as failed by ``unfinished``.
            self._add(profile, reader.partial_families(problems))
            raise
        return reader.why_not_whole(), reader.no_answer

    def _add(self, profile: Profile, families: list[Family]) -> None:
        if families:
            self._progress.families += families
            self._answered_profiles.add(profile.profile)

    async def _scalars(self, profile: Profile, problems: list[DecodeProblem]) -> list[Family]:
        table = self._cache.table((profile.profile, ""))
        if profile.poll == "slow" and self._clock() - table.read_at < SLOW_SECONDS:
            return [*table.slow]
        answers = await self._instances(list(_instances_of(profile)))
        families = []
        if profile.info and not answers.keys().isdisjoint(_asked_for(profile.info)):
            families.append(_info(profile.info, answers))
        for spec in profile.scalars:
            if not is_shown(spec, answers.get):
                continue
            samples = tuple(value(spec, answers.get(spec.oid), NO_LABELS, answers.get, problems))
            if samples:
                families.append(Family(spec.metric, spec.help, spec.type, samples))
        if "boot_time" in profile.derived:
            families += self._boot_time()
        if profile.poll == "slow":
            table.slow, table.read_at = tuple(families), self._clock()
        return families

    def _boot_time(self) -> list[Family]:
        uptime = boot_time.uptime_seconds(self._clocks)
        if uptime is None:
            return []
        when = self._cache.boots.steady(self._cache.name, time.time() - uptime)
        help_text = "When the device started (hrSystemUptime or sysUpTime, unwrapped; Unix time)."
        return [gauge(BOOT_METRIC, help_text, when)]


def _asked_for(info: Info) -> Iterator[str]:
    for label in info.labels:
        yield from (label.oid, *label.otherwise)


def _info(info: Info, answers: Mapping[str, Raw]) -> Family:
    texts = {spec.label: _text(spec, answers) for spec in info.labels}
    return Family(info.metric, info.help, "gauge", (Sample(Labels(texts), 1),))


def _text(spec: Text, answers: Mapping[str, Raw]) -> str:
    kind = answers.get(spec.kind) if spec.kind else None
    texts = (decode.text(answers.get(o), spec, kind) for o in (spec.oid, *spec.otherwise))
    return next((text for text in texts if text), "")


def _instances_of(profile: Profile) -> dict[str, None]:
    """The instances that a profile's scalars and info need, once each."""
    wanted: list[str | None] = []
    for spec in profile.scalars:
        wanted += [spec.oid, *spec.plus, spec.less, spec.times, spec.over, spec.unless]
        wanted += [only.oid for only in spec.only]
        if spec.exponent:
            wanted += [spec.exponent.scale, spec.exponent.precision]
    for label in profile.info.labels if profile.info else ():
        wanted += [label.oid, *label.otherwise, label.kind]
    return dict.fromkeys(instance for instance in wanted if instance)
