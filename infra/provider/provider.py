"""The provider's answers to Pulumi: check, diff, create, read, update, delete."""

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pulumi.provider.experimental import provider as pulumi_provider
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    GetSchemaRequest,
    GetSchemaResponse,
    PropertyDiff,
    PropertyDiffKind,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from infra.errors import failed
from infra.lab.layout import lab_of
from infra.provider.actions import ACTIONS, Actions
from infra.provider.kinds import KINDS, Kind
from infra.provider.schema import schema
from infra.provider.values import UNKNOWN, from_plain_map, to_plain_map

Values = dict[str, Any]
Say = Callable[[str, str], None]


class BastideProvider(pulumi_provider.Provider):
    """Looks a resource's kind up in the table and does what its row says, in a thread each."""

    def __init__(self, say: Say) -> None:
        """Keep what tells a person, by URN, how far a long step is."""
        self._say = say

    async def get_schema(self, _request: GetSchemaRequest) -> GetSchemaResponse:
        """Return the package's schema as JSON."""
        return GetSchemaResponse(json.dumps(schema()))

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Return the inputs, or everything that is wrong with them."""
        errors = _kind(request.type).shape.errors(to_plain_map(request.new_inputs))
        failures = [CheckFailure(error.path, error.reason) for error in errors]
        return CheckResponse(request.new_inputs, failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Compare what was asked with what is recorded, and see whether that is stale."""
        return await asyncio.to_thread(_diff, request)

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Make the resource, or adopt it when it is there already."""
        inputs = to_plain_map(request.properties)
        if request.preview:
            return CreateResponse("", _unknown_outputs(_kind(request.type), request.properties))
        outputs = await self._ensure(request.type, request.urn, inputs)
        return CreateResponse(_identity(inputs), from_plain_map({**inputs, **outputs}))

    async def read(self, request: ReadRequest) -> ReadResponse:
        """Find out what the resource is now; an empty answer when it is gone."""
        kind = _kind(request.type)
        inputs = _inputs_of(kind, to_plain_map({**request.properties, **request.inputs}))
        checked = kind.shape.read(inputs)
        outputs = await asyncio.to_thread(
            _actions(request.type).read, lab_of(checked.estate), checked.spec
        )
        if outputs is None:
            return ReadResponse()
        known = from_plain_map(inputs)
        return ReadResponse(request.resource_id, {**known, **from_plain_map(outputs)}, known)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Bring the resource to its new inputs, or back to life."""
        inputs = to_plain_map(request.news)
        if request.preview:
            return UpdateResponse(_unknown_outputs(_kind(request.type), request.news))
        outputs = await self._ensure(request.type, request.urn, inputs)
        return UpdateResponse(from_plain_map({**inputs, **outputs}))

    async def delete(self, request: DeleteRequest) -> None:
        """Remove the resource; one that is gone already is well."""
        kind = _kind(request.type)
        checked = kind.shape.read(_inputs_of(kind, to_plain_map(request.properties)))
        await asyncio.to_thread(_actions(request.type).delete, lab_of(checked.estate), checked.spec)

    async def _ensure(self, token: str, urn: str, inputs: Values) -> Values:
        checked = _kind(token).shape.read(inputs)
        lab, report = lab_of(checked.estate), partial(self._say, urn)
        return await asyncio.to_thread(_actions(token).ensure, lab, checked.spec, report)


def _kind(type_chain: str) -> Kind[Any]:
    token = _token(type_chain)
    kind = KINDS.get(token)
    if kind is None:
        raise failed(
            f"resource type {token}",
            expected=f"one of {', '.join(sorted(KINDS))}",
            found=token,
            advice="this version of the provider `bastide` knows no other",
        )
    return kind


def _actions(type_chain: str) -> Actions[Any]:
    return ACTIONS[_token(type_chain)]


def _token(type_chain: str) -> str:
    return type_chain.rsplit("$", 1)[-1]  # the SDK leaves the parents' types before it


def _diff(request: DiffRequest) -> DiffResponse:
    kind = _kind(request.type)
    old, new = to_plain_map(request.old_state), to_plain_map(request.new_inputs)
    names = kind.shape.names - kind.birth_only
    changed = {name for name in names if _differs(old.get(name), new.get(name))}
    if UNKNOWN not in new.values():
        changed |= _actions(request.type).stale(lab_of(str(new["estate"])), old)
    changed -= set(request.ignore_changes)
    replaces = sorted(changed & kind.replaces)
    return DiffResponse(
        changes=bool(changed),
        replaces=replaces,
        delete_before_replace=bool(replaces),
        diffs=sorted(changed),
        detailed_diff={name: _property_diff(kind, name, old, new) for name in changed},
    )


def _differs(old: Any, new: Any) -> bool:
    return old is UNKNOWN or new is UNKNOWN or bool(old != new)


def _property_diff(
    kind: Kind[Any], name: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> PropertyDiff:
    words = "UPDATE" if name in old and name in new else "ADD" if name in new else "DELETE"
    is_input = name in kind.shape.names
    words = words if is_input else "UPDATE"
    replace = "_REPLACE" if name in kind.replaces else ""
    return PropertyDiff(PropertyDiffKind[words + replace], input_diff=is_input)


def _inputs_of(kind: Kind[Any], values: Mapping[str, Any]) -> Values:
    return {name: value for name, value in values.items() if name in kind.shape.names}


def _unknown_outputs(
    kind: Kind[Any], inputs: Mapping[str, PropertyValue]
) -> dict[str, PropertyValue]:
    return {**inputs, **from_plain_map(dict.fromkeys(kind.outputs, UNKNOWN))}


def _identity(inputs: Mapping[str, Any]) -> str:
    return f"{inputs['estate']}/{inputs.get('name', 'lab')}"
