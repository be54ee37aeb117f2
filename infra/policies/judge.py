"""Judges an estate, and what an engine would do for it, by the table of policies."""

from collections.abc import Sequence
from datetime import date

from infra.policies.model import Breach, Finding, Policy, Removal
from infra.policies.table import POLICIES
from inventory.model.estate import Estate
from inventory.model.waivers import ESTATE_SCOPE, PolicyWaiver


def judge(
    estate: Estate,
    removals: tuple[Removal, ...],
    day: date,
    policies: Sequence[Policy] = POLICIES,
) -> tuple[Finding, ...]:
    """Return where policies do not hold, in the table's order, each with its waiver if any."""
    return tuple(
        Finding(policy, breach, _waiver(estate, policy, breach, day))
        for policy in policies
        for breach in policy.check(estate, removals)
    )


def _waiver(estate: Estate, policy: Policy, breach: Breach, day: date) -> PolicyWaiver | None:
    scopes = {ESTATE_SCOPE, breach.tenant, breach.problem.subject}
    fitting = (
        one
        for one in estate.policy_waivers
        if one.policy == policy.id and one.scope in scopes and one.in_force(day)
    )
    return next(fitting, None)


def unknown_waivers(
    estate: Estate, policies: Sequence[Policy] = POLICIES
) -> tuple[PolicyWaiver, ...]:
    """Return the waivers of policies that the table does not have: they accept nothing."""
    known = {policy.id for policy in policies}
    return tuple(one for one in estate.policy_waivers if one.policy not in known)
