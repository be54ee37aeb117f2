"""The state while an operation runs: what was there, what is new, what is under way.

Every change is written before the next step relies on it. The snapshot's order is Pulumi's: the
resources that this run has settled, in the order they were settled, then those of the former
state that it has not touched yet.
"""

import dataclasses
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from infra.engine.api import EngineError
from infra.engine.stack.backend import manifest
from infra.engine.stack.integrity import problems
from infra.engine.stack.passphrase import Crypter
from infra.engine.stack.resource_state import (
    PendingOperation,
    ResourceState,
    decode_resource,
    encode_resource,
)

_COMPACT = (",", ":")


class Snapshot:
    """The stack's resources; safe to use from several threads.

    `write` gets the text of each new checkpoint; in a preview it does nothing.
    """

    def __init__(
        self,
        checkpoint: Mapping[str, Any],
        crypter: Crypter,
        write: Callable[[str], None],
        version: str,
    ) -> None:
        self.lock = threading.RLock()
        self._write, self._crypter, self._version = write, crypter, version
        latest = checkpoint.get("latest") or {}
        self._checkpoint = {k: v for k, v in checkpoint.items() if k != "latest"}
        self._rest = {k: v for k, v in latest.items() if k not in _REWRITTEN}
        resources = [decode_resource(raw, crypter) for raw in latest.get("resources") or []]
        self._before: dict[ResourceState, None] = dict.fromkeys(resources)
        self._settled: dict[str, ResourceState] = {}
        self._pending: dict[str, PendingOperation] = {}
        for raw in latest.get("pending_operations") or []:
            operation = PendingOperation(raw["type"], decode_resource(raw["resource"], crypter))
            self._pending[operation.resource.urn] = operation
        self.interrupted: Mapping[str, PendingOperation] = dict(self._pending)
        self._texts: dict[ResourceState, str] = {}
        self._fresh = not latest
        self._on_disk = self._body()

    def verify(self, origin: str) -> None:
        """Raise EngineError when the snapshot breaks Pulumi's rules."""
        with self.lock:
            broken = problems(self.resources())
        if broken:
            listed = "; ".join(broken[:3])
            raise EngineError(f"{origin} is damaged: {listed}. Restore it from its .bak file")

    def resources(self) -> list[ResourceState]:
        """Return all resources in the snapshot's order."""
        with self.lock:
            return [*self._settled.values(), *self._before]

    def untouched(self) -> list[ResourceState]:
        """Return the former state's resources that this run has not settled, in order."""
        with self.lock:
            return list(self._before)

    def live(self, urn: str) -> ResourceState | None:
        """Return the resource's live copy, settled or not."""
        with self.lock:
            return self._settled.get(urn) or self.former(urn)

    def former(self, urn: str) -> ResourceState | None:
        """Return the live copy that the former state has and this run has not settled."""
        with self.lock:
            copies = (one for one in self._before if one.urn == urn and not one.delete)
            return next(copies, None)

    def settled(self, urn: str) -> ResourceState | None:
        """Return what this run has settled for the URN."""
        with self.lock:
            return self._settled.get(urn)

    def provider(self, reference: str) -> ResourceState | None:
        """Return the provider resource that a reference `urn::id` names."""
        with self.lock:
            copies = (one for one in self.resources() if f"{one.urn}::{one.id}" == reference)
            return next(copies, None)

    def begin(self, kind: str, state: ResourceState) -> None:
        """Note that an operation starts, before anything outside is touched."""
        with self.lock:
            self._pending[state.urn] = PendingOperation(kind, state)
            self.save()

    def forget(self, urn: str, *, save: bool = True) -> None:
        """Note that the operation under way for the URN has ended."""
        with self.lock:
            if self._pending.pop(urn, None) is not None and save:
                self.save()

    def settle(
        self, new: ResourceState, old: ResourceState | None = None, *, save: bool = True
    ) -> None:
        """Put a resource's new state in the place of its old one, and end its operation."""
        with self.lock:
            self._pending.pop(new.urn, None)
            if old is not None:
                self._before.pop(old, None)
                if old.urn != new.urn:
                    self._rename(old.urn, new.urn)
            self._settled[new.urn] = new
            if save:
                self.save()

    def change(self, old: ResourceState, new: ResourceState, *, save: bool = True) -> None:
        """Replace a former resource where it stands, and end its operation."""
        with self.lock:
            self._end(old.urn)
            self._swap({old: new})
            if save:
                self.save()

    def correct(self, old: ResourceState, new: ResourceState) -> None:
        """Replace a former resource where it stands, in memory; its operation stays open."""
        with self.lock:
            self._swap({old: new})

    def append(self, state: ResourceState) -> None:
        """Add a resource that is still to be deleted, and end its operation."""
        with self.lock:
            self._pending.pop(state.urn, None)
            self._before[state] = None
            self.save()

    def remove(self, old: ResourceState, *, save: bool = True) -> None:
        """Take a former resource out of the state, and end its operation."""
        with self.lock:
            self._end(old.urn)
            self._before.pop(old, None)
            self._texts.pop(old, None)
            if save:
                self.save()

    def _end(self, urn: str) -> None:
        # A create under way is that of the resource's successor; what becomes of the former copy
        # does not end it.
        operation = self._pending.get(urn)
        if operation is not None and operation.kind != "creating":
            del self._pending[urn]

    def detach(self, urn: str) -> None:
        """Take every mention of a URN out of the resources that remain, as refresh does."""
        with self.lock:
            touched = {one: _without(one, urn) for one in self._before}
            self._swap({old: new for old, new in touched.items() if new is not old})

    def _swap(self, changed: Mapping[ResourceState, ResourceState]) -> None:
        self._before = {changed.get(one, one): None for one in self._before}

    def _rename(self, old: str, new: str) -> None:
        touched = {one: _renamed(one, old, new) for one in self._before}
        self._swap({one: other for one, other in touched.items() if other is not one})

    def save(self) -> None:
        """Write the checkpoint as it now is."""
        with self.lock:
            self._fresh = False
            self._on_disk = body = self._body()
            resources, pending = body
            latest = {
                "manifest": manifest(self._version),
                "secrets_providers": {"type": "passphrase", "state": {"salt": self._crypter.salt}},
                **self._rest,
            }
            head = json.dumps({**self._checkpoint, "latest": latest}, separators=_COMPACT)
            tail = f',"resources":[{",".join(resources)}]'
            if pending:
                tail += f',"pending_operations":[{",".join(pending)}]'
            self._write(f'{{"version":3,"checkpoint":{head[:-2]}{tail}}}}}}}')

    def finish(self) -> None:
        """Write the checkpoint if the last one written does not say the same."""
        with self.lock:
            resources, pending = self._body()
            before, pending_before = self._on_disk
            same = sorted(resources) == sorted(before) and pending == pending_before
            if self._fresh or not same:
                self.save()

    def _body(self) -> tuple[list[str], list[str]]:
        resources = [self._text(one) for one in self.resources()]
        pending = [
            json.dumps(
                {"resource": encode_resource(one.resource, self._crypter), "type": one.kind},
                separators=_COMPACT,
                sort_keys=True,
            )
            for one in self._pending.values()
        ]
        return resources, pending

    def _text(self, state: ResourceState) -> str:
        text = self._texts.get(state)
        if text is None:
            encoded = encode_resource(state, self._crypter)
            text = self._texts[state] = json.dumps(encoded, separators=_COMPACT, sort_keys=True)
        return text


_REWRITTEN = {"manifest", "secrets_providers", "resources", "pending_operations"}


def _without(state: ResourceState, urn: str) -> ResourceState:
    named = {urn_ for urns in state.property_dependencies.values() for urn_ in urns}
    if urn not in {*state.dependencies, *named, state.parent}:
        return state
    return dataclasses.replace(
        state,
        parent="" if state.parent == urn else state.parent,
        dependencies=tuple(one for one in state.dependencies if one != urn),
        property_dependencies={
            key: tuple(one for one in urns if one != urn)
            for key, urns in state.property_dependencies.items()
        },
    )


def _renamed(state: ResourceState, old: str, new: str) -> ResourceState:
    def name(urn: str) -> str:
        return new if urn == old else urn

    named = {urn for urns in state.property_dependencies.values() for urn in urns}
    provider_urn, _, provider_id = state.provider.rpartition("::")
    if old not in {*state.dependencies, *named, state.parent, provider_urn}:
        return state
    return dataclasses.replace(
        state,
        parent=name(state.parent),
        provider=f"{name(provider_urn)}::{provider_id}" if state.provider else "",
        dependencies=tuple(map(name, state.dependencies)),
        property_dependencies={
            key: tuple(map(name, urns)) for key, urns in state.property_dependencies.items()
        },
    )
