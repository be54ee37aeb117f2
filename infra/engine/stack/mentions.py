"""Where resources mention others: how a mention is taken out or renamed. Pure."""

import dataclasses

from infra.engine.stack.resource_state import ResourceState, references


def without(state: ResourceState, urn: str) -> ResourceState:
    """Return a resource that no longer mentions a URN; the same object when it does not."""
    if urn not in references(state):
        return state
    return dataclasses.replace(
        state,
        parent="" if state.parent == urn else state.parent,
        deleted_with="" if state.deleted_with == urn else state.deleted_with,
        dependencies=tuple(one for one in state.dependencies if one != urn),
        property_dependencies={
            key: tuple(one for one in urns if one != urn)
            for key, urns in state.property_dependencies.items()
        },
    )


def renamed(state: ResourceState, old: str, new: str) -> ResourceState:
    """Return a resource that mentions a URN by its new name; the same object when it does not."""

    def name(urn: str) -> str:
        return new if urn == old else urn

    provider_urn, _, provider_id = state.provider.rpartition("::")
    if old not in {*references(state), provider_urn}:
        return state
    return dataclasses.replace(
        state,
        parent=name(state.parent),
        deleted_with=name(state.deleted_with),
        provider=f"{name(provider_urn)}::{provider_id}" if state.provider else "",
        dependencies=tuple(map(name, state.dependencies)),
        property_dependencies={
            key: tuple(map(name, urns)) for key, urns in state.property_dependencies.items()
        },
    )
