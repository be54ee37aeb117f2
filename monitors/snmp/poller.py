"""Polls of devices, each within its deadline and without a claim on any other's time."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inventory.secrets import SecretError
from monitors.metrics import Family, Sample, gauge
from monitors.snmp.boot_time import BootTimes
from monitors.snmp.client import Agent, Client, SnmpError
from monitors.snmp.decode import Problem
from monitors.snmp.device_cache import DeviceMemory
from monitors.snmp.device_poll import Collector, Gathering, Outcome
from monitors.snmp.discover.observed import seen
from monitors.snmp.intent import Intent, intent_families
from monitors.snmp.profile import Profile, shipped_profiles
from monitors.snmp.samples import merged
from monitors.snmp.session import NetworkClient
from monitors.snmp.targets import Target, agent

MOST_AT_ONCE = 200
# How long a changed secret may go unnoticed.
SECRETS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PollResult:
    """One poll of one device.

    ``success``: the device answered, though perhaps not everything; ``failure`` says why not.
    ``found`` is what it answered, ``outcomes`` how each table went.
    """

    target: Target
    success: bool
    duration_seconds: float
    failure: str
    outcomes: tuple[Outcome, ...]
    found: tuple[Family, ...]

    @property
    def trouble(self) -> str:
        """The first thing that is wrong, for a person; empty when all was read and understood."""
        if self.failure:
            return self.failure
        for outcome in self.outcomes:
            if outcome.failure:
                return f"{outcome.profile} {outcome.table}: {outcome.failure}"
            if outcome.problems:
                first = outcome.problems[0]
                return f"{outcome.profile} {outcome.table}: {first.oid}: {first.text}"
        return ""

    def families(self) -> Iterable[Family]:
        """All that the poll found, and how it went, as metrics."""
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
        for name, help_text, measured in HEALTH:
            samples = tuple(
                Sample({"profile": o.profile, "table": o.table}, measured(o)) for o in self.outcomes
            )
            yield Family(name, help_text, "gauge", samples)
        yield from self.found


HEALTH: tuple[tuple[str, str, Callable[[Outcome], float]], ...] = (
    (
        "bastide_snmp_table_success",
        "Whether a table gave all that it should; what it did give is served anyway.",
        lambda outcome: outcome.success,
    ),
    (
        "bastide_snmp_table_duration_seconds",
        "How long reading a table took.",
        lambda outcome: outcome.seconds,
    ),
    (
        "bastide_snmp_undecodable_values",
        "Values of the device that were left out because they made no sense.",
        lambda outcome: len(outcome.problems),
    ),
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an intent came to, with what was read when."""

    of: Intent
    read_when: tuple[float, ...]
    families: tuple[Family, ...]


@dataclass(slots=True)
class _Known:
    """All that is kept of one device; ``read_at`` is when the agent's secrets were read, for whom.

    Two that ask for one device at once would learn about it from each other's half: ``lock``.
    """

    memory: DeviceMemory
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    agent: Agent | None = None
    read_at: tuple[Target | None, float] = (None, 0.0)
    wanted: _Wanted | None = None


class Poller:
    """Asks devices, and remembers between polls what saves questions.

    Keeps engines and keys (in its client), page sizes, names and boot times; safe to lose.
    """

    def __init__(
        self,
        state: Path,
        client: Client | None = None,
        catalogue: Mapping[str, Profile] | None = None,
    ) -> None:
        """``state`` is the estate's state directory, where generated secrets are.

        ``catalogue`` defaults to the shipped profiles.
        """
        self._state = state
        self._client: Client = client or NetworkClient()
        self._catalogue = shipped_profiles() if catalogue is None else catalogue
        self._boots = BootTimes()
        self._devices: dict[str, _Known] = {}

    async def poll(
        self, target: Target, deadline_seconds: float, profiles: tuple[str, ...] = ()
    ) -> PollResult:
        """Ask one device; never raises for what the device does, never outlasts the deadline.

        ``profiles`` limits what is asked to those.
        """
        started = time.monotonic()
        gathering, failure, known = Gathering(), "", self._known(target)
        try:
            async with asyncio.timeout(deadline_seconds), known.lock:
                await self._ask(target, known, gathering, profiles)
        except TimeoutError:
            failure = f"{target.name}: not done within {deadline_seconds:.1f} s"
        except (SnmpError, SecretError) as error:
            failure = str(error)
        if failure:
            gathering.outcomes += gathering.unfinished(failure)
        problems: list[Problem] = []
        found = tuple(merged(gathering.families, problems))
        return PollResult(
            target,
            gathering.answered,
            time.monotonic() - started,
            failure,
            tuple(gathering.outcomes),
            found,
        )

    async def _ask(
        self, target: Target, known: _Known, gathering: Gathering, profiles: tuple[str, ...]
    ) -> None:
        pinned, more = profiles, tuple[str, ...]()
        if target.device and not profiles:
            pinned, more = target.device.profiles, target.device.more_profiles
        async with self._client.session(self._agent(target, known)) as session:
            collector = Collector(session, known.memory, gathering)
            await collector.collect(self._catalogue, pinned, more)
        if target.intent and not profiles:
            gathering.families += _wanted(target.intent, known, gathering)

    def _known(self, target: Target) -> _Known:
        """What is known of a device; nothing is kept of one that is in no inventory."""
        if not target.municipality:
            return _Known(DeviceMemory(target.name, BootTimes()))
        known = self._devices.get(target.name)
        if known is None:
            known = self._devices[target.name] = _Known(DeviceMemory(target.name, self._boots))
        return known

    def _agent(self, target: Target, known: _Known) -> Agent:
        """Where a target answers; its secrets are read once a minute, not at every poll."""
        whose, when = known.read_at
        now = time.monotonic()
        if known.agent is None or whose is not target or now - when >= SECRETS_SECONDS:
            known.agent, known.read_at = agent(target, self._state), (target, now)
        return known.agent


def _wanted(intent: Intent, known: _Known, gathering: Gathering) -> tuple[Family, ...]:
    """What the inventory wants of the device's ports; anew when names or neighbours were."""
    stamp = known.memory.read_when()
    found = known.wanted
    if found is None or found.of is not intent or found.read_when != stamp:
        read = [(o.profile, o.table) for o in gathering.outcomes if not o.failure]
        families = intent_families(intent, seen(gathering.families, read))
        found = known.wanted = _Wanted(intent, stamp, families)
    return found.families


async def poll_all(
    poller: Poller,
    wanted: Iterable[Target],
    deadline_seconds: float,
    profiles: tuple[str, ...] = (),
) -> tuple[PollResult, ...]:
    """Poll many devices side by side, at most ``MOST_AT_ONCE`` at a time; in the given order."""
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def one(target: Target) -> PollResult:
        async with gate:
            return await poller.poll(target, deadline_seconds, profiles)

    return tuple(await asyncio.gather(*(one(target) for target in wanted)))
