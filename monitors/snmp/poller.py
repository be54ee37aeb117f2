"""Polls of devices, each within its deadline and without a claim on any other's time."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inventory.secrets import SecretError
from monitors.metrics import Family, Sample, gauge
from monitors.snmp.boot import BootTimes
from monitors.snmp.client import Agent, Client, SnmpError
from monitors.snmp.collect import Collector, Gathering, Outcome
from monitors.snmp.decode import Problem
from monitors.snmp.discover.seen import seen
from monitors.snmp.intent import Intent, intent_families
from monitors.snmp.memory import DeviceMemory
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
        self._memories: dict[str, DeviceMemory] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._boots = BootTimes()
        self._intents: dict[str, _Wanted] = {}
        self._agents: dict[str, tuple[Target, float, Agent]] = {}

    async def poll(
        self, target: Target, deadline_seconds: float, profiles: tuple[str, ...] = ()
    ) -> PollResult:
        """Ask one device; never raises for what the device does, never outlasts the deadline.

        ``profiles`` limits what is asked to those.
        """
        started = time.monotonic()
        gathering, failure = Gathering(), ""
        try:
            async with asyncio.timeout(deadline_seconds), self._lock(target):
                await self._ask(target, gathering, profiles)
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

    async def _ask(self, target: Target, gathering: Gathering, profiles: tuple[str, ...]) -> None:
        memory = self._memory(target)
        pinned, more = profiles, tuple[str, ...]()
        if target.device and not profiles:
            pinned, more = target.device.profiles, target.device.more_profiles
        async with self._client.session(self._agent(target)) as session:
            await Collector(session, memory, gathering).collect(self._catalogue, pinned, more)
        if target.intent and not profiles:
            gathering.families += self._wanted(target, target.intent, memory, gathering)

    def _agent(self, target: Target) -> Agent:
        """Where a target answers; its secrets are read once a minute, not at every poll."""
        if not target.municipality:
            return agent(target, self._state)
        known = self._agents.get(target.name)
        now = time.monotonic()
        if known is None or known[0] is not target or now - known[1] >= SECRETS_SECONDS:
            known = self._agents[target.name] = (target, now, agent(target, self._state))
        return known[2]

    def _lock(self, target: Target) -> asyncio.Lock:
        """Two that ask for one device at once would learn about it from each other's half."""
        if not target.municipality:
            return asyncio.Lock()
        return self._locks.setdefault(target.name, asyncio.Lock())

    def _memory(self, target: Target) -> DeviceMemory:
        """What is known of a device; nothing is kept of one that is in no inventory."""
        if not target.municipality:
            return DeviceMemory(target.name, BootTimes())
        return self._memories.setdefault(target.name, DeviceMemory(target.name, self._boots))

    def _wanted(
        self, target: Target, intent: Intent, memory: DeviceMemory, gathering: Gathering
    ) -> tuple[Family, ...]:
        """What the inventory wants of the device's ports; anew when names or neighbours were."""
        known, stamp = self._intents.get(target.name), memory.read_when()
        if known is None or known.of is not intent or known.read_when != stamp:
            read = [(o.profile, o.table) for o in gathering.outcomes if not o.failure]
            families = intent_families(intent, seen(gathering.families, read))
            known = self._intents[target.name] = _Wanted(intent, stamp, families)
        return known.families


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
