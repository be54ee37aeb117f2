"""Serves the provider over gRPC the way Pulumi expects of a plugin."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc
from pydantic import ValidationError

from infra.errors import InfraError
from infra.provider.provider import BastideProvider, Report
from infra.provider.schema import VERSION

Handler = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]
EXPECTED = (InfraError, ValidationError)


class PlainErrors(grpc.aio.ServerInterceptor):  # type: ignore[type-arg] # generic only in the stubs
    """Answers with the message of an expected error, without a Python traceback around it."""

    async def intercept_service(self, continuation: Handler, details: Any) -> Any:
        """Wrap the method that is called."""
        handler = await continuation(details)
        if handler is None or handler.unary_unary is None:
            return handler
        return grpc.unary_unary_rpc_method_handler(
            _plain(handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _plain(method: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def call(request: Any, context: Any) -> Any:
        try:
            return await method(request, context)
        except Exception as error:  # the SDK wraps whatever was raised, and chains it
            cause = error if isinstance(error, EXPECTED) else error.__context__
            if isinstance(cause, EXPECTED):
                await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(cause))
            raise

    return call


def reporter(engine: str) -> Report:
    """Return what shows a line on a resource's row in the engine that listens at an address."""
    stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine))

    def report(urn: str, text: str) -> None:
        severity = engine_pb2.LogSeverity.INFO
        try:
            stub.Log(engine_pb2.LogRequest(severity=severity, urn=urn, message=text), timeout=5)
        except grpc.RpcError:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - the engine shows it too

    return report


def serve(arguments: list[str]) -> None:
    """Serve until ended; the first line on standard output is the port."""
    parser = argparse.ArgumentParser(description="The Pulumi provider `bastide` (gRPC server).")
    parser.add_argument("engine", help="the engine's address, host:port")
    engine = parser.parse_known_args(arguments)[0].engine
    asyncio.run(_serve(arguments, engine))


async def _serve(arguments: list[str], engine: str) -> None:
    server = grpc.aio.server(interceptors=(PlainErrors(),))
    provider = BastideProvider(reporter(engine))
    servicer = ProviderServicer(arguments, VERSION, provider, engine_address=engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)  # noqa: T201 - the plugin protocol
    await server.wait_for_termination()
