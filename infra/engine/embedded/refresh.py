"""Brings the state up to what the providers say is there."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from infra.engine.embedded.responses import ProviderError, Reading
from infra.engine.embedded.session import Session
from infra.engine.stack.backend import timestamp
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import changed_keys, equal, mark_secret


def run(session: Session, parallel: int) -> None:
    """Read every managed resource; what is gone leaves the state.

    What nobody has to ask for, such as components, is counted as the same, as by Pulumi.
    """
    states = session.snapshot.untouched()
    live = [one for one in states if not one.delete and session.targets.match(one.urn)]
    for one in live:
        if not session.managed(one):
            session.events.finished(one.urn, "same", None)
    states = [one for one in live if session.managed(one)]
    with ThreadPoolExecutor(max(1, parallel)) as pool:
        list(pool.map(lambda state: _refresh(session, state), states))


def _refresh(session: Session, state: ResourceState) -> None:
    if session.stop.is_set() or not state.id:
        return
    since = session.events.started(state.urn, "refresh")
    try:
        reading = session.provider(state).read(state)
    except ProviderError as error:
        session.events.failed(state.urn, "refresh", str(error), since)
        return
    interrupted = session.snapshot.interrupted.get(state.urn)
    with session.snapshot.lock:
        current = _current(session, state)
        if not reading.id:
            session.snapshot.detach(state.urn)
            session.snapshot.remove(_current(session, state))
            session.events.finished(state.urn, "delete", since, "it is no longer there")
            return
        refreshed = read_state(current, reading)
        unchanged = _alike(refreshed, current)
        if unchanged and interrupted is None:
            session.events.finished(state.urn, "same", since)
            return
        refreshed = refreshed if unchanged else replace(refreshed, modified=timestamp())
        session.snapshot.change(current, refreshed)
    if unchanged:
        session.events.finished(state.urn, "same", since)
    else:
        changed = _changed(current, refreshed)
        session.events.finished(state.urn, "update", since, "it has changed", changed)


def _current(session: Session, state: ResourceState) -> ResourceState:
    # Another resource's disappearance may have rewritten this one's dependencies meanwhile.
    return session.snapshot.former(state.urn) or state


def read_state(state: ResourceState, reading: Reading) -> ResourceState:
    """Return the state with what was read.

    Providers written with the SDK always send inputs; when they have none, empty ones,
    which must not wipe out those we know.
    """
    inputs = reading.inputs or state.inputs
    outputs = mark_secret(reading.outputs, state.additional_secret_outputs)
    return replace(
        state, id=reading.id, inputs=inputs, outputs=outputs, init_errors=reading.init_errors
    )


def _changed(old: ResourceState, new: ResourceState) -> tuple[str, ...]:
    keys = (*changed_keys(old.outputs, new.outputs), *changed_keys(old.inputs, new.inputs))
    return tuple(sorted(set(keys)))


def _alike(one: ResourceState, other: ResourceState) -> bool:
    return (
        one.id == other.id
        and one.init_errors == other.init_errors
        and equal(one.inputs, other.inputs)
        and equal(one.outputs, other.outputs)
    )
