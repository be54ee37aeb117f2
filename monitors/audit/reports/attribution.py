"""Why a score changed between two audits: because of hosts, the control set, waivers or scope.

With weights N of what counts and D of what applies, before (0) and after (1), the change is
N1/D1 - N0/D0 = sum of ((n1 - n0) - N0/D0 * (d1 - d0)) / D1 over every control on every host.
Each term has one cause or is split by it linearly, so the parts sum to the change exactly,
in whatever order they are taken.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from inventory.enums import Level
from monitors.audit.model.controls import WEIGHT
from monitors.audit.model.results import AuditRun, HostAudit, Outcome, Result
from monitors.audit.model.score import Weights, weights_of


class Cause(StrEnum):
    """What a part of a change is due to."""

    HOST = "host"  # the host was found otherwise, or could not be asked
    CONTROL_SET = "control_set"  # a control came, went, weighs or applies otherwise
    WAIVER = "waiver"  # a waiver began or ended
    SCOPE = "scope"  # a host came or went, or its roles, tier or level let others apply


class Measure(StrEnum):
    """Which score; see score.py."""

    PROVED = "proved"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Part:
    """What one control on one host did to the score of all, from -1 to 1."""

    cause: Cause
    host: str
    control: str
    change: Fraction


@dataclass(frozen=True, slots=True)
class Attribution:
    """A change of a score; None when there was no score before or is none after.

    `parts` has those that are not 0, the largest first; they sum to `change` exactly.
    """

    change: Fraction | None
    parts: tuple[Part, ...] = ()

    def by_cause(self) -> dict[Cause, Fraction]:
        """Return the sum of each cause's parts, 0 included."""
        sums = dict.fromkeys(Cause, Fraction(0))
        for part in self.parts:
            sums[part.cause] += part.change
        return sums


@dataclass(frozen=True, slots=True)
class _Step:
    """What a cause adds to the weight that counts and to the weight that applies."""

    cause: Cause
    counting: int
    applying: int


def attribute(
    before: AuditRun,
    after: AuditRun,
    measure: Measure = Measure.PROVED,
    rejudged: AuditRun | None = None,
) -> Attribution:
    """Return why the score of `after` is not that of `before`; hosts are matched by name.

    Two runs alone cannot tell a host that changed from a check whose code did. `rejudged` can:
    the bundles of `before`, judged again by what `after` was judged by. What differs between
    `before` and that is the control set's, unless it is a waiver's or scope's.
    """
    if rejudged is None or (before.checks_sha256, before.controls_sha256) == (
        after.checks_sha256,
        after.controls_sha256,
    ):
        return _attribute(before, after, measure)
    by_checks, by_hosts = (
        _attribute(*pair, measure) for pair in ((before, rejudged), (rejudged, after))
    )
    if by_checks.change is None or by_hosts.change is None:
        return _attribute(before, after, measure)
    not_hosts = (
        replace(part, cause=Cause.CONTROL_SET) if part.cause is Cause.HOST else part
        for part in by_checks.parts
    )
    return Attribution(by_checks.change + by_hosts.change, _sorted((*not_hosts, *by_hosts.parts)))


def _attribute(before: AuditRun, after: AuditRun, measure: Measure) -> Attribution:
    old, new = _weights(before), _weights(after)
    then, now = (_share(weights, measure) for weights in (old, new))
    if then is None or now is None:
        return Attribution(None)
    parts = (
        Part(step.cause, host, control, (step.counting - then * step.applying) / new.total)
        for host, control, step in _steps(before, after, measure)
        if step.counting or step.applying
    )
    return Attribution(now - then, _sorted(parts))


def _sorted(parts: Iterable[Part]) -> tuple[Part, ...]:
    changing = (part for part in parts if part.change)
    return tuple(sorted(changing, key=lambda p: (-abs(p.change), p.host, p.control, p.cause)))


def _weights(run: AuditRun) -> Weights:
    return weights_of(result for host in run.hosts for result in host.results)


def _share(weights: Weights, measure: Measure) -> Fraction | None:
    return weights.proved if measure is Measure.PROVED else weights.accepted


def _steps(before: AuditRun, after: AuditRun, measure: Measure) -> Iterator[tuple[str, str, _Step]]:
    old, new = {h.host: h for h in before.hosts}, {h.host: h for h in after.hosts}
    new_table = before.controls_sha256 != after.controls_sha256
    for name in sorted({*old, *new}):
        then, now = old.get(name), new.get(name)
        gone = Cause.CONTROL_SET if then and now else Cause.SCOPE
        moved = bool(then and now and _scope(then) != _scope(now))
        applying = Cause.SCOPE if moved else Cause.CONTROL_SET if new_table else Cause.HOST
        for control, first, second in _pairs(then, now):
            for step in _compared(first, second, measure, gone, applying):
                yield name, control, step


def _scope(host: HostAudit) -> tuple[object, ...]:
    """Return what decides which controls apply; before there were levels, all were managed."""
    return host.roles, host.tier, host.level is Level.AUDIT


def _pairs(
    then: HostAudit | None, now: HostAudit | None
) -> Iterator[tuple[str, Result | None, Result | None]]:
    old = {r.control: r for r in then.results} if then else {}
    new = {r.control: r for r in now.results} if now else {}
    return ((control, old.get(control), new.get(control)) for control in sorted({*old, *new}))


def _compared(
    then: Result | None, now: Result | None, measure: Measure, gone: Cause, applying: Cause
) -> Iterator[_Step]:
    """Yield what one control on one host changed.

    `gone` is the cause of a result that only one audit has, `applying` of one that applies in
    only one of the two.
    """
    if then is None or now is None:
        for result, sign in ((then, -1), (now, 1)):
            if result:
                weight = sign * WEIGHT[result.severity]
                yield _Step(gone, weight * _counts(result, measure), weight * _applies(result))
        return
    weight = WEIGHT[now.severity]
    heavier = weight - WEIGHT[then.severity]
    counted, applied = _counts(then, measure), _applies(then)
    yield _Step(Cause.CONTROL_SET, heavier * counted, heavier * applied)
    both_fail = then.outcome is now.outcome is Outcome.FAIL
    cause = Cause.WAIVER if both_fail else applying if applied != _applies(now) else Cause.HOST
    counting = weight * (_counts(now, measure) - counted)
    yield _Step(cause, counting, weight * (_applies(now) - applied))


def _counts(result: Result, measure: Measure) -> int:
    accepted = measure is Measure.ACCEPTED and result.is_waived
    return int(result.outcome is Outcome.PASS or accepted)


def _applies(result: Result) -> int:
    return int(result.outcome is not Outcome.SKIP)
