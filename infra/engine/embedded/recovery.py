"""Takes up what a run that died left half-done."""

from dataclasses import replace

from infra.engine import urns
from infra.engine.embedded.responses import ProviderError
from infra.engine.embedded.session import Session
from infra.engine.stack.resource_state import ResourceState


def recover(
    session: Session, urn: str, old: ResourceState | None
) -> tuple[ResourceState | None, bool]:
    """Return what is left of a resource, and whether it must be brought up to date in any case.

    An interrupted create is simply run again: the provider adopts what is there. After an
    interrupted update or delete the provider reads what there is now. Raises ProviderError.
    """
    operation = session.snapshot.interrupted.get(urn)
    if operation is None or operation.resource.delete:
        return old, False
    if operation.kind == "creating" or old is None or not session.managed(old):
        session.events.say(
            f"an earlier run was interrupted while {operation.kind} it; the step is run again", urn
        )
        return old, False
    session.events.say(f"an earlier run was interrupted while {operation.kind} it; looking", urn)
    if old.pending_replacement:
        return old, False
    reading = session.provider(old).read(old)
    if not reading.id:
        session.snapshot.remove(old, save=not session.preview)
        return None, False
    current = replace(old, id=reading.id, outputs=reading.outputs)
    session.snapshot.correct(old, current)  # the operation stays open
    return current, True


def finish_creates(session: Session) -> None:
    """Run to their end the interrupted creates of resources that the program no longer wants.

    Nothing has their id, so this is the only way to get hold of them, in order to delete them.
    """
    for urn, operation in session.snapshot.interrupted.items():
        if operation.kind != "creating" or urn in session.registered:
            continue
        state = operation.resource
        if not session.managed(state):
            session.snapshot.forget(urn)
            continue
        session.events.say("its interrupted create is run again, so that it can be deleted", urn)
        if session.preview:
            continue
        since = session.events.started(urn, "create")
        try:
            identity, outputs = session.provider(state).create(state, preview=False)
        except ProviderError as error:
            session.events.failed(urn, "create", str(error), since)
            continue
        session.snapshot.append(replace(state, id=identity, outputs=outputs, delete=True))
        session.events.step(urn, "create", "finished", urns.name_of(urn))
