"""Polls of devices, each within its deadline and without a claim on any other's time."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inventory.secrets import SecretError
from monitors.snmp.boot_time import BootTimes
from monitors.snmp.client import Agent, Client, SnmpError
from monitors.snmp.decode import DecodeProblem
from monitors.snmp.device_cache import DeviceCache
from monitors.snmp.device_poll import DevicePoll, PollProgress
from monitors.snmp.discover.observed import observe
from monitors.snmp.intent import Intent, intent_families
from monitors.snmp.metric_families import Family
from monitors.snmp.poll_result import PollResult
from monitors.snmp.profile import Profile
from monitors.snmp.profile_files import shipped_profiles
from monitors.snmp.samples import merge_families
from monitors.snmp.session import NetworkClient
from monitors.snmp.targets import SnmpTarget, agent

MOST_AT_ONCE = 200
# How long a changed secret may go unnoticed.
SECRETS_SECONDS = 60.0
# For a person at a terminal: a first poll reads everything, longer than a scrape may take.
DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _IntentFamilies:
    """What an intent came to, with what was read when."""

    of: Intent
    read_when: tuple[float, ...]
    families: tuple[Family, ...]


@dataclass(slots=True)
class _DeviceState:
    """All that is kept of one device; ``read_at`` is when the agent's secrets were read, for whom.

    Two that ask for one device at once would learn about it from each other's half: ``lock``.
    """

    cache: DeviceCache
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    agent: Agent | None = None
    read_at: tuple[SnmpTarget | None, float] = (None, 0.0)
    intent: _IntentFamilies | None = None


class Poller:
    """Polls devices, and keeps between polls what saves requests.

    Keeps engines and keys (in its client), request sizes, names and boot times; safe to lose.
    """

    def __init__(
        self,
        state: Path,
        client: Client | None = None,
        catalogue: Mapping[str, Profile] | None = None,
    ) -> None:
        """``state`` is the estate's state directory, where generated secrets are.

        ``catalogue`` (default: the shipped profiles) may be set anew; a device's next selection of
        profiles is from it.
        """
        self._state = state
        self._client: Client = client or NetworkClient()
        self.catalogue = shipped_profiles() if catalogue is None else catalogue
        self._boots = BootTimes()
        self._devices: dict[str, _DeviceState] = {}

    async def poll(
        self, target: SnmpTarget, deadline_seconds: float, profiles: tuple[str, ...] = ()
    ) -> PollResult:
        """Poll one device; never raises for what the device does, never outlasts the deadline.

        ``profiles`` limits what is read to those.
        """
        started = time.monotonic()
        progress, failure, device = PollProgress(), "", self._device(target)
        try:
            async with asyncio.timeout(deadline_seconds), device.lock:
                await self._poll(target, device, progress, profiles)
        except TimeoutError:
            failure = f"{target.name}: not done within {deadline_seconds:.1f} s"
        except (SnmpError, SecretError) as error:
            failure = str(error)
        if failure:
            progress.results += progress.unfinished(failure)
        problems: list[DecodeProblem] = []
        families = tuple(merge_families(progress.families, problems))
        return PollResult(
            target,
            progress.answered,
            time.monotonic() - started,
            failure,
            tuple(progress.results),
            families,
        )

    async def _poll(
        self,
        target: SnmpTarget,
        device: _DeviceState,
        progress: PollProgress,
        profiles: tuple[str, ...],
    ) -> None:
        pinned, more = profiles, tuple[str, ...]()
        if target.device and not profiles:
            pinned, more = target.device.profiles, target.device.more_profiles
        async with self._client.session(self._agent(target, device)) as session:
            poll = DevicePoll(session, device.cache, progress)
            await poll.run(self.catalogue, pinned, more)
        if target.intent and not profiles:
            progress.families += _intent_families(target.intent, device, progress)

    def _device(self, target: SnmpTarget) -> _DeviceState:
        """What is kept of a device; nothing is kept of one that is in no inventory."""
        if not target.municipality:
            return _DeviceState(DeviceCache(target.name, BootTimes()))
        device = self._devices.get(target.name)
        if device is None:
            device = self._devices[target.name] = _DeviceState(
                DeviceCache(target.name, self._boots)
            )
        return device

    def _agent(self, target: SnmpTarget, device: _DeviceState) -> Agent:
        """Where a target answers; its secrets are read once a minute, not at every poll."""
        whose, when = device.read_at
        now = time.monotonic()
        if device.agent is None or whose is not target or now - when >= SECRETS_SECONDS:
            device.agent, device.read_at = agent(target, self._state), (target, now)
        return device.agent


def _intent_families(
    intent: Intent, device: _DeviceState, progress: PollProgress
) -> tuple[Family, ...]:
    """What the inventory wants of the device's ports; anew when names or neighbours were."""
    stamp = device.cache.read_when()
    kept = device.intent
    if kept is None or kept.of is not intent or kept.read_when != stamp:
        read = [(o.profile, o.table) for o in progress.results if not o.failure]
        families = intent_families(intent, observe(progress.families, read))
        kept = device.intent = _IntentFamilies(intent, stamp, families)
    return kept.families


async def poll_all(
    poller: Poller,
    targets: Iterable[SnmpTarget],
    deadline_seconds: float,
    profiles: tuple[str, ...] = (),
) -> tuple[PollResult, ...]:
    """Poll many devices side by side, at most ``MOST_AT_ONCE`` at a time; in the given order."""
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def one(target: SnmpTarget) -> PollResult:
        async with gate:
            return await poller.poll(target, deadline_seconds, profiles)

    return tuple(await asyncio.gather(*(one(target) for target in targets)))


def poll_once(
    targets: Iterable[SnmpTarget],
    state: Path,
    *,
    profiles: tuple[str, ...] = (),
    deadline_seconds: float = DEADLINE_SECONDS,
    catalogue: Mapping[str, Profile] | None = None,
) -> tuple[PollResult, ...]:
    """Poll devices once, side by side; in their order.

    ``state`` is the estate's state directory, where its secrets are; ``profiles`` limits what is
    read, ``catalogue`` defaults to the shipped profiles. A device that fails is a value in the
    result.
    """

    async def main() -> tuple[PollResult, ...]:
        poller = Poller(state, catalogue=catalogue)
        return await poll_all(poller, targets, deadline_seconds, profiles)

    return asyncio.run(main())
