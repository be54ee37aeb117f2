"""A trap about a link polls the device at once: what changed is logged before the next scrape."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily

from monitors.snmp.metric_families import Point
from monitors.snmp.poll_result import PollResult
from monitors.snmp.poller import Poller
from monitors.snmp.targets import SnmpTarget
from monitors.snmp.traps.trap import Trap

log = logging.getLogger(__name__)

PROFILES = ("interfaces",)
DEADLINE_SECONDS = 10.0
STATUS = "ifOperStatus"
STATES = {
    1: "up",
    2: "down",
    3: "testing",
    4: "unknown",
    5: "dormant",
    6: "absent",
    7: "lower down",
}


class TrapPoller:
    """Polls devices that sent a trap, and logs which ports changed since the last poll."""

    def __init__(self, poller: Poller, targets: Callable[[], Mapping[str, SnmpTarget]]) -> None:
        """``targets`` gives the inventory's devices as they are now."""
        self._poller, self._targets = poller, targets
        self._last: dict[str, tuple[Point, ...]] = {}
        self._polls: Counter[tuple[str, str, str]] = Counter()
        self._running: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether a poll is under way."""
        return bool(self._running)

    def on_trap(self, trap: Trap) -> None:
        """Poll the device of a trap; called in the exporter's loop."""
        target = self._targets().get(trap.device)
        if target is None:
            return
        task = asyncio.create_task(self._poll(target, trap))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def record(self, result: PollResult) -> None:
        """Remember the ports' states of a poll of a device of the inventory."""
        if not result.target.municipality:
            return
        for family in result.device_families:
            if family.name == STATUS:
                self._last[result.target.name] = family.samples

    def collect(self) -> Iterator[CounterMetricFamily]:
        """How often devices were polled because of a trap."""
        polls = CounterMetricFamily(
            "bastide_snmp_repolls_total",
            "Polls of a device at once after its trap.",
            labels=("municipality", "device", "result"),
        )
        for labels, count in self._polls.items():
            polls.add_metric(labels, count)
        yield polls

    async def _poll(self, target: SnmpTarget, trap: Trap) -> None:
        before = dict(self._last.get(target.name, ()))
        result = await self._poller.poll(target, DEADLINE_SECONDS, PROFILES)
        self.record(result)
        outcome = "success" if result.success else "failure"
        self._polls[target.municipality, target.name, outcome] += 1
        changes = [
            f"{labels.get('ifName', '')} is {STATES.get(int(state), state)}"
            for labels, state in self._last.get(target.name, ())
            if labels in before and before[labels] != state
        ]
        log.info(
            "%s (%s): polled after %s: %s",
            target.name,
            target.municipality,
            trap.name,
            ", ".join(changes) or result.problem or "no port changed since the last poll",
        )
