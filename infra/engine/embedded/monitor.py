"""The two gRPC services that the program talks to: the resource monitor and the engine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, resource_pb2_grpc
from pulumi.runtime.proto import resource_pb2 as pb

from infra.engine.embedded import registration
from infra.engine.embedded.queries import Queries
from infra.engine.embedded.registrar import Registrar
from infra.engine.embedded.responses import ProviderError
from infra.engine.embedded.session import RegistrationResult, Session, StoppedError
from infra.engine.values import Properties, from_struct, to_struct

_FEATURES: Final = {
    "secrets": pb.RESOURCE_MONITOR_FEATURE_SECRETS,
    "deletedWith": pb.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    "aliasSpecs": pb.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "resourceReferences": pb.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
}
# Announced to be refused by name, when they are used: of what is not announced, the SDK says that
# the CLI were too old.
_REFUSED: Final = (
    pb.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    pb.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    pb.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    pb.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    pb.RESOURCE_MONITOR_FEATURE_STATE_MIGRATIONS,
    pb.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    pb.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
)
_SEVERITIES: Final = {
    engine_pb2.DEBUG: None,
    engine_pb2.INFO: "",
    engine_pb2.WARNING: "warning: ",
    engine_pb2.ERROR: "error: ",
}


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """What the SDK calls to register and read resources and to call functions."""

    def __init__(self, session: Session, registrar: Registrar, folder: Path, parallel: int) -> None:
        self._session, self._registrar = session, registrar
        self._queries = Queries(session, registrar)
        self._folder, self._parallel = folder.resolve(), parallel

    def GetDeploymentInfo(self, request: Any, context: Any) -> pb.DeploymentInfo:  # noqa: N802
        """Tell the program what it runs in."""
        session = self._session
        return pb.DeploymentInfo(
            project=session.project.name,
            stack=session.stack,
            organization="organization",
            config=dict(session.configuration.values),
            configSecretKeys=sorted(session.configuration.secret_keys),
            dryRun=session.preview,
            parallel=self._parallel,
            supportedFeatures=[*_FEATURES.values(), *_REFUSED],
        )

    def SupportsFeature(  # noqa: N802
        self, request: pb.SupportsFeatureRequest, context: Any
    ) -> pb.SupportsFeatureResponse:
        """Tell an older SDK whether one feature is there."""
        return pb.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterResource(  # noqa: N802
        self, request: pb.RegisterResourceRequest, context: grpc.ServicerContext
    ) -> pb.RegisterResourceResponse:
        """Bring a resource to what the program wants, and return what it is."""
        with _aborting(context):
            result = self._registrar.register(registration.read(request, self._folder))
        state = result.state
        if not result.ok or state is None:
            return _failure(result, request)
        outputs = state.outputs if state.custom else state.inputs
        return pb.RegisterResourceResponse(
            urn=result.urn,
            id=state.id,
            object=_pack(outputs, request),
            stables=result.stables,
            result=pb.SUCCESS,
        )

    def RegisterResourceOutputs(  # noqa: N802
        self, request: pb.RegisterResourceOutputsRequest, context: Any
    ) -> empty_pb2.Empty:
        """Keep the outputs of a component or of the stack."""
        snapshot, outputs = self._session.snapshot, from_struct(request.outputs)
        if request.urn == self._session.stack_urn:
            self._session.stack_outputs = outputs
            return empty_pb2.Empty()
        with snapshot.lock:
            state = snapshot.settled(request.urn)
            if state is not None and outputs != state.outputs:
                snapshot.settle(replace(state, outputs=outputs))
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802
        self, request: pb.ReadResourceRequest, context: grpc.ServicerContext
    ) -> pb.ReadResourceResponse:
        """Read a resource that this stack does not own."""
        with _aborting(context):
            result = self._queries.read(request)
        if result.state is None:
            return pb.ReadResourceResponse(urn=result.urn, result=pb.FAIL)
        properties = _pack(result.state.outputs, request)
        return pb.ReadResourceResponse(
            urn=result.urn, id=result.state.id, properties=properties, result=pb.SUCCESS
        )

    def Invoke(  # noqa: N802
        self, request: pb.ResourceInvokeRequest, context: grpc.ServicerContext
    ) -> pb.ResourceInvokeResponse:
        """Call a provider's function."""
        with _aborting(context):
            result = self._queries.invoke(request)
        if result is None:
            return pb.ResourceInvokeResponse(unknown=True)
        # `return` is a keyword, so it cannot be given by name.
        fields: dict[str, Any] = {"return": to_struct(result, resources=request.acceptResources)}
        return pb.ResourceInvokeResponse(**fields)

    def Call(  # noqa: N802
        self, request: pb.ResourceCallRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CallResponse:
        """Call a method of a resource."""
        with _aborting(context):
            return self._queries.call(request, self._parallel)

    def RegisterStackTransform(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refuse."""
        return _refuse(context, "transforms")

    def RegisterStackInvokeTransform(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> Any:
        """Refuse."""
        return _refuse(context, "invoke transforms")

    def RegisterResourceHook(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refuse."""
        return _refuse(context, "resource hooks")

    def RegisterErrorHook(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refuse."""
        return _refuse(context, "error hooks")

    def RegisterPackage(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Refuse."""
        return _refuse(context, "parameterized packages")

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802
        """Let the program end; deletions follow when it has."""
        return empty_pb2.Empty()


class EngineService(engine_pb2_grpc.EngineServicer):
    """What programs and plugins call to log a message."""

    def __init__(self, say: Callable[[str, str], None]) -> None:
        self._say = say

    def Log(self, request: engine_pb2.LogRequest, context: Any) -> empty_pb2.Empty:  # noqa: N802
        """Pass on a message of a program or plugin."""
        prefix = _SEVERITIES[request.severity]
        if prefix is not None:
            self._say(prefix + request.message, request.urn)
        return empty_pb2.Empty()


def _refuse(context: grpc.ServicerContext, feature: str) -> Any:
    """End a call with the name of what is not carried out."""
    with _aborting(context):
        raise registration.unsupported("the program", feature)


@contextmanager
def _aborting(context: grpc.ServicerContext) -> Iterator[None]:
    """Abort the call with the message of an error that ends the program."""
    try:
        yield
    except StoppedError as error:
        # With this code the SDK takes the engine to be gone, and ends without a traceback.
        context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
    except OSError as error:
        context.abort(grpc.StatusCode.INTERNAL, f"the state cannot be written: {error}")
    except (registration.DuplicateError, registration.UnsupportedError, ProviderError) as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))


def _pack(outputs: Properties, request: pb.RegisterResourceRequest | pb.ReadResourceRequest) -> Any:
    return to_struct(outputs, secrets=request.acceptSecrets, resources=request.acceptResources)


def _failure(
    result: RegistrationResult, request: pb.RegisterResourceRequest
) -> pb.RegisterResourceResponse:
    return pb.RegisterResourceResponse(urn=result.urn, result=pb.FAIL, object=request.object)
