"""Carries out registrations: checks, compares, decides, and runs the step that follows."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace

from infra.engine import urns
from infra.engine.embedded import aliases, decisions, imports, limits
from infra.engine.embedded.decisions import Action, Decision
from infra.engine.embedded.default_providers import DefaultProviders
from infra.engine.embedded.property_paths import ignore_changes
from infra.engine.embedded.recovery import recover
from infra.engine.embedded.registration import DuplicateError, Registration, needs
from infra.engine.embedded.responses import Diff, ProviderError
from infra.engine.embedded.session import RegistrationResult, Session, StoppedError
from infra.engine.embedded.step_executor import StepExecutor
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import Properties, has_unknown


class Registrar:
    """Takes the program's registrations, each in the thread of its call."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._executor = StepExecutor(session)
        self._defaults = DefaultProviders(session, self.register)
        self._idle = threading.Condition()
        self._running = 0

    def register(self, registration: Registration) -> RegistrationResult:
        """Bring one resource to what it is registered as; its failure is in the result.

        Raises DuplicateError for a URN that was registered before and StoppedError when stopping.
        """
        with self._idle:
            self._running += 1
        try:
            return self._register(registration)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def drain(self) -> None:
        """Wait until no registration is under way."""
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0)

    def default_provider(self, package: str, version: str = "", url: str = "") -> str:
        """Return the reference of a package's default provider, made if need be."""
        return self._defaults.reference(package, version, url)

    def _register(self, registration: Registration) -> RegistrationResult:
        urn = self._claim(registration)
        registration = replace(registration, aliases=aliases.expanded(self._session, registration))
        try:
            registration = self._with_provider(registration)
            if limits.leaves_alone(self._session, urn, registration):
                return self._leave(urn, registration)
            limits.refuse_left_out(self._session, registration)
            reason = self._reason_to_skip(registration)
            if reason:
                return self._skip(urn, reason)
            with self._session.slot():
                return self._reconcile(registration, urn)
        except ProviderError as error:
            self._session.events.failed(urn, "", str(error))
            return self._failed(urn)

    def _claim(self, registration: Registration) -> str:
        session = self._session
        if session.stop.is_set():
            raise StoppedError("the run is being stopped")
        urn = urns.make(
            session.stack,
            session.project.name,
            registration.parent,
            registration.type,
            registration.name,
        )
        with session.snapshot.lock:
            if urn in session.registered:
                raise DuplicateError(
                    f"two resources have the URN {urn}: give one of them another name or parent"
                )
            aliases.refuse_taken(session, urn)
            session.registered.add(urn)
            deletion = session.deletions.get(urn)
        if deletion is not None:
            deletion.wait()
        return urn

    def _with_provider(self, registration: Registration) -> Registration:
        if not registration.custom or registration.provider or urns.is_provider(registration.type):
            return registration
        package = urns.package_of(registration.type)
        reference = self._defaults.reference(
            package, registration.version, registration.download_url
        )
        return replace(registration, provider=reference)

    def _reason_to_skip(self, registration: Registration) -> str:
        missing = sorted(needs(registration) & self._session.failed)
        if missing:
            return f"skipped, because {urns.name_of(missing[0])} is not there"
        if not self._session.preview and has_unknown(registration.inputs):
            return "skipped, because some of its inputs come from a resource that is not there"
        return ""

    def _leave(self, urn: str, registration: Registration) -> RegistrationResult:
        old = limits.former(self._session, urn, registration)
        if old is None:
            self._session.left_out.add(urn)
            return self._skip(urn, "is no target, and not there yet")
        state = old if old.urn == urn else replace(old, urn=urn)
        self._session.snapshot.settle(state, old, save=old.urn != urn)
        self._session.events.finished(urn, "same", None)
        return RegistrationResult(urn, state)

    def _skip(self, urn: str, reason: str) -> RegistrationResult:
        self._session.events.step(urn, "", "skipped", reason)
        return self._failed(urn)

    def _failed(self, urn: str) -> RegistrationResult:
        self._session.failed.add(urn)
        return RegistrationResult(urn, self._session.snapshot.live(urn), ok=False)

    def _reconcile(self, registration: Registration, urn: str) -> RegistrationResult:
        snapshot = self._session.snapshot
        former = aliases.take_former(self._session, urn, registration)
        old, force = recover(self._session, urn, former)
        if imports.wanted(registration, old):
            return self._import(registration, urn, old)
        decision = decisions.without_diff(old)
        fresh = decision is not None or old is None
        base = {} if old is None or fresh else old.inputs
        inputs = (
            ignore_changes(registration.inputs, base, registration.ignore_changes)
            if base
            else registration.inputs
        )
        inputs = self._checked(urn, registration, base, inputs)
        parent = snapshot.live(registration.parent) if registration.parent else None
        new = decisions.new_state(registration, urn, inputs, registration.provider, old, parent)
        stables: tuple[str, ...] = ()
        if decision is None and old is not None:
            diff = self._diff(old, new, registration)
            decision = decisions.decide(old, new, registration, diff, force=force)
            stables = diff.stables
        decision = decision or Decision(Action.CREATE)
        imports.refuse_replacement(registration, decision)
        state = self._run(decision, old, new)
        if state is None:
            return self._failed(urn)
        return RegistrationResult(urn, state, stables=stables)

    def _import(
        self, registration: Registration, urn: str, old: ResourceState | None
    ) -> RegistrationResult:
        """Take up a resource that somebody else has made, if it is what the program wants."""
        session = self._session
        since = session.events.started(urn, "create")
        parent = session.snapshot.live(registration.parent) if registration.parent else None
        blank = decisions.new_state(registration, urn, {}, registration.provider, None, parent)
        existing = imports.read(session, blank, old)
        base = existing.inputs
        inputs = ignore_changes(registration.inputs, base, registration.ignore_changes)
        new = replace(existing, inputs=self._checked(urn, registration, base, inputs))
        diff = Diff(False)
        if not has_unknown(new.inputs):
            diff = self._diff(existing, new, registration)
            imports.refuse_difference(decisions.settle_unknown(diff, base, new.inputs))
        state = self._executor.taken_up(new, old, since)
        return RegistrationResult(urn, state, stables=diff.stables)

    def _checked(
        self, urn: str, registration: Registration, old: Properties, new: Properties
    ) -> Properties:
        if not registration.custom:
            return new
        if urns.is_provider(registration.type):
            return self._session.registry.check(urn, old, new)
        seed = hashlib.sha256(urn.encode()).digest()
        return self._session.registry.get(registration.provider).check(urn, old, new, seed)

    def _diff(self, old: ResourceState, new: ResourceState, registration: Registration) -> Diff:
        if not new.custom or not old.custom:
            return Diff(None)
        if new.deleted_with in self._session.replaced:
            return Diff(True, ("deletedWith",))
        if urns.is_provider(new.type):
            return self._session.registry.diff(old, new.inputs)
        if old.provider != new.provider and self._provider_replaced(old, new):
            return Diff(True, ("provider",))
        return self._session.provider(new).diff(old, new.inputs, registration.ignore_changes)

    def _provider_replaced(self, old: ResourceState, new: ResourceState) -> bool:
        """Say whether another provider means another resource: if the new one's plugin says so.

        One that was only renamed is the same.
        """
        references = (old.provider, new.provider)
        if not all(references):
            return True
        before, now = (urns.split_reference(one)[0] for one in references)
        if self._session.took.get(now) == before:
            return False
        former, present = map(self._session.snapshot.provider, references)
        if former is None or present is None:
            return False
        return self._session.provider(new).diff_config(former, present.inputs).replace

    def _run(
        self, decision: Decision, old: ResourceState | None, new: ResourceState
    ) -> ResourceState | None:
        if old is None:
            return self._executor.create(new)
        if decision.action in (Action.REPLACE, Action.RECREATE):
            self._session.replaced.add(new.urn)
        two: dict[Action, Callable[[ResourceState, ResourceState], ResourceState | None]] = {
            Action.SAME: self._executor.same,
            Action.UPDATE: self._executor.update,
            Action.RECREATE: self._executor.recreate,
            Action.CREATE: self._executor.adopt,
        }
        if decision.action in two:
            return two[decision.action](old, new)
        return self._executor.replace(old, new, delete_first=decision.delete_first)
