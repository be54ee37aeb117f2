"""The embedded engine: puts the parts together for one operation."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2_grpc

from infra.engine import deletes, passphrase, plugins, program, recovery, refresh, values
from infra.engine.api import EngineError, OnEvent, Operation, Outcome, Project
from infra.engine.backend import (
    StackFiles,
    prepare,
    read_checkpoint,
    write_checkpoint,
    write_history,
)
from infra.engine.events import Events
from infra.engine.ledger import Ledger
from infra.engine.lock import held
from infra.engine.monitor import EngineService, Monitor
from infra.engine.passphrase import Crypter
from infra.engine.provider import Provider
from infra.engine.registrar import Registrar
from infra.engine.registry import Registry
from infra.engine.session import Session
from infra.engine.shim import THREADS
from infra.engine.stackfile import (
    Configuration,
    ProjectFile,
    StackFile,
    read_project,
    read_stack_file,
)
from infra.engine.state import ResourceState

VERSION = "v3.272.0+bastide"  # the protocol and state we write, and who wrote it
_SPARE_THREADS = 32  # for the calls of plugins while every call of the program waits


class EmbeddedEngine:
    """Runs Pulumi programs without the Pulumi CLI, on Pulumi's own state."""

    def run(self, operation: Operation, project: Project, on_event: OnEvent) -> Outcome:
        """Do the operation; see infra.engine.api.Engine."""
        opened = _open(project)
        events = Events(on_event)
        with ExitStack() as stack:
            if operation is not Operation.PREVIEW:
                stack.enter_context(held(opened.files, events.say))
                opened = _open(project)  # as it is now that nobody else can change it
                prepare(opened.files)
                opened.stack_file.write(opened.project.name, opened.writer.salt, project.config)
            return _Run(operation, project, opened, events, stack).run()

    def outputs(self, project: Project, show_secrets: bool = False) -> Mapping[str, Any]:
        """Read the stack's outputs; see infra.engine.api.Engine."""
        opened = _open(project)
        return _outputs(_ledger(opened, lambda _: None), show_secrets=show_secrets)


@dataclass(frozen=True, slots=True)
class _Opened:
    project: ProjectFile
    stack_file: StackFile
    files: StackFiles
    checkpoint: Mapping[str, Any]
    configuration: Configuration
    reader: Crypter
    writer: Crypter


def _open(project: Project) -> _Opened:
    file = read_project(project.folder)
    files = StackFiles(project.backend, file.name, project.stack)
    stack_file = read_stack_file(project)
    checkpoint = read_checkpoint(files) or {"stack": f"organization/{file.name}/{project.stack}"}
    reader, writer = _crypters(project, stack_file, files, checkpoint)
    configuration = stack_file.configuration(file.name, project.config, writer)
    return _Opened(file, stack_file, files, checkpoint, configuration, reader, writer)


def _crypters(
    project: Project, stack_file: StackFile, files: StackFiles, checkpoint: Mapping[str, Any]
) -> tuple[Crypter, Crypter]:
    """Return what opens the state's secrets, and what closes them again: the same, normally."""
    provider = (checkpoint.get("latest") or {}).get("secrets_providers") or {}
    if provider.get("type", "passphrase") != "passphrase":
        raise EngineError(
            f"{files.checkpoint} keeps its secrets with {provider['type']!r}: this engine only has "
            "passphrase; use the official CLI (--engine pulumi)"
        )
    in_state = str((provider.get("state") or {}).get("salt") or "")
    salts = {in_state: str(files.checkpoint)} if in_state else {}
    if stack_file.salt:
        salts.setdefault(stack_file.salt, str(stack_file.path))
    opened = {
        salt: passphrase.open_with(project.passphrase, salt, origin)
        for salt, origin in salts.items()
    }
    writer = opened.get(stack_file.salt) or opened.get(in_state)
    writer = writer or passphrase.create(project.passphrase)
    return opened.get(in_state, writer), writer


def _ledger(opened: _Opened, write: Callable[[str], None]) -> Ledger:
    ledger = Ledger(opened.checkpoint, opened.reader, opened.writer, write, VERSION)
    ledger.verify(str(opened.files.checkpoint))
    return ledger


def _outputs(ledger: Ledger, *, show_secrets: bool) -> dict[str, Any]:
    stacks = [one for one in ledger.resources() if one.type == "pulumi:pulumi:Stack"]
    show = values.reveal if show_secrets else values.mask
    found = stacks[0].outputs if stacks else {}
    return {
        key: "[unknown]" if values.has_unknown(value) else show(value)
        for key, value in found.items()
    }


class _Run:
    """One operation on an opened stack whose lock is held."""

    def __init__(
        self,
        operation: Operation,
        project: Project,
        opened: _Opened,
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

        ledger = _ledger(self._opened, write)
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

    def run(self) -> Outcome:
        """Do it, and report how it went."""
        started = int(time.time())
        session = self._session
        self._stack.enter_context(_stopping_on_signals(self._stop))
        self._stack.callback(session.registry.close)
        registrar = Registrar(session)
        self._serve(registrar)
        if self._operation is Operation.REFRESH:
            refresh.run(session, self._project.parallel)
        elif self._operation is Operation.DESTROY:
            recovery.finish_creates(session)
            self._delete(deletes.everything(session))
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
            self._delete(deletes.unwanted(self._session))

    def _delete(self, states: list[ResourceState]) -> None:
        if not self._events.failures:
            deletes.run(self._session, states, self._project.parallel)

    def _stop(self) -> None:
        if self._session.stop.is_set():
            return
        self._session.stop.set()
        self._events.say("stopping: waiting for the steps that are under way")
        if self._program is not None:
            self._program.stop()

    def _conclude(self, started: int) -> Outcome:
        if self._session.stop.is_set() and not self._events.failures:
            self._events.failed("", "", "stopped before the end; run the same again to go on")
        ok = not self._events.failures
        if not self._preview:
            self._session.ledger.finish()
            write_history(self._opened.files, self._record(started, ok))
        outputs = _outputs(self._session.ledger, show_secrets=False)
        return Outcome(dict(self._events.changes), outputs, tuple(self._events.failures), ok)

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
