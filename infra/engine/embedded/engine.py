"""The embedded engine: puts the parts together for one operation."""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2_grpc

from infra.engine import urns, values
from infra.engine.api import EngineError, EngineResult, OnEvent, Operation, Project
from infra.engine.embedded import deletions, plugins, program, recovery, refresh
from infra.engine.embedded.events import Events
from infra.engine.embedded.monitor import EngineService, Monitor
from infra.engine.embedded.provider_client import Provider
from infra.engine.embedded.provider_registry import Registry
from infra.engine.embedded.registrar import Registrar
from infra.engine.embedded.session import Session
from infra.engine.embedded.shim import THREADS
from infra.engine.stack.backend import (
    prepare,
    write_checkpoint,
    write_history,
)
from infra.engine.stack.lock import held
from infra.engine.stack.resource_state import ResourceState
from infra.engine.stack.stack import (
    Opened,
    files_of,
    ledger_of,
    note_settings,
    open_stack,
    outputs_of,
)

_SPARE_THREADS = 32  # for the calls of plugins while every call of the program waits


class EmbeddedEngine:
    """Runs Pulumi programs without the Pulumi CLI, on Pulumi's own state."""

    def run(self, operation: Operation, project: Project, on_event: OnEvent) -> EngineResult:
        """Do the operation; see infra.engine.api.Engine."""
        try:
            return self._run(operation, project, Events(on_event))
        except OSError as error:
            raise EngineError(f"the stack's files cannot be read or written: {error}") from error

    def _run(self, operation: Operation, project: Project, events: Events) -> EngineResult:
        with ExitStack() as stack:
            if operation is Operation.PREVIEW:
                opened = open_stack(project)
            else:
                stack.enter_context(held(files_of(project), events.say))
                opened = open_stack(project)
                prepare(opened.files)
                note_settings(project, opened)
            return _Run(operation, project, opened, events, stack).run()

    def outputs(self, project: Project, show_secrets: bool = False) -> Mapping[str, Any]:
        """Read the stack's outputs; see infra.engine.api.Engine."""
        opened = open_stack(project)
        return outputs_of(ledger_of(opened, lambda _: None), show_secrets=show_secrets)


class _Run:
    """One operation on an opened stack whose lock is held."""

    def __init__(
        self,
        operation: Operation,
        project: Project,
        opened: Opened,
        events: Events,
        stack: ExitStack,
    ) -> None:
        self._operation, self._project, self._opened = operation, project, opened
        self._events, self._stack = events, stack
        self._preview = operation is Operation.PREVIEW
        self._environment = program.environment(
            project.environment, opened.project, opened.configuration
        )
        self._address = ""
        self._program: program.Program | None = None
        self._session = self._make_session()

    def _make_session(self) -> Session:
        files = self._opened.files

        def write(text: str) -> None:
            if not self._preview:
                write_checkpoint(files, text)

        ledger = ledger_of(self._opened, write)
        registry = Registry(self._launch, ledger.provider)
        return Session(
            project=self._opened.project,
            stack=self._project.stack,
            configuration=self._opened.configuration,
            ledger=ledger,
            registry=registry,
            events=self._events,
            preview=self._preview,
            slots=threading.Semaphore(max(1, self._project.parallel)),
        )

    def run(self) -> EngineResult:
        """Do it, and report how it went."""
        started = int(time.time())
        session = self._session
        self._stack.enter_context(_stopping_on_signals(self._stop))
        self._stack.callback(session.registry.close)
        registrar = Registrar(session)
        self._serve(registrar)
        session.registry.prepare(_packages(session.ledger.resources()))
        if self._operation is Operation.REFRESH:
            refresh.run(session, self._project.parallel)
        elif self._operation is Operation.DESTROY:
            recovery.finish_creates(session)
            self._delete(deletions.everything(session))
        else:
            self._run_program(registrar)
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
        self._stack.callback(lambda: server.stop(0.5).wait())

    def _launch(self, package: str) -> Provider:
        place = self._opened.project.program
        folder = place if place.is_dir() else place.parent

        def say(line: str) -> None:
            self._events.say(f"{package}: {line}")

        plugin = plugins.start(package, self._address, folder, self._environment, say)
        provider = Provider(plugin)
        provider.introduce(self._address)
        return provider

    def _run_program(self, registrar: Registrar) -> None:
        self._program = program.start(
            self._opened.project,
            self._project.folder,
            self._project.stack,
            self._address,
            preview=self._preview,
            parallel=self._project.parallel,
            env=self._environment,
            on_line=self._events.say,
        )
        self._stack.callback(self._program.kill)
        code = self._program.wait()
        registrar.drain()
        if self._session.stop.is_set():
            self._events.failed("", "", "stopped before the end; run the same again to go on")
        elif code != 0:
            said = self._program.complaint() or "it said nothing"
            self._events.failed("", "", f"the program failed (exit code {code}):\n{said}")
        if not self._events.failures:
            recovery.finish_creates(self._session)
            self._delete(deletions.unwanted(self._session))

    def _delete(self, states: list[ResourceState]) -> None:
        if not self._events.failures:
            deletions.run(self._session, states, self._project.parallel)

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
            self._session.ledger.finish()
            write_history(self._opened.files, self._record(started, ok))
        outputs = outputs_of(self._session.ledger, show_secrets=False)
        return EngineResult(dict(self._events.changes), outputs, tuple(self._events.failures), ok)

    def _export(self, ok: bool) -> None:
        """Keep what the program exported; after a failure, what it could not tell stays."""
        ledger, found = self._session.ledger, self._session.stack_outputs
        with ledger.lock:
            stack = ledger.settled(self._session.stack_urn)
            if stack is None or found is None:
                return
            if not ok:
                known = {k: v for k, v in found.items() if not values.has_unknown(v)}
                found = {**stack.outputs, **known}
            if found != stack.outputs:
                ledger.settle(replace(stack, outputs=found), save=False)

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


def _packages(states: Iterable[ResourceState]) -> set[str]:
    """Return the packages whose default providers the state has: they are likely to be used."""
    providers = (one for one in states if urns.is_default_provider(one.urn))
    return {urns.package_of(one.type) for one in providers}


@contextmanager
def _stopping_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Stop in good order on SIGINT and SIGTERM; a second SIGINT interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=stop, daemon=True).start()

    former = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
