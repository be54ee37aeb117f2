"""What the engine asks of a provider, whether it is a plugin or the engine's own."""

from typing import Protocol

from pulumi.runtime.proto import provider_pb2 as pb

from infra.engine.embedded.responses import Diff, Reading
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import Properties


class Provider(Protocol):
    """A configured provider; each method raises ProviderError.

    `known`: its configuration is known, which in a preview it need not be.
    """

    known: bool

    def close(self) -> None:
        """End it."""

    def check_config(self, urn: str, old: Properties, new: Properties) -> Properties:
        """Return the provider's own inputs, checked."""

    def diff_config(self, old: ResourceState, new: Properties) -> Diff:
        """Compare the provider's own inputs with those it had."""

    def configure(self, urn: str, identity: str, inputs: Properties) -> None:
        """Configure it."""

    def check(self, urn: str, old: Properties, new: Properties, seed: bytes) -> Properties:
        """Return a resource's inputs, checked and with defaults."""

    def diff(self, old: ResourceState, new: Properties, ignored: tuple[str, ...]) -> Diff:
        """Compare a resource's new inputs with what it is."""

    def create(self, state: ResourceState, *, preview: bool) -> tuple[str, Properties]:
        """Create a resource; returns its id and outputs."""

    def update(self, old: ResourceState, new: ResourceState, *, preview: bool) -> Properties:
        """Change a resource in place; returns its new outputs."""

    def delete(self, state: ResourceState) -> None:
        """Delete a resource."""

    def read(self, state: ResourceState) -> Reading:
        """Find out what a resource is now."""

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Call a function."""

    def call(self, request: pb.CallRequest) -> pb.CallResponse:
        """Call a method of a resource."""
