"""The adapter to one provider plugin's gRPC service (pulumirpc.ResourceProvider)."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

from infra.engine import urns
from infra.engine.embedded import responses
from infra.engine.embedded.plugins import Plugin
from infra.engine.embedded.responses import Diff, ProviderError, Reading, UnimplementedError
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import Properties, from_struct, has_unknown, keep_secrets, to_struct

_MESSAGE_LIMIT: Final = 400 * 1024 * 1024  # as the SDK's own
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
    ("grpc.max_send_message_length", _MESSAGE_LIMIT),
    ("grpc.enable_http_proxy", 0),  # plugins are on loopback, whatever the site's proxy
)
_Answer = TypeVar("_Answer")


class ProviderClient:
    """One provider plugin, configured once, then called from any thread."""

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin
        self._channel = grpc.insecure_channel(plugin.address, options=_OPTIONS)
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._secrets = self._resources = self._preview = False
        self.known, self._engine = True, ""

    def close(self) -> None:
        """End the plugin."""
        self._channel.close()
        self.plugin.stop()

    def introduce(self, engine: str) -> None:
        """Exchange names with the plugin, as far as it knows the custom."""
        self._engine = engine
        if self.plugin.attached:
            with contextlib.suppress(UnimplementedError):
                self._call(self._stub.Attach, plugin_pb2.PluginAttach(address=engine))
        hello = pb.ProviderHandshakeRequest(engine_address=engine, configure_with_urn=True)
        with contextlib.suppress(UnimplementedError):
            self._call(self._stub.Handshake, hello)
        with contextlib.suppress(UnimplementedError):
            self._call(self._stub.GetPluginInfo, empty_pb2.Empty())

    def check_config(self, urn: str, old: Properties, new: Properties) -> Properties:
        """Return the provider's own inputs, checked; raises ProviderError with every failure."""
        request = _check_request(urn, to_struct(old), to_struct(new))
        try:
            response = self._call(self._stub.CheckConfig, request)
        except UnimplementedError:
            return new
        responses.refuse(response.failures)
        return keep_secrets(from_struct(response.inputs), new)

    def diff_config(self, old: ResourceState, new: Properties) -> Diff:
        """Compare the provider's own inputs with those it had."""
        request = _diff_request(old, to_struct(old.outputs), to_struct(old.inputs), to_struct(new))
        try:
            return responses.diff(self._call(self._stub.DiffConfig, request))
        except UnimplementedError:
            return Diff(None)

    def configure(self, urn: str, identity: str, inputs: Properties) -> None:
        """Configure the provider; with unknown inputs, in a preview, it stays unconfigured."""
        if has_unknown(inputs):
            self.known = False
            return
        package = urns.package_of(urns.type_of(urn))
        plain = to_struct(inputs, secrets=False)
        request = pb.ConfigureRequest(
            variables={f"{package}:config:{k}": _text(v) for k, v in plain.fields.items()},
            args=to_struct(inputs),
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
            urn=urn,
            id=identity,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
        )
        response = self._call(self._stub.Configure, request)
        self._secrets, self._resources = response.acceptSecrets, response.acceptResources
        self._preview = response.supportsPreview

    def check(self, urn: str, old: Properties, new: Properties, seed: bytes) -> Properties:
        """Return the resource's inputs, checked and with defaults; raises ProviderError."""
        request = _check_request(urn, self._pack(old), self._pack(new))
        request.randomSeed = seed
        try:
            response = self._call(self._stub.Check, request)
        except UnimplementedError:
            return new
        responses.refuse(response.failures)
        checked = from_struct(response.inputs) if response.HasField("inputs") else new
        return self._unpack(checked, new)

    def diff(self, old: ResourceState, new: Properties, ignored: tuple[str, ...]) -> Diff:
        """Compare a resource's new inputs with what it is."""
        request = _diff_request(
            old, self._pack(old.outputs), self._pack(old.inputs), self._pack(new), ignored
        )
        try:
            return responses.diff(self._call(self._stub.Diff, request))
        except UnimplementedError:
            return Diff(None)

    def create(self, state: ResourceState, *, preview: bool) -> tuple[str, Properties]:
        """Create the resource; returns its id and outputs."""
        if preview and not (self._preview and self.known):
            return "", {}
        request = pb.CreateRequest(
            urn=state.urn,
            name=urns.name_of(state.urn),
            type=state.type,
            properties=self._pack(state.inputs),
            timeout=state.custom_timeouts.get("create", 0),
            preview=preview,
        )
        response = self._step(self._stub.Create, request, state.inputs)
        if not preview and not response.id:
            raise ProviderError(f"the plugin {self.plugin.name} created it but gave no id")
        return response.id, self._unpack(from_struct(response.properties), state.inputs)

    def update(self, old: ResourceState, new: ResourceState, *, preview: bool) -> Properties:
        """Change the resource in place; returns its new outputs."""
        if preview and not (self._preview and self.known):
            return {}
        request = pb.UpdateRequest(
            id=old.id,
            urn=new.urn,
            name=urns.name_of(new.urn),
            type=new.type,
            olds=self._pack(old.outputs),
            old_inputs=self._pack(old.inputs),
            news=self._pack(new.inputs),
            timeout=new.custom_timeouts.get("update", 0),
            ignoreChanges=new.ignore_changes,
            preview=preview,
        )
        response = self._step(self._stub.Update, request, new.inputs)
        return self._unpack(from_struct(response.properties), new.inputs)

    def delete(self, state: ResourceState) -> None:
        """Delete the resource."""
        request = pb.DeleteRequest(
            id=state.id,
            urn=state.urn,
            name=urns.name_of(state.urn),
            type=state.type,
            properties=self._pack(state.outputs),
            old_inputs=self._pack(state.inputs),
            timeout=state.custom_timeouts.get("delete", 0),
        )
        self._call(self._stub.Delete, request)

    def read(self, state: ResourceState) -> Reading:
        """Find out what the resource is now."""
        request = pb.ReadRequest(
            id=state.id,
            urn=state.urn,
            name=urns.name_of(state.urn),
            type=state.type,
            properties=self._pack(state.outputs),
            inputs=self._pack(state.inputs),
            timeout=state.custom_timeouts.get("read", 0),
        )
        recorded = {**state.outputs, **state.inputs}
        try:
            response = self._step(self._stub.Read, request, recorded)
        except ProviderError as error:
            if error.partial is None:
                raise
            partial = error.partial
            return Reading(partial.id, partial.outputs, state.inputs, partial.reasons)
        outputs = self._unpack(from_struct(response.properties), recorded)
        return Reading(
            response.id, outputs, self._unpack(from_struct(response.inputs), state.inputs)
        )

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Call a function of the provider; raises ProviderError with every failure."""
        request = pb.InvokeRequest(tok=token, args=self._pack(arguments))
        response = self._call(self._stub.Invoke, request)
        responses.refuse(response.failures)
        return self._unpack(from_struct(getattr(response, "return")), arguments)

    def call(self, request: pb.CallRequest) -> pb.CallResponse:
        """Call a method of a resource; what it complains of is in the response."""
        request.monitorEndpoint = self._engine
        response: pb.CallResponse = self._call(self._stub.Call, request)
        return response

    def _pack(self, properties: Mapping[str, Any]) -> struct_pb2.Struct:
        return to_struct(properties, secrets=self._secrets, resources=self._resources)

    def _unpack(self, properties: Properties, sent: Mapping[str, Any]) -> Properties:
        return properties if self._secrets else keep_secrets(properties, sent)

    def _call(self, method: Callable[[Any], _Answer], request: Any) -> _Answer:
        try:
            return method(request)
        except grpc.RpcError as error:
            raise responses.failure(error, self.plugin.name, self.plugin.ended()) from None

    def _step(
        self, method: Callable[[Any], _Answer], request: Any, sent: Mapping[str, Any]
    ) -> _Answer:
        """Call a step that may leave half a resource behind, its secrets still marked."""
        try:
            return self._call(method, request)
        except ProviderError as error:
            if error.partial is not None:
                outputs = self._unpack(error.partial.outputs, sent)
                error.partial = replace(error.partial, outputs=outputs)
            raise


def _check_request(urn: str, old: struct_pb2.Struct, new: struct_pb2.Struct) -> pb.CheckRequest:
    return pb.CheckRequest(
        urn=urn, name=urns.name_of(urn), type=urns.type_of(urn), olds=old, news=new
    )


def _diff_request(
    old: ResourceState,
    outputs: struct_pb2.Struct,
    inputs: struct_pb2.Struct,
    new: struct_pb2.Struct,
    ignored: tuple[str, ...] = (),
) -> pb.DiffRequest:
    return pb.DiffRequest(
        id=old.id,
        urn=old.urn,
        name=urns.name_of(old.urn),
        type=old.type,
        olds=outputs,
        old_inputs=inputs,
        news=new,
        ignoreChanges=ignored,
    )


def _text(value: struct_pb2.Value) -> str:
    # Configuration variables are text: whatever is not text already is sent as its JSON.
    return (
        value.string_value if value.HasField("string_value") else json_format.MessageToJson(value)
    )
