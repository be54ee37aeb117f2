"""What the listener reports becomes counters for Prometheus and lines for the journal."""

import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily

from monitors.snmp.traps.pipe_messages import Rejection
from monitors.snmp.traps.trap import OTHER, Reason, Trap, named_traps

log = logging.getLogger(__name__)

# The same trouble of the same address is logged once an hour; it is counted every time.
REPEAT_SECONDS = 3600.0
MOST_LOGGED = 1024

ADVICE: dict[Reason, str] = {
    Reason.UNKNOWN_SENDER: "no address in the inventory: add the device, or set its trap source",
    Reason.FLOODED: "more than is taken of one sender or of all",
    Reason.QUEUE_FULL: "more at once than can be decoded",
    Reason.UNDECODABLE: "no SNMP message",
    Reason.UNSUPPORTED: "no v2c or v3 authPriv notification",
    Reason.BAD_CREDENTIALS: "not signed with the keys, or without the community, of the inventory",
    Reason.OUTSIDE_WINDOW: "old or replayed; a device that forgets its engine boots looks like it",
    Reason.REPEATED: "sent twice; counted once",
}
NOT_LOGGED = frozenset((Reason.REPEATED,))


class TrapCounters:
    """Counts since the exporter started."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start at zero."""
        self._clock = clock
        self._traps: Counter[tuple[str, str, str]] = Counter()
        self._links: Counter[tuple[str, str, str]] = Counter()
        self._rejected: Counter[Reason] = Counter()
        self._logged: OrderedDict[tuple[Reason, str], float] = OrderedDict()

    def count_trap(self, trap: Trap) -> None:
        """Count and log one."""
        self._traps[trap.municipality, trap.device, trap.name] += 1
        named = named_traps().get(trap.name)
        if named and named.link:
            self._links[trap.municipality, trap.device, named.link] += 1
        log.info("%s", journal_line(trap))

    def count_rejection(self, rejection: Rejection) -> None:
        """Count datagrams that were not accepted, and say so if nobody has lately."""
        self._rejected[rejection.reason] += rejection.count
        if rejection.reason not in NOT_LOGGED and self._is_new(rejection.reason, rejection.address):
            sender = (
                f"{rejection.device} ({rejection.address})"
                if rejection.device
                else rejection.address
            )
            log.warning(
                "trap from %s dropped: %s: %s",
                sender or "many addresses",
                rejection.reason.value,
                ADVICE[rejection.reason],
            )

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Everything counted, with each device's own municipality and name."""
        yield _counter(
            "bastide_snmp_traps_total",
            "Traps and informs accepted; trap is `other` for those not known by name.",
            ("municipality", "device", "trap"),
            self._traps.items(),
        )
        yield _counter(
            "bastide_snmp_link_changes_total",
            "linkDown and linkUp notifications of a device's ports.",
            ("municipality", "device", "state"),
            self._links.items(),
        )
        yield _counter(
            "bastide_snmp_traps_rejected_total",
            "Datagrams to the trap port that were not accepted.",
            ("reason",),
            (((reason.value,), self._rejected[reason]) for reason in Reason),
        )

    def _is_new(self, reason: Reason, address: str) -> bool:
        key, now = (reason, address), self._clock()
        if now - self._logged.get(key, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return False
        self._logged[key] = now
        self._logged.move_to_end(key)
        if len(self._logged) > MOST_LOGGED:
            self._logged.popitem(last=False)
        return True


def journal_line(trap: Trap) -> str:
    """Return a trap as one line: who, what, and the bindings known by name."""
    bindings = "".join(f' {b.name}="{_quoted(b.text)}"' for b in trap.bindings if b.name)
    oid = f" {trap.oid}" if trap.name == OTHER else ""
    return f"trap {trap.municipality} {trap.device} {trap.name}{oid}{bindings}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _counter(
    name: str, text: str, labels: tuple[str, ...], counts: Iterable[tuple[tuple[str, ...], int]]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in counts:
        family.add_metric(values, count)
    return family
