"""Resource states for tests, without any provider."""

from typing import Any

from infra.engine.stack.resource_state import ResourceState


def state(name: str, **given: Any) -> ResourceState:
    """Make a resource's state; `on` names those that its property `source` comes from."""
    sources = tuple(urn(one) for one in given.pop("on", ()))
    given.setdefault("inputs", {"source": "x"} if sources else {"content": "1"})
    return ResourceState(
        urn=urn(name),
        type="toy:index:Thing",
        **{"custom": True, "id": name, **given},
        dependencies=sources,
        property_dependencies={"source": sources} if sources else {},
    )


def urn(name: str) -> str:
    return f"urn:pulumi:dev::town::toy:index:Thing::{name}"
