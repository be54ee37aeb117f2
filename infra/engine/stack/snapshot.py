"""The state while an operation runs: what was there, what is new, what is under way.

Every change is written before the next step relies on it. The snapshot's order is Pulumi's: the
resources that this run has settled, in the order they were settled, then those of the former
state that it has not touched yet.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from infra.engine.api import EngineError
from infra.engine.stack.backend import manifest
from infra.engine.stack.former_resources import FormerResources
from infra.engine.stack.integrity import problems
from infra.engine.stack.mentions import renamed, without
from infra.engine.stack.passphrase import Crypter
from infra.engine.stack.resource_state import (
    PendingOperation,
    ResourceState,
    decode_resource,
    encode_resource,
)

_COMPACT = (",", ":")


class Writer(Protocol):
    """Puts the state on disk (infra.engine.stack.backend.CheckpointWriter); a preview has none."""

    steps: bool

    def due(self) -> bool:
        """Say whether the next change is to be written as a whole checkpoint."""

    def checkpoint(self, text: str, settled: int) -> None:
        """Write a whole checkpoint, the first `settled` resources of which this run has settled."""

    def append(self, lines: Sequence[str]) -> None:
        """Write the changes since the last call."""


class Snapshot:
    """The stack's resources; safe to use from several threads.

    `writer` gets each change, or none in a preview.
    """

    def __init__(
        self,
        checkpoint: Mapping[str, Any],
        crypter: Crypter,
        writer: Writer | None,
        version: str,
    ) -> None:
        self.lock = threading.RLock()
        self._writer, self._crypter, self._version = writer, crypter, version
        latest = checkpoint.get("latest") or {}
        self._checkpoint = {k: v for k, v in checkpoint.items() if k != "latest"}
        self._rest = {k: v for k, v in latest.items() if k not in _REWRITTEN}
        resources = [decode_resource(raw, crypter) for raw in latest.get("resources") or []]
        self._before = FormerResources(resources)
        self.former_urns = frozenset(one.urn for one in resources if not one.delete)
        self._settled: dict[str, ResourceState] = {}
        self._pending: dict[str, PendingOperation] = {}
        for raw in latest.get("pending_operations") or []:
            operation = PendingOperation(raw["type"], decode_resource(raw["resource"], crypter))
            self._pending[operation.resource.urn] = operation
        self.interrupted: Mapping[str, PendingOperation] = dict(self._pending)
        self._texts: dict[ResourceState, str] = {}
        self._changes: list[str] = []
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
            return [*self._settled.values(), *self._before.states()]

    def untouched(self) -> list[ResourceState]:
        """Return the former state's resources that this run has not settled, in order."""
        with self.lock:
            return self._before.states()

    def live(self, urn: str) -> ResourceState | None:
        """Return the resource's live copy, settled or not."""
        with self.lock:
            return self._settled.get(urn) or self.former(urn)

    def former(self, urn: str) -> ResourceState | None:
        """Return the live copy that the former state has and this run has not settled."""
        with self.lock:
            return self._before.live(urn)

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
            self._note("begin", kind, state)
            self.save()

    def forget(self, urn: str, *, save: bool = True) -> None:
        """Note that the operation under way for the URN has ended."""
        with self.lock:
            if self._ended(urn) and save:
                self.save()

    def settle(
        self, new: ResourceState, old: ResourceState | None = None, *, save: bool = True
    ) -> None:
        """Put a resource's new state in the place of its old one, and end its operation."""
        with self.lock:
            self._ended(new.urn)
            if old is not None:
                self._drop(old)
                if old.urn != new.urn:
                    self._rename(old.urn, new.urn)
            self._settled[new.urn] = new
            self._note("settle", new)
            if save:
                self.save()

    def change(self, old: ResourceState, new: ResourceState, *, save: bool = True) -> None:
        """Replace a former resource where it stands, and end its operation."""
        with self.lock:
            self._end(old.urn)
            self._swap(old, new)
            if save:
                self.save()

    def correct(self, old: ResourceState, new: ResourceState) -> None:
        """Replace a former resource where it stands, in memory; its operation stays open."""
        with self.lock:
            self._swap(old, new)

    def append(self, state: ResourceState) -> None:
        """Add a resource that is still to be deleted, and end its operation."""
        with self.lock:
            self._ended(state.urn)
            self._note("add", self._before.add(state), state)
            self.save()

    def remove(self, old: ResourceState, *, save: bool = True) -> None:
        """Take a former resource out of the state, and end its operation."""
        with self.lock:
            self._end(old.urn)
            self._drop(old)
            self._texts.pop(old, None)
            if save:
                self.save()

    def detach(self, urn: str) -> None:
        """Take every mention of a URN out of the resources that remain, as refresh does."""
        with self.lock:
            self._replace_each(lambda one: without(one, urn))

    def _rename(self, old: str, new: str) -> None:
        self._replace_each(lambda one: renamed(one, old, new))

    def _replace_each(self, changed: Callable[[ResourceState], ResourceState]) -> None:
        for old in self._before.states():
            new = changed(old)
            if new is not old:
                self._swap(old, new)

    def _end(self, urn: str) -> None:
        # A create under way is that of the resource's successor; what becomes of the former copy
        # does not end it.
        operation = self._pending.get(urn)
        if operation is not None and operation.kind != "creating":
            self._ended(urn)

    def _ended(self, urn: str) -> bool:
        if self._pending.pop(urn, None) is None:
            return False
        self._note("end", urn)
        return True

    def _swap(self, old: ResourceState, new: ResourceState) -> None:
        number = self._before.swap(old, new)
        if number is not None:
            self._note("swap", number, new)

    def _drop(self, old: ResourceState) -> None:
        number = self._before.drop(old)
        if number is not None:
            self._note("drop", number)

    def _note(self, name: str, *values: Any) -> None:
        """Note a change for the writer's journal (infra.engine.stack.journal)."""
        if self._writer is None:
            return
        texts = [self._text(v) if isinstance(v, ResourceState) else json.dumps(v) for v in values]
        self._changes.append(f"[{','.join((json.dumps(name), *texts))}]")

    def save(self) -> None:
        """Put the state on disk as it now is."""
        with self.lock:
            if self._writer is None:
                return
            if self._writer.due():
                self._save_whole(self._writer)
            else:
                self._writer.append(self._changes)
            self._changes = []

    def _save_whole(self, writer: Writer) -> None:
        self._fresh = False
        self._on_disk = body = self._body()
        self._changes = []
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
        text = f'{{"version":3,"checkpoint":{head[:-2]}{tail}}}}}}}'
        writer.checkpoint(text, len(self._settled))
        # What the journal says from here on counts from this checkpoint.
        self._before.renumber(len(self._settled))

    def finish(self) -> None:
        """Write the checkpoint if the last one written does not say the same."""
        with self.lock:
            if self._writer is None:
                return
            resources, pending = self._body()
            before, pending_before = self._on_disk
            same = sorted(resources) == sorted(before) and pending == pending_before
            if self._fresh or self._writer.steps or not same:
                self._save_whole(self._writer)

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
