"""Polls of devices, each within its deadline and without a claim on any other's time."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from inventory.secrets import SecretError
from monitors.metrics import Family, Sample, gauge
from monitors.snmp.boot import BootTimes
from monitors.snmp.client import Client, SnmpError
from monitors.snmp.collect import CollectorResult, Device, Gathering, collect
from monitors.snmp.gufo import GufoClient
from monitors.snmp.profile import Profile, profiles_for
from monitors.snmp.targets import Target, agent
from monitors.snmp.walk import PageSize

MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class PollResult:
    """One poll of one device.

    ``success``: the device answered, though perhaps not everything; ``failure`` says why not.
    """

    target: Target
    success: bool
    duration_seconds: float
    failure: str
    collectors: tuple[CollectorResult, ...]

    @property
    def trouble(self) -> str:
        """The first thing that is wrong, for a person; empty when all was read and understood."""
        if self.failure:
            return self.failure
        for collector in self.collectors:
            if collector.failure:
                return f"{collector.collector}: {collector.failure}"
            if collector.problems:
                first = collector.problems[0]
                return f"{collector.collector}: {first.oid}: {first.text}"
        return ""

    def families(self) -> Iterable[Family]:
        """All that the poll found, and how it went, as metrics."""
        yield gauge("bastide_snmp_success", "Whether the device answered.", self.success)
        yield gauge(
            "bastide_snmp_duration_seconds", "How long the poll took.", self.duration_seconds
        )
        yield Family(
            "bastide_snmp_collector_success",
            "Whether a collector read all that it should; what it did read is served anyway.",
            "gauge",
            tuple(Sample({"collector": c.collector}, c.success) for c in self.collectors),
        )
        yield Family(
            "bastide_snmp_undecodable_values",
            "Values of the device that were left out because they made no sense.",
            "gauge",
            tuple(Sample({"collector": c.collector}, len(c.problems)) for c in self.collectors),
        )
        for collector in self.collectors:
            yield from collector.families


class Poller:
    """Asks devices, and remembers between polls what saves questions.

    Keeps engine IDs and keys (in its client), page sizes and boot times; safe to lose.
    """

    def __init__(self, state: Path, client: Client | None = None) -> None:
        """``state`` is the estate's state directory, where generated secrets are."""
        self._state = state
        self._client: Client = client or GufoClient()
        self._pages: dict[str, PageSize] = {}
        self._boots = BootTimes()

    async def poll(
        self, target: Target, deadline_seconds: float, profiles: tuple[Profile, ...] | None = None
    ) -> PollResult:
        """Ask one device; never raises for what the device does, never outlasts the deadline."""
        started = time.monotonic()
        chosen = profiles_for(target.kind) if profiles is None else profiles
        gatherings = [Gathering(profile) for profile in chosen]
        failure = ""
        try:
            async with asyncio.timeout(deadline_seconds):
                await self._ask(target, gatherings)
        except TimeoutError:
            failure = f"{target.name}: not done within {deadline_seconds:.1f} s"
        except (SnmpError, SecretError) as error:
            failure = str(error)
        if failure:
            _mark_unfinished(gatherings, failure)
        answered = any(gathering.answered for gathering in gatherings)
        if not answered and not failure:
            failure = next((g.failure for g in gatherings), "nothing was asked")
        return PollResult(
            target,
            answered,
            time.monotonic() - started,
            failure,
            tuple(gathering.result() for gathering in gatherings),
        )

    async def _ask(self, target: Target, gatherings: list[Gathering]) -> None:
        pages = self._pages.setdefault(target.name, PageSize())
        device = Device(target.name, pages, self._boots)
        async with self._client.session(agent(target, self._state)) as session:
            for gathering in gatherings:
                await collect(session, device, gathering)
                gathering.done = True


async def poll_all(
    poller: Poller, wanted: Iterable[Target], deadline_seconds: float
) -> tuple[PollResult, ...]:
    """Poll many devices side by side, at most ``MOST_AT_ONCE`` at a time; in the given order."""
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def one(target: Target) -> PollResult:
        async with gate:
            return await poller.poll(target, deadline_seconds)

    return tuple(await asyncio.gather(*(one(target) for target in wanted)))


def _mark_unfinished(gatherings: list[Gathering], failure: str) -> None:
    for gathering in gatherings:
        if not gathering.done and not gathering.failure:
            gathering.failure = failure
