"""Looks for drift: what there is, held against what was provisioned; nothing is written to it."""

import time

from bastide.actions import ansible
from bastide.actions.provision import chosen_engine, project
from bastide.actions.stack_runs import run_each
from bastide.actions.stacks import stacks_as_they_are
from bastide.actions.status import has_prometheus
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from infra.engine import EngineError, Operation, StepEvent
from inventory.provisioned_drift import (
    DriftedResource,
    ProvisionedDrift,
    UnreadResource,
    keep_drift,
)

_LOOKED_AT = frozenset({"same", "update", "delete"})


def look(context: EstateContext, engine: str) -> ProvisionedDrift:
    """Read every resource of every stack, keep what differs and return it.

    Raises CommandError when the engine could do nothing at all.
    """
    started, events = time.time(), list[StepEvent]()
    try:
        whole = project(context)
        chosen = chosen_engine(engine, whole)
        parts = stacks_as_they_are(context, whole)
        result = run_each(chosen, Operation.DRIFT, parts, events.append)
    except EngineError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    drift = _read(context.estate.estate, started, events)
    if not result.ok and not drift.unread:
        reason = "; ".join(failure.message for failure in result.failures)
        raise CommandError(f"no resource could be looked at: {reason}", Exit.COULD_NOT_CHECK)
    keep_drift(context.state, drift)
    return drift


def send(context: EstateContext) -> None:
    """Give the operations host the newest look; CommandError when that fails."""
    if not has_prometheus(context.estate):
        raise CommandError(
            "--send: there is nobody to give it to\n    expected: an operations host at full\n"
            "    found: none\n    do: leave --send out, or write manage: full at that host",
            Exit.WRONG_USE,
        )
    recap = ansible.run(context, ("drift",), lambda event: None, alone=False)
    if not recap.ok:
        raise CommandError(
            f"what was found is kept here, and did not reach the operations host\n"
            f"    log: {recap.log}\n    do: mend the cause, then run `bastide playbook run drift`",
            Exit.COULD_NOT_CHECK,
        )


def _read(estate: str, started: float, events: list[StepEvent]) -> ProvisionedDrift:
    done = [e for e in events if e.phase == "finished" and e.operation in _LOOKED_AT]
    return ProvisionedDrift(
        estate=estate,
        at=started,
        looked_at=len(done),
        drifted=tuple(
            DriftedResource(
                name=e.name, type=e.type, gone=e.operation == "delete", properties=e.changed
            )
            for e in sorted(done, key=lambda event: event.urn)
            if e.operation != "same"
        ),
        unread=tuple(
            UnreadResource(name=e.name, type=e.type, reason=e.message)
            for e in events
            if e.phase == "failed" and e.urn
        ),
    )


def describe(one: DriftedResource) -> str:
    """Return what is other about a resource, in words."""
    if one.gone:
        return f"{one.type} is gone"
    return f"{one.type} has changed: {', '.join(one.properties) or 'what is secret'}"


def exit_of(drift: ProvisionedDrift) -> Exit:
    """Return findings when something differs, and that it is not known when not all was read."""
    if drift.drifted:
        return Exit.FINDINGS
    return Exit.COULD_NOT_CHECK if drift.unread else Exit.WELL
