"""The provider as Pulumi meets it: its program started, and called over gRPC."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

PROGRAM = Path(sys.executable).parent / "pulumi-resource-bastide"
NOBODY = "127.0.0.1:9"  # no engine listens: reports of progress are lost


@dataclass(frozen=True, slots=True)
class Plugin:
    """A running provider, for one resource at a time."""

    stub: Any

    def check(self, token: str, inputs: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong with inputs: the reason by property."""
        answer = self.stub.Check(pb.CheckRequest(urn=urn(token), news=struct(inputs)))
        return {failure.property: failure.reason for failure in answer.failures}

    def diff(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> pb.DiffResponse:
        """Compare inputs with outputs."""
        request = pb.DiffRequest(urn=urn(token), id="x", olds=struct(old), news=struct(new))
        answer: pb.DiffResponse = self.stub.Diff(request)
        return answer

    def create(self, token: str, inputs: Mapping[str, Any], *, preview: bool = False) -> Any:
        """Create; returns id and outputs."""
        request = pb.CreateRequest(urn=urn(token), properties=struct(inputs), preview=preview)
        answer = self.stub.Create(request)
        return answer.id, json_format.MessageToDict(answer.properties)

    def read(self, token: str, outputs: Mapping[str, Any]) -> Any:
        """Read; returns id and outputs."""
        request = pb.ReadRequest(urn=urn(token), id="x", properties=struct(outputs))
        answer = self.stub.Read(request)
        return answer.id, json_format.MessageToDict(answer.properties)

    def update(self, token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Any:
        """Update; returns outputs."""
        request = pb.UpdateRequest(urn=urn(token), id="x", olds=struct(old), news=struct(new))
        return json_format.MessageToDict(self.stub.Update(request).properties)

    def delete(self, token: str, outputs: Mapping[str, Any]) -> None:
        """Delete."""
        self.stub.Delete(pb.DeleteRequest(urn=urn(token), id="x", properties=struct(outputs)))


def urn(token: str) -> str:
    """Return a URN below a component, as the program's are."""
    return f"urn:pulumi:test::bastide::bastide:estate:Municipality${token}::it"


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return plain values as a protobuf struct."""
    made = struct_pb2.Struct()
    made.update(dict(values))
    return made


@contextmanager
def running(**environment: str) -> Iterator[Plugin]:
    """Start the provider, and end it."""
    process = subprocess.Popen(
        [str(PROGRAM), NOBODY],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Plugin(provider_pb2_grpc.ResourceProviderStub(channel))
    finally:
        process.kill()
        process.wait()
