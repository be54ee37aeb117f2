"""The embedded engine: puts the parts together for one operation."""

import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2_grpc

from infra.engine import program, urns, values
from infra.engine.api import READ_ONLY, EngineError, EngineResult, OnEvent, Operation, Project
from infra.engine.embedded import deletions, limits, plugins, recovery, refresh
from infra.engine.embedded.builtin_provider import PACKAGE, BuiltinProvider
from infra.engine.embedded.events import Events
from infra.engine.embedded.monitor import EngineService, Monitor
from infra.engine.embedded.provider import Provider
from infra.engine.embedded.provider_client import ProviderClient
from infra.engine.embedded.provider_registry import Package, ProviderRegistry, package
from infra.engine.embedded.registrar import Registrar
from infra.engine.embedded.session import Session
from infra.engine.shim import THREADS
from infra.engine.signals import stopping_on_signals
from infra.engine.stack.backend import prepare, write_history
from infra.engine.stack.checkpoint_writer import CheckpointWriter
from infra.engine.stack.lock import held
from infra.engine.stack.references import referenced_outputs
from infra.engine.stack.resource_state import ResourceState
from infra.engine.stack.stack import (
    Stack,
    files_of,
    open_stack,
    outputs_of,
    recorded_outputs,
    reported_errors,
    snapshot_of,
    write_settings,
)
from infra.engine.targets import Targets

_SPARE_THREADS = 32  # for the calls of plugins while every call of the program waits


class EmbeddedEngine:
    """Runs Pulumi programs without the Pulumi CLI, on Pulumi's own state."""

    def check(self, project: Project) -> None:
        """See infra.engine.api.Engine: it works on files of a folder, and at no URL."""
        if project.state_url:
            raise EngineError(
                "the state is at a URL, and the embedded engine works on a folder's files alone: "
                "install the pulumi CLI (https://www.pulumi.com/docs/install/) where it is on "
                "PATH, or bring the state back (docs/pulumi.md)"
            )

    def run(self, operation: Operation, project: Project, on_event: OnEvent) -> EngineResult:
        """Do the operation; see infra.engine.api.Engine."""
        self.check(project)
        with reported_errors():
            return self._run(operation, project, Events(on_event))

    def _run(self, operation: Operation, project: Project, events: Events) -> EngineResult:
        with ExitStack() as cleanup:
            if operation in READ_ONLY:
                stack = open_stack(project)
            else:
                cleanup.enter_context(held(files_of(project), events.say))
                stack = open_stack(project)
                prepare(stack.files)
                write_settings(project, stack)
            return _Run(operation, project, stack, events, cleanup).run()

    def outputs(self, project: Project, show_secrets: bool = False) -> Mapping[str, Any]:
        """Read the stack's outputs; see infra.engine.api.Engine."""
        self.check(project)
        return recorded_outputs(project, show_secrets=show_secrets)


class _Run:
    """One operation on a stack whose lock is held."""

    def __init__(
        self,
        operation: Operation,
        project: Project,
        stack: Stack,
        events: Events,
        cleanup: ExitStack,
    ) -> None:
        self._operation, self._project, self._stack = operation, project, stack
        self._events, self._cleanup = events, cleanup
        self._preview = operation in READ_ONLY
        self._environment = program.environment(
            project.environment, stack.project, stack.configuration
        )
        self._address = ""
        self._program: program.Program | None = None
        self._session = self._make_session()

    def _make_session(self) -> Session:
        writer = None if self._preview else CheckpointWriter(self._stack.files)
        snapshot = snapshot_of(self._stack, writer)
        registry = ProviderRegistry(self._launch, snapshot.provider)
        return Session(
            project=self._stack.project,
            stack=self._project.stack,
            configuration=self._stack.configuration,
            snapshot=snapshot,
            registry=registry,
            events=self._events,
            preview=self._preview,
            slots=threading.Semaphore(max(1, self._project.parallel)),
            targets=Targets(self._project.targets),
        )

    def run(self) -> EngineResult:
        """Do it, and report how it went."""
        started = int(time.time())
        session = self._session
        known = {state.urn for state in session.snapshot.resources()}
        self._cleanup.enter_context(stopping_on_signals(self._stop))
        self._cleanup.callback(session.registry.close)
        registrar = Registrar(session)
        self._serve(registrar)
        session.registry.prepare(_packages(session.snapshot.resources()))
        if self._operation in (Operation.REFRESH, Operation.DRIFT):
            refresh.run(session, self._project.parallel)
        elif self._operation is Operation.DESTROY:
            recovery.finish_creates(session)
            self._delete(deletions.everything(session))
        else:
            self._run_program(registrar)
        for target in limits.unmatched(session, known):
            self._events.failed("", "", f"no resource is {target}: correct the target's name")
        return self._conclude(started)

    def _serve(self, registrar: Registrar) -> None:
        workers = ThreadPoolExecutor(THREADS + _SPARE_THREADS)
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        server = grpc.server(workers, options=options)
        monitor = Monitor(self._session, registrar, self._project.folder, self._project.parallel)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
        engine_pb2_grpc.add_EngineServicer_to_server(EngineService(self._events.say), server)
        self._address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        self._cleanup.callback(lambda: server.stop(0.5).wait())

    def _launch(self, package: str, version: str) -> Provider:
        if package == PACKAGE:
            return BuiltinProvider(lambda name: referenced_outputs(self._project, name))
        entry = self._stack.project.program
        folder = entry if entry.is_dir() else entry.parent

        def say(line: str) -> None:
            self._events.say(f"{package}: {line}")

        plugin = plugins.start(package, version, self._address, folder, self._environment, say)
        provider = ProviderClient(plugin)
        provider.introduce(self._address)
        return provider

    def _run_program(self, registrar: Registrar) -> None:
        self._program = program.start(
            self._stack.project,
            self._project.folder,
            self._project.stack,
            self._address,
            engine=self._address,
            preview=self._preview,
            parallel=self._project.parallel,
            env=self._environment,
            on_line=self._events.say,
        )
        self._cleanup.callback(self._program.kill)
        code = self._program.wait()
        registrar.drain()
        if self._session.stop.is_set():
            self._events.failed("", "", "stopped before the end; run the same again to go on")
        elif code != 0:
            errors = self._program.error_output() or "it wrote nothing"
            self._events.failed("", "", f"the program failed (exit code {code}):\n{errors}")
        if not self._events.failures or (self._project.continue_on_error and self._ended(code)):
            recovery.finish_creates(self._session)
            self._delete(deletions.unwanted(self._session))

    def _ended(self, code: int) -> bool:
        """Say whether the program came to its end: what it did not register, it does not want."""
        return code == 0 and not self._session.stop.is_set()

    def _delete(self, states: list[ResourceState]) -> None:
        if not self._events.failures:
            deletions.run(self._session, states, self._project.parallel)
        elif self._project.continue_on_error:
            free = deletions.not_referred_to(self._session, states)
            deletions.run(self._session, free, self._project.parallel)

    def _stop(self) -> None:
        if self._session.stop.is_set():
            return
        self._session.stop.set()
        self._events.say("stopping: waiting for the steps that are under way")
        if self._program is not None:
            self._program.stop()

    def _conclude(self, started: int) -> EngineResult:
        if self._session.stop.is_set() and not self._events.failures:
            self._events.failed("", "", "stopped before the end; run the same again to go on")
        ok = not self._events.failures
        self._export(ok)
        if not self._preview:
            self._session.snapshot.finish()
            write_history(self._stack.files, self._record(started, ok))
        outputs = outputs_of(self._session.snapshot, show_secrets=False)
        return EngineResult(dict(self._events.changes), outputs, tuple(self._events.failures), ok)

    def _export(self, ok: bool) -> None:
        """Keep what the program exported; after a failure, what it did not compute stays."""
        snapshot, outputs = self._session.snapshot, self._session.stack_outputs
        with snapshot.lock:
            root = snapshot.settled(self._session.stack_urn)
            if root is None or outputs is None:
                return
            if not ok or self._session.targets:
                known = {k: v for k, v in outputs.items() if not values.has_unknown(v)}
                outputs = {**root.outputs, **known}
            if outputs != root.outputs:
                snapshot.settle(replace(root, outputs=outputs), save=False)

    def _record(self, started: int, ok: bool) -> dict[str, Any]:
        kinds = {Operation.UP: "update", Operation.REFRESH: "refresh"}
        return {
            "kind": kinds.get(self._operation, "destroy"),
            "startTime": started,
            "message": "",
            "environment": {"exec.kind": "bastide"},
            "config": {},
            "result": "succeeded" if ok else "failed",
            "endTime": int(time.time()),
            "resourceChanges": dict(self._events.changes),
        }


def _packages(states: Iterable[ResourceState]) -> set[Package]:
    """Return the packages whose default providers the state has: they are likely to be used."""
    providers = (one for one in states if urns.is_default_provider(one.urn))
    return {package(one.urn, one.inputs) for one in providers}
