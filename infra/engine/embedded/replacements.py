"""Which resources must go first when one is deleted before it is replaced. Pure.

As Pulumi's calculateDependentReplacements: a dependent must be replaced too when its provider says
that it could not live with another value of what it depends on.
"""

from collections.abc import Callable, Iterable, Set

from infra.engine import urns
from infra.engine.embedded.decisions import replace_on
from infra.engine.embedded.responses import Diff
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import UNKNOWN, Properties

DiffOf = Callable[[ResourceState, Properties], Diff]


def dependents(
    root: ResourceState,
    former: Iterable[ResourceState],
    registered: Set[str],
    diff_of: DiffOf,
) -> list[ResourceState]:
    """Return the dependents to delete and create again, each before those that depend on it.

    `former` is in snapshot order. What is `registered` already has its new inputs, so it cannot
    depend on the root. `diff_of` compares a resource with inputs in which what comes from replaced
    resources is unknown.
    """
    replaced = {root.urn}
    result = []
    for state in former:
        if state.urn in registered or not _may_be_replaced(state):
            continue
        if _must_be_replaced(state, replaced, diff_of):
            result.append(state)
            replaced.add(state.urn)
    return result


def _may_be_replaced(state: ResourceState) -> bool:
    return state.custom and not state.external and not state.delete


def _must_be_replaced(state: ResourceState, replaced: set[str], diff_of: DiffOf) -> bool:
    if state.provider and urns.split_reference(state.provider)[0] in replaced:
        return True
    if state.deleted_with in replaced:
        return True
    touched = {
        key
        for key, sources in state.property_dependencies.items()
        if key in state.inputs and replaced.intersection(sources)
    }
    if not touched:
        return False
    inputs = {k: UNKNOWN if k in touched else value for k, value in state.inputs.items()}
    return replace_on(diff_of(state, inputs), state.replace_on_changes).replace
