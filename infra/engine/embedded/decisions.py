"""Decides what a registration leads to. Pure: values in, a decision out.

The rules are those of Pulumi's step generator (pkg/resource/deploy/step_generator.go).
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from infra.engine.embedded.property_paths import matches
from infra.engine.embedded.registration import Registration
from infra.engine.embedded.responses import Diff
from infra.engine.stack.resource_state import ResourceState
from infra.engine.values import Properties, equal, mark_secret


class Action(StrEnum):
    """What is done for one resource. `recreate`: its old copy is deleted already."""

    CREATE = "create"
    SAME = "same"
    UPDATE = "update"
    REPLACE = "replace"
    RECREATE = "recreate"


@dataclass(frozen=True, slots=True)
class Decision:
    """The action, the properties that demand a replacement, and whether to delete first."""

    action: Action
    keys: tuple[str, ...] = ()
    delete_first: bool = False


def without_diff(old: ResourceState | None) -> Decision | None:
    """Return the decision when nothing has to be compared, else None."""
    if old is None:
        return Decision(Action.CREATE)
    if old.pending_replacement:
        return Decision(Action.RECREATE)
    if old.external or (old.custom and not old.id):
        # It was only read until now, and is not ours to delete; or its create left nothing behind.
        return Decision(Action.CREATE)
    return None


def decide(
    old: ResourceState,
    new: ResourceState,
    registration: Registration,
    diff: Diff,
    *,
    force: bool = False,
) -> Decision:
    """Compare a resource's new state with its old one.

    `force`: an interrupted step left it in doubt, so it is brought up to date in any case.
    """
    diff = settle_unknown(diff, old.inputs, new.inputs)
    diff = replace_on(diff, registration.replace_on_changes)
    if old.custom != new.custom:
        diff = Diff(True, ("type",))
    if diff.replace:
        wanted = registration.delete_before_replace
        first = diff.delete_before_replace if wanted is None else wanted
        return Decision(Action.REPLACE, diff.replace_keys, first)
    if diff.changed or old.init_errors or force:
        return Decision(Action.UPDATE)
    return Decision(Action.SAME)


def settle_unknown(diff: Diff, old: Properties, new: Properties) -> Diff:
    """Decide by comparing the inputs when the provider leaves it open."""
    if diff.changed is not None:
        return diff
    keys = tuple(key for key in {**old, **new} if not equal(old.get(key), new.get(key)))
    return dataclasses.replace(diff, changed=bool(keys), changed_keys=diff.changed_keys or keys)


def replace_on(diff: Diff, paths: tuple[str, ...]) -> Diff:
    """Turn changes of the named properties into reasons to replace."""
    keys = tuple(key for key in diff.changed_keys if any(matches(path, key) for path in paths))
    if not diff.changed or not keys:
        return diff
    return dataclasses.replace(diff, replace_keys=(*diff.replace_keys, *keys))


def new_state(
    registration: Registration,
    urn: str,
    inputs: Properties,
    provider: str,
    old: ResourceState | None,
    parent: ResourceState | None,
) -> ResourceState:
    """Return the state that the registration asks for, before its step has run.

    Protection that is not given is inherited from the parent.
    """
    protect, retain = registration.protect, registration.retain_on_delete
    if protect is None:
        protect = bool(parent and parent.protect)
    if retain is None:
        retain = bool(parent and parent.retain_on_delete)
    return ResourceState(
        urn=urn,
        type=registration.type,
        custom=registration.custom,
        inputs=inputs,
        parent=registration.parent,
        provider=provider,
        dependencies=registration.dependencies,
        property_dependencies=registration.property_dependencies,
        protect=protect,
        deleted_with=registration.deleted_with,
        retain_on_delete=retain,
        additional_secret_outputs=registration.additional_secret_outputs,
        ignore_changes=registration.ignore_changes,
        replace_on_changes=registration.replace_on_changes,
        custom_timeouts=registration.custom_timeouts,
        import_id=registration.import_id,
        source_position=registration.source_position,
        extra=old.extra if old else {},
    )


def carried(new: ResourceState, old: ResourceState) -> ResourceState:
    """Return the new state of a resource that did not change: the old one's id and outputs."""
    return dataclasses.replace(
        new,
        id=old.id,
        outputs=mark_secret(old.outputs, new.additional_secret_outputs),
        created=old.created,
        modified=old.modified,
    )


def differs(new: ResourceState, old: ResourceState) -> bool:
    """Say whether two states of an unchanged resource differ in what the state records."""
    fields = (field.name for field in dataclasses.fields(ResourceState))
    return any(not _alike(getattr(new, name), getattr(old, name)) for name in fields)


def _alike(one: object, other: object) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return dict(one) == dict(other)
    return one == other
