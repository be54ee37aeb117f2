"""Deletes what the program no longer wants, dependents before what they depend on."""

from collections.abc import Iterable, Sequence

from infra.engine import urns
from infra.engine.embedded import graph
from infra.engine.embedded.session import Session
from infra.engine.embedded.step_executor import StepExecutor, protected
from infra.engine.stack.resource_state import ResourceState, references


def order(states: Iterable[ResourceState]) -> dict[ResourceState, set[ResourceState]]:
    """Return what each deletion waits for: the deletions of all that refers to it. Pure."""
    ordered = list(states)
    by_urn: dict[str, set[ResourceState]] = {}
    by_reference: dict[str, ResourceState] = {}
    for state in ordered:
        by_urn.setdefault(state.urn, set()).add(state)
        by_reference[f"{state.urn}::{state.id}"] = state
    waits: dict[ResourceState, set[ResourceState]] = {state: set() for state in ordered}
    for state in ordered:
        for urn in references(state):
            for needed in by_urn.get(urn, ()):
                # A replaced copy may name its own URN's successor as a dependency, never itself.
                if needed.urn != state.urn:
                    waits[needed].add(state)
        if state.provider in by_reference:
            waits[by_reference[state.provider]].add(state)
    return waits


def refuse_protected(session: Session, states: Sequence[ResourceState]) -> bool:
    """Report every protected resource among those to delete; says whether there was one."""
    kept = [state for state in states if state.protect and not state.delete]
    for state in kept:
        session.events.failed(state.urn, "delete", protected(state))
    return bool(kept)


def run(session: Session, states: Sequence[ResourceState], parallel: int) -> None:
    """Delete the resources; failures are reported, and keep back what the failed one refers to."""
    if refuse_protected(session, states):
        return
    executor = StepExecutor(session)
    session.deleting |= {state.urn for state in states}

    def work(state: ResourceState) -> bool:
        return not session.stop.is_set() and _delete(session, executor, state)

    left = graph.run(order(states), work, parallel)
    for state in left:
        session.events.step(state.urn, "delete", "skipped", "something that refers to it remains")


def _delete(session: Session, executor: StepExecutor, state: ResourceState) -> bool:
    if state.pending_replacement:
        # Deleted by an earlier step already; only its place in the state is left.
        session.snapshot.remove(state)
        session.events.finished(state.urn, "delete", None)
        return True
    if _lives_on(session, state):
        session.snapshot.remove(state)
        session.events.say(f"the replaced one had the same id {state.id}: not deleted", state.urn)
        return True
    replaced = state.delete and state.urn in session.registered
    since = session.events.started(state.urn, "delete")
    if not executor.destroy(state, since):
        return False
    session.snapshot.remove(state)
    if replaced:
        session.events.step(state.urn, "delete", "finished", "the replaced one")
    else:
        note = "left in place, as retainOnDelete asks" if _retained(session, state) else ""
        session.events.finished(state.urn, "delete", since, note)
    return True


def _lives_on(session: Session, state: ResourceState) -> bool:
    """Say whether a replaced copy has the id of its successor.

    A provider that names things by their place may have adopted the old one as the new one; then
    its deletion would take the new one away.
    """
    successor = session.snapshot.settled(state.urn)
    return state.delete and successor is not None and successor.id == state.id


def _retained(session: Session, state: ResourceState) -> bool:
    return session.managed(state) and state.retain_on_delete


def unwanted(session: Session) -> list[ResourceState]:
    """Return what a finished program leaves to delete.

    All of the former state that it did not register: a resource it did register is settled, and
    only the replaced copy of it is left.
    """
    left = [
        state
        for state in session.snapshot.untouched()
        if state.delete or state.urn not in session.registered
    ]
    return _aimed_at(session, left)


def not_referred_to(session: Session, states: list[ResourceState]) -> list[ResourceState]:
    """Return those that nothing which stays refers to: after a failure its former self may."""
    chosen = states
    while True:
        stay = [one for one in session.snapshot.resources() if one not in chosen]
        held = {urn for one in stay for urn in references(one)}
        held |= {urns.split_reference(one.provider)[0] for one in stay}
        kept = [one for one in chosen if one.urn in held and not one.delete]
        if not kept:
            return chosen
        for one in kept:
            session.events.step(one.urn, "delete", "skipped", "something that refers to it remains")
        chosen = [one for one in chosen if one not in kept]


def everything(session: Session) -> list[ResourceState]:
    """Return all resources, for destroy."""
    return _aimed_at(session, session.snapshot.untouched())


def _aimed_at(session: Session, states: list[ResourceState]) -> list[ResourceState]:
    """Return those that a run is limited to; what refers to them and stays is a failure."""
    chosen = [state for state in states if session.targets.match(state.urn)]
    going = {state.urn for state in chosen if not state.delete}
    for state in session.snapshot.resources() if session.targets else ():
        needed = sorted(references(state) & going)
        if needed and state not in chosen:
            session.events.failed(
                state.urn,
                "delete",
                f"it refers to {urns.name_of(needed[0])}, which would be deleted, and is no "
                "target: name it as a target as well",
            )
    return chosen
