"""Carries out registrations: checks, compares, decides, and runs the step that follows."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace

from infra.engine import urns
from infra.engine.embedded import decisions
from infra.engine.embedded.decisions import Action, Decision
from infra.engine.embedded.default_providers import DefaultProviders
from infra.engine.embedded.property_paths import ignore_changes
from infra.engine.embedded.recovery import recover
from infra.engine.embedded.registration import Goal
from infra.engine.embedded.responses import Diff, ProviderError
from infra.engine.embedded.session import Registered, Session, StoppedError
from infra.engine.embedded.step_executor import Actions
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import Properties, has_unknown


class DuplicateError(Exception):
    """The program registered two resources with one URN."""


class Registrar:
    """Takes the program's registrations, each in the thread of its call."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._actions = Actions(session)
        self._defaults = DefaultProviders(session, self.register)
        self._idle = threading.Condition()
        self._running = 0

    def register(self, goal: Goal) -> Registered:
        """Bring one resource to its goal; a failure of the resource is in the answer.

        Raises DuplicateError for a URN that was registered before and StoppedError when stopping.
        """
        with self._idle:
            self._running += 1
        try:
            return self._register(goal)
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

    def _register(self, goal: Goal) -> Registered:
        urn = self._claim(goal)
        try:
            goal = self._with_provider(goal)
            obstacle = self._obstacle(goal)
            if obstacle:
                return self._skip(urn, obstacle)
            with self._session.slot():
                return self._bring(goal, urn)
        except ProviderError as error:
            self._session.events.failed(urn, "", str(error))
            return self._failed(urn)

    def _claim(self, goal: Goal) -> str:
        session = self._session
        if session.stop.is_set():
            raise StoppedError("the run is being stopped")
        urn = urns.make(session.stack, session.project.name, goal.parent, goal.type, goal.name)
        with session.ledger.lock:
            if urn in session.registered:
                raise DuplicateError(
                    f"two resources have the URN {urn}: give one of them another name or parent"
                )
            session.registered.add(urn)
            deletion = session.condemned.get(urn)
        if deletion is not None:
            deletion.wait()
        return urn

    def _with_provider(self, goal: Goal) -> Goal:
        if not goal.custom or goal.provider or urns.is_provider(goal.type):
            return goal
        package = urns.package_of(goal.type)
        reference = self._defaults.reference(package, goal.version, goal.download_url)
        return replace(goal, provider=reference)

    def _obstacle(self, goal: Goal) -> str:
        needed = {*goal.dependencies, goal.parent, urns.split_reference(goal.provider)[0]}
        needed |= {urn for found in goal.property_dependencies.values() for urn in found}
        missing = sorted(needed & self._session.failed)
        if missing:
            return f"skipped, because {urns.name_of(missing[0])} is not there"
        if not self._session.preview and has_unknown(goal.inputs):
            return "skipped, because some of its inputs come from a resource that is not there"
        return ""

    def _skip(self, urn: str, reason: str) -> Registered:
        self._session.events.step(urn, "", "skipped", reason)
        return self._failed(urn)

    def _failed(self, urn: str) -> Registered:
        self._session.failed.add(urn)
        return Registered(urn, self._session.ledger.live(urn), ok=False)

    def _bring(self, goal: Goal, urn: str) -> Registered:
        ledger = self._session.ledger
        found = ledger.former(urn)
        for alias in goal.aliases:
            found = found or ledger.former(alias)
        old, force = recover(self._session, urn, found)
        decision = decisions.without_diff(old)
        fresh = decision is not None or old is None
        base = {} if old is None or fresh else old.inputs
        inputs = ignore_changes(goal.inputs, base, goal.ignore_changes) if base else goal.inputs
        inputs = self._checked(urn, goal, base, inputs)
        parent = ledger.live(goal.parent) if goal.parent else None
        new = decisions.new_state(goal, urn, inputs, goal.provider, old, parent)
        stables: tuple[str, ...] = ()
        if decision is None and old is not None:
            diff = self._diff(old, new, goal)
            decision = decisions.decide(old, new, goal, diff, force=force)
            stables = diff.stables
        state = self._run(decision or Decision(Action.CREATE), old, new)
        if state is None:
            return self._failed(urn)
        return Registered(urn, state, stables=stables)

    def _checked(self, urn: str, goal: Goal, old: Properties, new: Properties) -> Properties:
        if not goal.custom:
            return new
        if urns.is_provider(goal.type):
            return self._session.registry.check(urn, old, new)
        seed = hashlib.sha256(urn.encode()).digest()
        return self._session.registry.get(goal.provider).check(urn, old, new, seed)

    def _diff(self, old: ResourceState, new: ResourceState, goal: Goal) -> Diff:
        if not new.custom or not old.custom:
            return Diff(None)
        if urns.is_provider(new.type):
            return self._session.registry.diff(old, new.inputs)
        if old.provider != new.provider and self._provider_replaced(old, new):
            return Diff(True, ("provider",))
        return self._session.provider(new).diff(old, new.inputs, goal.ignore_changes)

    def _provider_replaced(self, old: ResourceState, new: ResourceState) -> bool:
        """Say whether another provider means another resource.

        Between default providers (another version, say) only if the new one's plugin says so.
        """
        references = (old.provider, new.provider)
        both = (urns.split_reference(one)[0] for one in references)
        if not all(urns.is_default_provider(urn) for urn in both):
            return True
        former, present = map(self._session.ledger.provider, references)
        if former is None or present is None:
            return False
        return self._session.provider(new).diff_config(former, present.inputs).replace

    def _run(
        self, decision: Decision, old: ResourceState | None, new: ResourceState
    ) -> ResourceState | None:
        if old is None:
            return self._actions.create(new)
        two: dict[Action, Callable[[ResourceState, ResourceState], ResourceState | None]] = {
            Action.SAME: self._actions.same,
            Action.UPDATE: self._actions.update,
            Action.RECREATE: self._actions.recreate,
            Action.CREATE: self._actions.adopt,
        }
        if decision.action in two:
            return two[decision.action](old, new)
        return self._actions.replace(old, new, delete_first=decision.delete_first)
