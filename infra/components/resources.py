"""The provider's resources for Pulumi programs; the driver's own values are their arguments."""

from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from infra.provider.drivers import kind_of


class Provided(pulumi.CustomResource):
    """A resource of the provider `bastide`."""

    def output(self, name: str) -> Output[Any]:
        """Return an output property by its name in the provider's schema."""
        value: Output[Any] = getattr(self, name)
        return value


def declare(token: str, name: str, estate: str, spec: Any, opts: ResourceOptions) -> Provided:
    """Declare a resource of a kind in the provider's table, from the value its driver takes."""
    kind = kind_of(token)
    if kind is None:
        raise LookupError(token)
    outputs = dict.fromkeys(kind.outputs)
    return Provided(token, name, {**kind.shape.write(estate, spec), **outputs}, opts)
