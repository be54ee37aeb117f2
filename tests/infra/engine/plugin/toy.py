"""A provider whose resources are files, so that its effects can be seen and its failures ordered.

Below $TOY_HOME: `things/<id>` is what exists, `log` has a line for each effect. A file in `orders/`
makes a step misbehave (check, diff, read, create, update, delete, or configure of `toy`):
`fail-<step>-<name>` fails it, `die-<step>-<name>` ends the plugin in it, `hold-<step>-<name>` keeps
it waiting until the order is gone (after noting `holding-<step>-<name>`; not the first three),
`half-<step>-<name>` leaves a created or updated resource that failed to initialise, `kill-<n>`
kills the engine at the n-th boundary of a step: the odd ones lie before an effect, the even ones
after it. Creating what is there adopts it, as a good provider does.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CallRequest,
    CallResponse,
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    ConstructRequest,
    ConstructResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    InvokeRequest,
    InvokeResponse,
    ParameterizeRequest,
    ParameterizeResponse,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

HOME = Path(os.environ.get("TOY_HOME", "."))
REPLACING = ("place", "anchor")
Values = dict[str, PropertyValue]


def plain(value: PropertyValue) -> Any:
    """Return a property as plain JSON."""
    if isinstance(value.value, tuple):
        return [plain(one) for one in value.value]
    return value.value


class Toy(Provider):
    """Things made of files. `place` and `anchor` cannot change in place, all else can."""

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        fail("configure", "toy")
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: CheckRequest) -> CheckResponse:
        fail("check", request.name)
        if "content" not in request.new_inputs:
            return CheckResponse(failures=[CheckFailure("content", "is missing")])
        return CheckResponse(inputs={"place": PropertyValue("here"), **request.new_inputs})

    async def diff(self, request: DiffRequest) -> DiffResponse:
        fail("diff", request.name)
        changed = [
            key
            for key, value in request.new_inputs.items()
            if plain(value) != plain(request.old_state.get(key, PropertyValue(None)))
        ]
        gone = [key for key in request.old_state if key not in {*request.new_inputs, "path"}]
        replaces = [key for key in changed if key in REPLACING]
        first = request.old_state.get("first", PropertyValue(False)).value is True
        return DiffResponse(bool(changed or gone), replaces, [], first, [*changed, *gone])

    async def create(self, request: CreateRequest) -> CreateResponse:
        place = plain(request.properties["place"])
        identity = f"{request.name}@{place}"
        if request.preview:
            return CreateResponse(identity, request.properties)
        await obey("create", request.name)
        outputs = put(identity, request.properties)
        note(f"create {identity}")
        return CreateResponse(identity, outputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        if request.preview:
            return UpdateResponse(request.news)
        await obey("update", request.name)
        note(f"update {request.resource_id}")
        return UpdateResponse(put(request.resource_id, request.news))

    async def read(self, request: ReadRequest) -> ReadResponse:
        fail("read", request.name)
        path = HOME / "things" / request.resource_id
        if not path.exists():
            return ReadResponse(None)
        properties = {
            key: PropertyValue(value) for key, value in json.loads(path.read_text()).items()
        }
        outputs = {**properties, "path": PropertyValue(f"things/{path.name}")}
        return ReadResponse(request.resource_id, outputs, properties)

    async def delete(self, request: DeleteRequest) -> None:
        await obey("delete", request.name)
        (HOME / "things" / request.resource_id).unlink(missing_ok=True)
        note(f"delete {request.resource_id}")

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        word = str(request.args["word"].value)
        return InvokeResponse({"loud": PropertyValue(word.upper())})

    async def parameterize(self, request: ParameterizeRequest) -> ParameterizeResponse:
        return ParameterizeResponse("made", "1.0.0")

    async def construct(self, request: ConstructRequest) -> ConstructResponse:
        made = pulumi.ComponentResource(request.resource_type, request.name, {}, request.options)
        return ConstructResponse(str(await made.urn.future()), {}, {})

    async def call(self, request: CallRequest) -> CallResponse:
        word = request.args["word"]
        loud = PropertyValue(str(plain(word)).upper(), word.is_secret, word.dependencies)
        return CallResponse({"loud": loud})


def put(identity: str, properties: Values) -> Values:
    """Make or change a thing; returns its outputs."""
    path = HOME / "things" / identity
    path.parent.mkdir(parents=True, exist_ok=True)
    spare = HOME / f"{identity}.new"
    spare.write_text(json.dumps({key: plain(value) for key, value in properties.items()}))
    spare.replace(path)  # a killed plugin leaves the old thing or the new one
    return {**properties, "path": PropertyValue(f"things/{identity}")}


def note(line: str) -> None:
    """Note an effect."""
    with (HOME / "log").open("a") as file:
        file.write(line + "\n")
    boundary()


_boundaries = itertools.count(1)


def boundary() -> None:
    """Kill the engine that started this plugin, if it was ordered to happen here."""
    if (HOME / "orders" / f"kill-{next(_boundaries)}").exists():
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)  # and die with it


async def obey(step: str, name: str) -> None:
    """Misbehave if it was ordered."""
    boundary()
    orders = HOME / "orders"
    if (orders / f"hold-{step}-{name}").exists():
        (orders / f"holding-{step}-{name}").touch()
        while (orders / f"hold-{step}-{name}").exists():
            await asyncio.sleep(0.01)
    fail(step, name)


def fail(step: str, name: str) -> None:
    """Fail, or end, if it was ordered."""
    orders = HOME / "orders"
    if (orders / f"die-{step}-{name}").exists():
        os._exit(3)
    if (orders / f"fail-{step}-{name}").exists():
        raise RuntimeError(f"ordered to fail {step} of {name}")


class Servicer(ProviderServicer):
    """The SDK's servicer, plus a create that fails half-way, which the SDK has no words for."""

    async def Attach(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        """Serve an engine that did not start this plugin, as PULUMI_DEBUG_PROVIDERS has it."""
        return empty_pb2.Empty()

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Create, and then fail to initialise if that was ordered."""
        answer = await super().Create(request, context)
        return await half_done("create", request, answer, answer.id, context)

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Update, and then fail to initialise if that was ordered."""
        answer = await super().Update(request, context)
        return await half_done("update", request, answer, request.id, context)


async def half_done(step: str, request: Any, answer: Any, identity: str, context: Any) -> Any:
    """Answer a step, or fail after it with what it left."""
    if request.preview or not (HOME / "orders" / f"half-{step}-{request.name}").exists():
        return answer
    detail = provider_pb2.ErrorResourceInitFailed(
        id=identity, properties=answer.properties, reasons=["it does not answer"]
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message="half made")
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(grpc.StatusCode.UNKNOWN, "half made")
    return None


async def serve() -> None:
    """Serve until killed; the port is the first line of the output, as Pulumi expects."""
    server = grpc.aio.server()
    servicer = Servicer(sys.argv[1:], "1.0.0", Toy(), sys.argv[1])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


def main() -> None:
    """Run the plugin."""
    asyncio.run(serve())
