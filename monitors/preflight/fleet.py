"""Many hosts' preflight at once, without trying a login again that was refused."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from inventory.connections import Connection
from inventory.enums import Level
from monitors.preflight import refusals
from monitors.preflight.check import check, failed, place
from monitors.preflight.model import Finding, Mend, Readiness, Step
from monitors.preflight.refusals import Refusals
from monitors.ssh import Resolve, SshFailure, Way

WORKERS = 16

OnResult = Callable[[Readiness], None]


@dataclass(frozen=True, slots=True)
class PreflightTarget:
    """A host to look at, and how far it is managed."""

    connection: Connection
    level: Level
    way: Way


def check_all(
    targets: Sequence[PreflightTarget],
    state: Path,
    resolve: Resolve,
    on_result: OnResult = lambda _: None,
    *,
    again: bool = False,
) -> tuple[Readiness, ...]:
    """Look at hosts, some at a time, and return what each lacks, in order.

    A login that was refused before is not tried unless `again`. Of the hosts behind one jump host
    the first is tried alone: what fails at the jump host, fails for all of them. `on_result` is
    called from worker threads.
    """
    kept = refusals.load(state)
    round_ = _Round(resolve, on_result, Refusals() if again else kept)
    first, rest = _scouts(targets)
    with ThreadPoolExecutor(min(WORKERS, max(1, len(targets)))) as pool:
        list(pool.map(round_.look, first))
        list(pool.map(round_.look, rest))
    refusals.keep(kept.after(round_.attempts, refusals.now()), state)
    return _one_machine_each([round_.results[t.connection.name] for t in targets])


@dataclass(slots=True)
class _Round:
    """What has come of the hosts so far."""

    resolve: Resolve
    on_result: OnResult
    known: Refusals
    results: dict[str, Readiness] = field(default_factory=dict)
    attempts: list[tuple[Connection, SshFailure | None]] = field(default_factory=list)
    jumps: dict[str, SshFailure] = field(default_factory=dict)

    def look(self, target: PreflightTarget) -> None:
        """Look at one host, unless it is known that it would refuse."""
        own = target.connection
        expected = self.known.of(own) or self.jumps.get(_jump(own))
        checked = (
            failed(expected, own)
            if expected
            else check(own, target.level, self.resolve, target.way)
        )
        if not expected:
            self.attempts.append((own, checked.failure))
            if checked.failure and checked.failure.name != own.name:
                self.jumps[_jump(own)] = checked.failure
        self.results[own.name] = checked.readiness
        self.on_result(checked.readiness)


def _scouts(
    targets: Sequence[PreflightTarget],
) -> tuple[list[PreflightTarget], list[PreflightTarget]]:
    """Return those that are tried first, one for each jump host, and the others."""
    first: list[PreflightTarget] = []
    rest: list[PreflightTarget] = []
    jumps: set[str] = set()
    for target in targets:
        jump = _jump(target.connection)
        (rest if jump in jumps else first).append(target)
        jumps |= {jump} - {""}
    return first, rest


def _jump(connection: Connection) -> str:
    return place(connection.jump) if connection.jump else ""


def _one_machine_each(results: Sequence[Readiness]) -> tuple[Readiness, ...]:
    """Return the results, in which two hosts that are one machine are findings.

    Copies of a machine share its id, but they were not started together.
    """
    first: dict[str, str] = {}
    checked = []
    for result in results:
        twin = first.setdefault(result.machine, result.host) if result.machine else result.host
        checked.append(result if twin == result.host else _is(result, twin))
    return tuple(checked)


def _is(result: Readiness, twin: str) -> Readiness:
    mend = Mend("in the inventory", f"remove {result.host} or {twin}")
    problem = f"expected a machine of its own, found that it is {twin}"
    return replace(result, findings=(*result.findings, Finding(Step.REACHABLE, problem, mend)))
