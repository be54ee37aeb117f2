"""Offers the program to the CLI, as the Automation API does with an inline one.

Pulumi's own language host for Python comes with the installer's archive, and not with the CLI
alone (a distribution's package, a build of one's own). Ours runs the program as the embedded engine
does: in a process of its own, with the Python of the project's virtualenv.
"""

import threading
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from infra.engine import program
from infra.engine.process import OnLine
from infra.engine.stack.settings import Configuration, ProjectSettings


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The gRPC service that runs the program when the CLI asks for it."""

    def __init__(
        self,
        project: ProjectSettings,
        folder: Path,
        environment: Mapping[str, str],
        on_line: OnLine,
    ) -> None:
        self._project, self._folder = project, folder
        self._environment, self._on_line = environment, on_line
        self._lock = threading.Lock()
        self._programs: list[program.Program] = []
        self._closed = False
        self.error = ""

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer the CLI's greeting."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Name no version: there is only this one."""
        return plugin_pb2.PluginInfo()

    def About(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Say which Python the program runs with."""
        python = str(program.interpreter(self._project))
        return language_pb2.AboutResponse(executable=python)

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Name no packages beforehand: what the program uses is found when it is used."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Name no plugins beforehand, as above."""
        return language_pb2.GetRequiredPluginsResponse()

    def Run(  # noqa: N802
        self, request: language_pb2.RunRequest, context: Any
    ) -> language_pb2.RunResponse:
        """Run the program to its end; what it wrote to its error output explains a failure."""
        running = self._start(request)
        code = running.wait()
        if code != 0 and not self._closed:
            errors = running.error_output() or "it wrote nothing"
            self.error = f"the program failed (exit code {code}):\n{errors}"
        return language_pb2.RunResponse(error=self.error)

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        """End the program."""
        self.close()
        return empty_pb2.Empty()

    def close(self) -> None:
        """End the program, if it still runs."""
        with self._lock:
            self._closed = True
            for running in self._programs:
                running.kill()

    def _start(self, request: language_pb2.RunRequest) -> program.Program:
        secret = frozenset(request.configSecretKeys)
        configuration = Configuration(dict(request.config), secret)
        running = program.start(
            self._project,
            self._folder,
            request.stack,
            request.monitor_address,
            engine=request.args[0] if request.args else request.monitor_address,
            preview=request.dryRun,
            parallel=request.parallel,
            env=program.environment(self._environment, self._project, configuration),
            on_line=self._on_line,
        )
        with self._lock:
            self._programs.append(running)
        return running


@contextmanager
def serving(host: LanguageHost) -> Iterator[str]:
    """Serve the program on loopback; yields the address for the CLI's `--client`."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(4), options=options)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield address
    finally:
        host.close()
        server.stop(0).wait()
