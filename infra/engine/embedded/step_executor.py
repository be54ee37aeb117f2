"""Runs steps: calls the provider and keeps the state true before, during and after."""

import threading
from dataclasses import replace

from infra.engine import urns
from infra.engine.embedded.decisions import carried, differs
from infra.engine.embedded.provider_registry import new_id, outputs_of
from infra.engine.embedded.replacements import dependents
from infra.engine.embedded.responses import Diff, Partial, ProviderError
from infra.engine.embedded.session import Session
from infra.engine.stack.backend import timestamp
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import Properties, mark_secret


class StepExecutor:
    """The steps that change a resource. Each returns the new state, or None when it failed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._replacing = threading.Lock()

    def create(self, new: ResourceState) -> ResourceState | None:
        """Make a resource that was not there."""
        return self._create(new, None, "create")

    def adopt(self, old: ResourceState, new: ResourceState) -> ResourceState | None:
        """Make a resource whose namesake was only read until now; what was read is left alone."""
        return self._create(new, old, "create")

    def taken_up(
        self, new: ResourceState, old: ResourceState | None, since: float
    ) -> ResourceState:
        """Keep a resource that was there before us, as it is."""
        now = timestamp()
        state = replace(new, created=now, modified=now)
        self._session.snapshot.settle(state, old)
        self._session.events.finished(new.urn, "create", since, "taken up as it is")
        return state

    def recreate(self, old: ResourceState, new: ResourceState) -> ResourceState | None:
        """Make a resource again whose former self was deleted for its replacement."""
        return self._create(new, old, "replace")

    def same(self, old: ResourceState, new: ResourceState) -> ResourceState | None:
        """Keep a resource as it is; its parent and its options may have changed."""
        state = carried(new, old)
        if urns.is_provider(new.type):
            self._session.registry.activate(state, preview=False)
        keep = not differs(state, old)
        self._session.snapshot.settle(old if keep else state, old, save=not keep)
        self._session.events.finished(new.urn, "same", None)
        return state

    def update(self, old: ResourceState, new: ResourceState) -> ResourceState | None:
        """Change a resource in place."""
        session = self._session
        since = session.events.started(new.urn, "update")
        new = replace(new, id=old.id, created=old.created, modified=timestamp())
        session.snapshot.begin("updating", new)
        try:
            outputs = self._updated(old, new)
        except ProviderError as error:
            session.events.failed(new.urn, "update", str(error), since)
            self._keep_what_exists(error, new, old)
            return None
        state = replace(new, outputs=mark_secret(outputs, new.additional_secret_outputs))
        session.snapshot.settle(state, old)
        session.events.finished(new.urn, "update", since)
        return state

    def _updated(self, old: ResourceState, new: ResourceState) -> Properties:
        if not new.custom:
            return old.outputs
        if urns.is_provider(new.type):
            self._session.registry.activate(new, preview=self._session.preview)
            return outputs_of(new.inputs)
        return self._session.provider(new).update(old, new, preview=self._session.preview)

    def replace(
        self, old: ResourceState, new: ResourceState, *, delete_first: bool
    ) -> ResourceState | None:
        """Make a resource anew: first the new one and the old one at the end, or the reverse."""
        if old.protect:
            self._session.events.failed(new.urn, "replace", protected(old))
            return None
        if not delete_first:
            return self._create(new, old, "replace", keep=True)
        chain = self._to_delete_first(old)
        session = self._session
        session.deleting |= {state.urn for state in chain if not state.pending_replacement}
        try:
            for state in chain:
                gone = self._delete_for_replacement(state)
                if gone is None:
                    return None
                old = gone
        finally:
            for state in chain:
                waited_for = self._session.deletions.pop(state.urn, None)
                if waited_for is not None:
                    waited_for.set()
        return self._create(new, old, "replace")

    def _to_delete_first(self, root: ResourceState) -> list[ResourceState]:
        """Return the dependents that must go, the last in line first, then the root itself."""
        session = self._session

        def diff_of(state: ResourceState, inputs: Properties) -> Diff:
            if urns.is_provider(state.type):
                return session.registry.diff(state, inputs)
            return session.provider(state).diff(state, inputs, state.ignore_changes)

        with self._replacing:
            former = session.snapshot.untouched()
            affected = dependents(root, former, session.registered, diff_of)
            with session.snapshot.lock:
                affected = [one for one in affected if one.urn not in session.registered]
                for state in affected:
                    session.deletions[state.urn] = threading.Event()
        return [*reversed(affected), root]

    def _delete_for_replacement(self, state: ResourceState) -> ResourceState | None:
        session = self._session
        if state.pending_replacement:
            return state
        if state.protect:
            session.events.failed(state.urn, "replace", protected(state))
            return None
        since = session.events.started(state.urn, "delete")
        if not self.destroy(state, since):
            return None
        gone = replace(state, pending_replacement=True)
        session.snapshot.change(state, gone)
        session.events.step(state.urn, "delete", "finished", "to be made again")
        return gone

    def destroy(self, state: ResourceState, since: float) -> bool:
        """Have the provider delete a resource; the caller settles the state when it is gone."""
        session = self._session
        if session.preview or not session.managed(state) or state.retain_on_delete:
            return True
        if session.goes_along(state):
            return True
        session.snapshot.begin("deleting", state)
        try:
            session.provider(state).delete(state)
        except ProviderError as error:
            session.events.failed(state.urn, "delete", str(error), since)
            if not error.unsure:
                session.snapshot.forget(state.urn)
            return False
        return True

    def _create(
        self,
        new: ResourceState,
        old: ResourceState | None,
        operation: str,
        *,
        keep: bool = False,
    ) -> ResourceState | None:
        session = self._session
        since = session.events.started(new.urn, operation)
        now = timestamp()
        new = replace(new, created=now, modified=now)
        session.snapshot.begin("creating", new)
        try:
            state = self._created(new)
        except ProviderError as error:
            session.events.failed(new.urn, operation, str(error), since)
            self._keep_what_exists(error, new, old, keep=keep)
            return None
        self._settle_created(state, old, keep=keep)
        session.events.finished(new.urn, operation, since)
        return state

    def _created(self, new: ResourceState) -> ResourceState:
        preview = self._session.preview
        if not new.custom:
            return new
        if urns.is_provider(new.type):
            made = replace(new, id=new_id(preview=preview), outputs=outputs_of(new.inputs))
            self._session.registry.activate(made, preview=preview)
            return made
        identity, outputs = self._session.provider(new).create(new, preview=preview)
        outputs = mark_secret(outputs, new.additional_secret_outputs)
        return replace(new, id="" if preview else identity, outputs=outputs)

    def _settle_created(
        self, state: ResourceState, old: ResourceState | None, *, keep: bool
    ) -> None:
        snapshot = self._session.snapshot
        if old is None or not keep:
            snapshot.settle(state, old)
            return
        with snapshot.lock:
            snapshot.change(old, replace(old, delete=True), save=False)
            snapshot.settle(state)

    def _keep_what_exists(
        self,
        error: ProviderError,
        new: ResourceState,
        old: ResourceState | None,
        *,
        keep: bool = False,
    ) -> None:
        """Keep in the state what a failed step left behind."""
        if error.partial is not None:
            self._settle_created(_half_made(new, error.partial), old, keep=keep)
        elif not error.unsure:
            self._session.snapshot.forget(new.urn)


def _half_made(new: ResourceState, partial: Partial) -> ResourceState:
    outputs = mark_secret(partial.outputs, new.additional_secret_outputs)
    identity = partial.id or new.id
    return replace(new, id=identity, outputs=outputs, init_errors=partial.reasons)


def protected(state: ResourceState) -> str:
    """Return the message that refuses to delete a protected resource."""
    return (
        f"{urns.name_of(state.urn)} is protected and would have to be deleted: set protect=False "
        "in the program and run up, then try again"
    )
