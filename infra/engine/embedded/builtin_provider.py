"""The package `pulumi`, which needs no plugin: references from one stack to another."""

from collections.abc import Callable
from typing import Final, NoReturn

from pulumi.runtime.proto import provider_pb2 as pb

from infra.engine import urns
from infra.engine.api import EngineError
from infra.engine.embedded.responses import Diff, ProviderError, Reading
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import Properties, has_secret

PACKAGE: Final = "pulumi"
STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"


class BuiltinProvider:
    """Reads stack references; `outputs_of` returns the outputs of a stack by its name."""

    known = True

    def __init__(self, outputs_of: Callable[[str], Properties]) -> None:
        """Keep where the outputs of other stacks come from."""
        self._outputs_of = outputs_of

    def close(self) -> None:
        """Do nothing: there is no process."""

    def check_config(self, urn: str, old: Properties, new: Properties) -> Properties:
        """Take the inputs as they are: there are none."""
        return new

    def diff_config(self, old: ResourceState, new: Properties) -> Diff:
        """Leave it to the engine to compare."""
        return Diff(None)

    def configure(self, urn: str, identity: str, inputs: Properties) -> None:
        """Do nothing: there is nothing to configure."""

    def read(self, state: ResourceState) -> Reading:
        """Read the outputs of the stack that a reference names."""
        if state.type != STACK_REFERENCE:
            _refuse(state.type)
        try:
            outputs = self._outputs_of(state.id)
        except EngineError as error:
            raise ProviderError(str(error)) from None
        secret = sorted(name for name, value in outputs.items() if has_secret(value))
        read: Properties = {"name": state.id, "outputs": outputs, "secretOutputNames": secret}
        return Reading(state.id, read, state.inputs)

    def check(self, urn: str, old: Properties, new: Properties, seed: bytes) -> Properties:
        """Refuse: nothing of this package is made by registration."""
        _refuse(urns.type_of(urn))

    def diff(self, old: ResourceState, new: Properties, ignored: tuple[str, ...]) -> Diff:
        """Refuse, as above."""
        _refuse(old.type)

    def create(self, state: ResourceState, *, preview: bool) -> tuple[str, Properties]:
        """Refuse, as above."""
        _refuse(state.type)

    def update(self, old: ResourceState, new: ResourceState, *, preview: bool) -> Properties:
        """Refuse, as above."""
        _refuse(new.type)

    def delete(self, state: ResourceState) -> None:
        """Refuse, as above."""
        _refuse(state.type)

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Refuse: its functions are not carried out."""
        _refuse(token)

    def call(self, request: pb.CallRequest) -> pb.CallResponse:
        """Refuse: it has no methods."""
        _refuse(request.tok)


def _refuse(token: str) -> NoReturn:
    raise ProviderError(
        f"the embedded engine has no {token}: use the official CLI (--engine pulumi)"
    )
