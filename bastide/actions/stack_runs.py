"""Operations over the stacks of an estate, in the order in which they stand on each other."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bastide.actions.stacks import Stack
from infra.engine import Engine, EngineResult, Operation, StepEvent
from inventory.model.tenants import CENTRAL

# There is nothing to read or to take away where nothing was ever made.
_OF_A_STATE = frozenset({Operation.REFRESH, Operation.DESTROY, Operation.DRIFT})


def run_each(
    engine: Engine,
    operation: Operation,
    parts: Sequence[Stack],
    on_step: Callable[[StepEvent], None],
) -> EngineResult:
    """Run an operation on each stack: central's first, and last when all is taken away.

    A municipality that fails touches no other; without central nothing is made, and central stays
    while something stands on it.
    """
    results: list[EngineResult] = []
    for part in reversed(parts) if operation is Operation.DESTROY else parts:
        if part.tenant and not part.has_state and operation in _OF_A_STATE:
            continue
        if operation is Operation.PREVIEW and part.stands_on and not part.stands_on.has_state:
            on_step(said(f"{part.tenant}: is previewed once central is provisioned"))
            continue
        stays = operation is Operation.DESTROY and part.tenant == CENTRAL
        if stays and not all(result.ok for result in results):
            on_step(said("central stays, since something that stands on it remains"))
            break
        results.append(engine.run(operation, part.project, on_step))
        if operation is Operation.UP and part.tenant == CENTRAL and not results[-1].ok:
            break
    return _merged(results)


def merged_outputs(engine: Engine, parts: Iterable[Stack]) -> Mapping[str, Any]:
    """Return what the stacks export as if they were one."""
    each = [engine.outputs(part.project) for part in parts if part.has_state]
    merged: dict[str, Any] = {}
    for outputs in each:
        for name, value in outputs.items():
            both = isinstance(value, dict) and isinstance(merged.get(name), dict)
            merged[name] = {**merged[name], **value} if both else value
    return merged


def said(text: str) -> StepEvent:
    """Return a message that belongs to no resource, as an event."""
    return StepEvent("", "", "", "", "diagnostic", text)


def _merged(results: Sequence[EngineResult]) -> EngineResult:
    changes: Counter[str] = Counter()
    for result in results:
        changes.update(result.changes)
    outputs = {name: value for result in results for name, value in result.outputs.items()}
    failures = tuple(failure for result in results for failure in result.failures)
    return EngineResult(dict(changes), outputs, failures, all(result.ok for result in results))
