"""Many hosts' preflight at once, without trying a login again that was refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

from inventory.connections import Connection
from inventory.enums import Level
from monitors.preflight.attempts import Attempts, remembered
from monitors.preflight.check import check, failed
from monitors.preflight.model import Finding, Mend, Readiness, Step
from monitors.ssh.failures import SshFailure
from monitors.ssh.session import Resolve
from monitors.ssh.transport import Way
from monitors.workers import workers

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

    A login that was refused before is not tried unless `again`. `on_result` is called from worker
    threads.
    """

    def look(target: PreflightTarget, attempts: Attempts) -> Readiness:
        own = target.connection
        checked = attempts.log_in(
            own, lambda: check(own, target.level, resolve, target.way), lambda c: c.failure
        )
        result = (failed(checked, own) if isinstance(checked, SshFailure) else checked).readiness
        on_result(result)
        return result

    with (
        remembered(state, again=again) as attempts,
        workers(min(WORKERS, len(targets))) as pool,
    ):
        results = tuple(pool.map(look, targets, repeat(attempts)))
    return _one_machine_each(results)


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
