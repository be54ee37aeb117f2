"""Policies of provisioning: what an engine would take away, what is refused, how it is told."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bastide.support.errors import CommandError, Exit
from bastide.support.progress import Progress
from infra.policies.judge import judge, unknown_waivers
from infra.policies.model import Finding, Removal
from inventory.model.estate import Estate

if TYPE_CHECKING:  # engines take a second to import, and a list of waivers needs none
    from infra.engine import StepEvent

OnFindings = Callable[[tuple[Finding, ...]], None]

_TAKES_AWAY = frozenset({"delete", "replace"})


class PolicyError(CommandError):
    """Mandatory policies do not hold, so that nothing was changed."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        """Keep every finding, and name those that stop."""
        stops = [one for one in findings if one.stops]
        super().__init__(
            "\n".join(("nothing was changed, since policies do not hold:", *map(describe, stops)))
            + "\n    a waiver in waivers.yml, under `policies:`, accepts one for a time "
            "(docs/policies.md)",
            Exit.FINDINGS,
        )
        self.findings = findings


def removals(events: "Iterable[StepEvent]") -> tuple[Removal, ...]:
    """Return what a preview's events say that would be taken away, each resource once."""
    taken = [e for e in events if e.phase == "finished" and e.operation in _TAKES_AWAY]
    anew = {event.urn for event in taken if event.operation == "replace"}
    return tuple({e.urn: Removal(e.type, e.name, e.urn in anew) for e in taken}.values())


def judged(estate: Estate, events: "Iterable[StepEvent]" = ()) -> tuple[Finding, ...]:
    """Judge the estate, and what a preview's events say, by today's waivers."""
    return judge(estate, removals(events), datetime.now(UTC).date())


def refuse(findings: tuple[Finding, ...]) -> None:
    """Raise PolicyError when a mandatory policy does not hold and nobody has waived it."""
    if any(finding.stops for finding in findings):
        raise PolicyError(findings)


def describe(finding: Finding) -> str:
    """Return a finding as its error: what, expected, found, do."""
    policy, problem = finding.policy, finding.breach.problem
    return (
        f"{policy.id} {problem.subject}: {policy.title}"
        f"\n    expected: {problem.expected}\n    found: {problem.found}\n    do: {problem.advice}"
    )


def show(progress: Progress, findings: Iterable[Finding]) -> None:
    """Print what is only told: advice, and what is waived with its last day."""
    for one in findings:
        if one.stops:
            continue
        problem = one.breach.problem
        text = f"{problem.subject}: {problem.found}; expected {problem.expected}"
        if one.waiver is not None:
            text += f" (waived until {one.waiver.expires}: {one.waiver.reason})"
        progress.step(one.policy.id, text, good=one.waiver is not None)


def as_json(finding: Finding) -> Mapping[str, object]:
    """Return a finding as plain JSON values; a mandatory one with a waiver does not stop."""
    policy, problem, waiver = finding.policy, finding.breach.problem, finding.waiver
    return {
        "policy": policy.id,
        "title": policy.title,
        "strength": policy.strength.value,
        "stops": finding.stops,
        "subject": problem.subject,
        "expected": problem.expected,
        "found": problem.found,
        "do": problem.advice,
        "waived_until": waiver.expires.isoformat() if waiver else None,
        "reason": waiver.reason if waiver else None,
    }


def waiver_problems(estate: Estate) -> Iterator[str]:
    """Yield, for people, which waivers of policies lead nowhere."""
    for waiver in unknown_waivers(estate):
        yield (
            f"waivers.yml: {waiver.policy} for {waiver.scope}, until {waiver.expires}: there is no "
            "such policy, so it accepts nothing; see `bastide infra policies`"
        )
