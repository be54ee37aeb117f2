"""Reads of existing resources and calls of provider functions: they change nothing."""

from dataclasses import replace

from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto import resource_pb2 as pb

from infra.engine import urns
from infra.engine.embedded.decisions import differs
from infra.engine.embedded.refresh import read_state
from infra.engine.embedded.registrar import Registrar
from infra.engine.embedded.registration import DuplicateError
from infra.engine.embedded.responses import ProviderError
from infra.engine.embedded.session import RegistrationResult, Session
from infra.engine.stack.backend import timestamp
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import Properties, from_struct, has_unknown

_GET_RESOURCE = "pulumi:pulumi:getResource"


class Queries:
    """Reads and function calls of one run."""

    def __init__(self, session: Session, registrar: Registrar) -> None:
        self._session, self._registrar = session, registrar

    def read(self, request: pb.ReadResourceRequest) -> RegistrationResult:
        """Read a resource that exists outside this stack (`Resource.get`)."""
        session = self._session
        urn = urns.make(
            session.stack, session.project.name, request.parent, request.type, request.name
        )
        with session.snapshot.lock:
            if urn in session.registered:
                raise DuplicateError(f"two resources have the URN {urn}: name one differently")
            session.registered.add(urn)
        try:
            provider = self._provider(request.type, request)
            with session.slot():
                return RegistrationResult(urn, self._read(request, urn, provider))
        except ProviderError as error:
            session.events.failed(urn, "read", str(error))
            session.failed.add(urn)
            return RegistrationResult(urn, None, ok=False)

    def _read(self, request: pb.ReadResourceRequest, urn: str, provider: str) -> ResourceState:
        session = self._session
        since = session.events.started(urn, "read")
        state = ResourceState(
            urn=urn,
            type=request.type,
            custom=True,
            external=True,
            id=request.id,
            inputs=from_struct(request.properties),
            parent=request.parent,
            provider=provider,
            dependencies=tuple(sorted(request.dependencies)),
            additional_secret_outputs=tuple(request.additionalSecretOutputs),
        )
        if session.preview and (has_unknown(state.inputs) or not request.id):
            return state
        reading = session.registry.get(state.provider).read(replace(state, outputs=state.inputs))
        if not reading.id:
            raise ProviderError(f"there is no {request.type} with the id {request.id!r}")
        current = replace(read_state(state, reading), inputs=state.inputs)
        old = session.snapshot.former(urn)
        now = timestamp()
        state = current
        if old is not None:
            state = replace(current, created=old.created, modified=old.modified)
        changed = old is None or differs(state, old)
        if changed:
            state = replace(current, created=(old and old.created) or now, modified=now)
        session.snapshot.settle(state, old, save=changed)
        session.events.finished(urn, "read", since)
        return state

    def invoke(self, request: pb.ResourceInvokeRequest) -> Properties | None:
        """Call a provider's function; None when its arguments are not known yet.

        Raises ProviderError.
        """
        arguments = from_struct(request.args)
        if request.tok == _GET_RESOURCE:
            return self._get_resource(arguments)
        if has_unknown(arguments):
            return None
        reference = self._provider(request.tok, request)
        provider = self._session.registry.get(reference)
        return provider.invoke(request.tok, arguments) if provider.known else None

    def call(self, request: pb.ResourceCallRequest, parallel: int) -> provider_pb2.CallResponse:
        """Call a method of a resource; arguments and results pass as they are.

        Raises ProviderError.
        """
        session = self._session
        provider = session.registry.get(self._provider(request.tok, request))
        if not provider.known:
            return provider_pb2.CallResponse()
        dependencies = {
            name: provider_pb2.CallRequest.ArgumentDependencies(urns=some.urns)
            for name, some in request.argDependencies.items()
        }
        return provider.call(
            provider_pb2.CallRequest(
                tok=request.tok,
                args=request.args,
                argDependencies=dependencies,
                project=session.project.name,
                stack=session.stack,
                organization="organization",
                config=dict(session.configuration.values),
                configSecretKeys=sorted(session.configuration.secret_keys),
                dryRun=session.preview,
                parallel=parallel,
                accepts_output_values=request.accept_output_values,
            )
        )

    def _provider(
        self,
        token: str,
        request: pb.ReadResourceRequest | pb.ResourceInvokeRequest | pb.ResourceCallRequest,
    ) -> str:
        if request.provider:
            return request.provider
        package = urns.package_of(token)
        return self._registrar.default_provider(package, request.version, request.pluginDownloadURL)

    def _get_resource(self, arguments: Properties) -> Properties:
        urn = str(arguments.get("urn"))
        state = self._session.snapshot.settled(urn)
        if state is None:
            raise ProviderError(f"the program has registered no resource {urn}")
        return {"urn": urn, "id": state.id, "state": state.outputs}
