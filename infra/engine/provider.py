"""The adapter to one provider plugin's gRPC service (pulumirpc.ResourceProvider)."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from infra.engine import urns
from infra.engine.plugins import Plugin
from infra.engine.state import ResourceState
from infra.engine.values import Properties, from_struct, has_unknown, keep_secrets, to_struct

_MESSAGE_LIMIT: Final = 400 * 1024 * 1024  # as the SDK's own
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _MESSAGE_LIMIT),
    ("grpc.max_send_message_length", _MESSAGE_LIMIT),
)
# After these nobody knows whether the provider did what it was asked.
_UNSURE: Final = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Partial:
    """What exists after a step that failed half-way (ErrorResourceInitFailed)."""

    id: str
    outputs: Properties
    reasons: tuple[str, ...]


class ProviderError(Exception):
    """A provider refused or failed; `unsure` when it may have done it all the same."""

    def __init__(
        self, message: str, *, unsure: bool = False, partial: Partial | None = None
    ) -> None:
        super().__init__(message)
        self.unsure, self.partial = unsure, partial


class _UnimplementedError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Diff:
    """What a provider says of a change; `changed` is None when it does not know."""

    changed: bool | None
    replace_keys: tuple[str, ...] = ()
    changed_keys: tuple[str, ...] = ()
    delete_before_replace: bool = False
    stables: tuple[str, ...] = ()

    @property
    def replace(self) -> bool:
        """Whether the resource has to be replaced."""
        return bool(self.replace_keys)


@dataclass(frozen=True, slots=True)
class Reading:
    """What Read found; an empty id says that the resource is gone."""

    id: str
    outputs: Properties
    inputs: Properties


class Provider:
    """One provider plugin, configured once, then called from any thread."""

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin
        self._channel = grpc.insecure_channel(plugin.address, options=_OPTIONS)
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._secrets = self._resources = self._preview = False
        self.known = True

    def close(self) -> None:
        """End the plugin."""
        self._channel.close()
        self.plugin.stop()

    def introduce(self, engine: str) -> None:
        """Exchange names with the plugin, as far as it knows the custom."""
        hello = pb.ProviderHandshakeRequest(engine_address=engine, configure_with_urn=True)
        with contextlib.suppress(_UnimplementedError):
            self._call(self._stub.Handshake, hello)
        with contextlib.suppress(_UnimplementedError):
            self._call(self._stub.GetPluginInfo, empty_pb2.Empty())

    def check_config(self, urn: str, old: Properties, new: Properties) -> Properties:
        """Return the provider's own inputs, checked; raises ProviderError with every complaint."""
        request = _check_request(urn, to_struct(old), to_struct(new))
        try:
            answer = self._call(self._stub.CheckConfig, request)
        except _UnimplementedError:
            return new
        _refuse(answer.failures)
        return keep_secrets(from_struct(answer.inputs), new)

    def diff_config(self, old: ResourceState, new: Properties) -> Diff:
        """Compare the provider's own inputs with those it had."""
        request = _diff_request(old, to_struct(old.outputs), to_struct(old.inputs), to_struct(new))
        try:
            return _diff(self._call(self._stub.DiffConfig, request))
        except _UnimplementedError:
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
        answer = self._call(self._stub.Configure, request)
        self._secrets, self._resources = answer.acceptSecrets, answer.acceptResources
        self._preview = answer.supportsPreview

    def check(self, urn: str, old: Properties, new: Properties, seed: bytes) -> Properties:
        """Return the resource's inputs, checked and with defaults; raises ProviderError."""
        request = _check_request(urn, self._pack(old), self._pack(new))
        request.randomSeed = seed
        try:
            answer = self._call(self._stub.Check, request)
        except _UnimplementedError:
            return new
        _refuse(answer.failures)
        checked = from_struct(answer.inputs) if answer.HasField("inputs") else new
        return self._unpack(checked, new)

    def diff(self, old: ResourceState, new: Properties, ignored: tuple[str, ...]) -> Diff:
        """Compare a resource's new inputs with what it is."""
        request = _diff_request(
            old, self._pack(old.outputs), self._pack(old.inputs), self._pack(new), ignored
        )
        try:
            return _diff(self._call(self._stub.Diff, request))
        except _UnimplementedError:
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
        answer = self._call(self._stub.Create, request, state.inputs)
        if not preview and not answer.id:
            raise ProviderError(f"the plugin {self.plugin.name} created it but gave no id")
        return answer.id, self._unpack(from_struct(answer.properties), state.inputs)

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
        answer = self._call(self._stub.Update, request, new.inputs)
        return self._unpack(from_struct(answer.properties), new.inputs)

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
        answer = self._call(self._stub.Read, request, state.inputs)
        known = {**state.outputs, **state.inputs}
        outputs = self._unpack(from_struct(answer.properties), known)
        return Reading(answer.id, outputs, self._unpack(from_struct(answer.inputs), state.inputs))

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Call a function of the provider; raises ProviderError with every complaint."""
        request = pb.InvokeRequest(tok=token, args=self._pack(arguments))
        answer = self._call(self._stub.Invoke, request)
        _refuse(answer.failures)
        return self._unpack(from_struct(getattr(answer, "return")), arguments)

    def _pack(self, properties: Mapping[str, Any]) -> struct_pb2.Struct:
        return to_struct(properties, secrets=self._secrets, resources=self._resources)

    def _unpack(self, properties: Properties, sent: Mapping[str, Any]) -> Properties:
        return properties if self._secrets else keep_secrets(properties, sent)

    def _call(
        self,
        method: Callable[[Any], _Answer],
        request: Any,
        sent: Mapping[str, Any] | None = None,
    ) -> _Answer:
        try:
            return method(request)
        except grpc.RpcError as error:
            raise self._failure(error, sent or {}) from None

    def _failure(self, error: Any, sent: Mapping[str, Any]) -> Exception:
        code, details = error.code(), str(error.details() or "")
        if code is grpc.StatusCode.UNIMPLEMENTED:
            return _UnimplementedError(details)
        if code in _UNSURE:
            ended = self.plugin.ended()
            fate = f"ended with code {ended}" if ended is not None else f"does not answer ({code})"
            return ProviderError(f"the plugin {self.plugin.name} {fate}: {details}", unsure=True)
        partial = _partial(error)
        if partial is None:
            return ProviderError(details)
        outputs = self._unpack(partial.outputs, sent)
        reasons = partial.reasons or (details,)
        return ProviderError("; ".join(reasons), partial=Partial(partial.id, outputs, reasons))


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


def _diff(answer: pb.DiffResponse) -> Diff:
    kinds = pb.PropertyDiff
    replacing = {kinds.ADD_REPLACE, kinds.DELETE_REPLACE, kinds.UPDATE_REPLACE}
    detailed = answer.detailedDiff
    replaces = [*answer.replaces, *(k for k, v in detailed.items() if v.kind in replacing)]
    changed: bool | None = None
    if answer.changes != pb.DiffResponse.DIFF_UNKNOWN:
        changed = answer.changes == pb.DiffResponse.DIFF_SOME
    return Diff(
        changed,
        tuple(dict.fromkeys(replaces)),
        tuple(dict.fromkeys([*answer.diffs, *detailed])),
        answer.deleteBeforeReplace,
        tuple(answer.stables),
    )


def _refuse(failures: Any) -> None:
    if failures:
        said = (f"{one.property}: {one.reason}" if one.property else one.reason for one in failures)
        raise ProviderError("; ".join(said))


def _partial(error: Any) -> Partial | None:
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            if detail.Is(pb.ErrorResourceInitFailed.DESCRIPTOR):
                found = pb.ErrorResourceInitFailed()
                detail.Unpack(found)
                return Partial(found.id, from_struct(found.properties), tuple(found.reasons))
    return None


def _text(value: struct_pb2.Value) -> str:
    # Configuration variables are text: whatever is not text already is sent as its JSON.
    return (
        value.string_value if value.HasField("string_value") else json_format.MessageToJson(value)
    )
