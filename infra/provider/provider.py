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

from infra.driver.kind import Kind, Values
from infra.driver.shape import UNKNOWN
from infra.errors import failed
from infra.provider.drivers import every_kind, kind_of
from infra.provider.plain_values import from_plain_map, to_plain_map
from infra.provider.schema import schema

Report = Callable[[str, str], None]


class BastideProvider(pulumi_provider.Provider):
    """Looks a resource's kind up in the table and does what its row says, in a thread each."""

    def __init__(self, report: Report) -> None:
        """Keep the function that reports to a person, by URN, how far a long step is."""
        self._report = report

    async def get_schema(self, _request: GetSchemaRequest) -> GetSchemaResponse:
        """Return the package's schema as JSON."""
        return GetSchemaResponse(json.dumps(schema()))

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Return the inputs, or everything that is wrong with them."""
        errors = _kind(request.type).shape.errors(to_plain_map(request.new_inputs))
        failures = [CheckFailure(error.path, error.reason) for error in errors]
        return CheckResponse(request.new_inputs, failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Compare the inputs with what is recorded, and see whether that is stale."""
        return await asyncio.to_thread(_diff, request)

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Make the resource, or adopt it when it is there already."""
        inputs = to_plain_map(request.properties)
        if request.preview:
            return CreateResponse("", _unknown_outputs(_kind(request.type), request.properties))
        outputs = await self._ensure(request.type, request.urn, inputs)
        identity = _identity(_token(request.type), inputs)
        return CreateResponse(identity, from_plain_map({**inputs, **outputs}))

    async def read(self, request: ReadRequest) -> ReadResponse:
        """Find out what the resource is now; an empty answer when it is gone."""
        kind = _kind(request.type)
        inputs = _inputs_of(kind, to_plain_map({**request.properties, **request.inputs}))
        checked = kind.shape.read(inputs)
        outputs = await asyncio.to_thread(kind.read, checked.estate, checked.spec)
        if outputs is None:
            return ReadResponse()
        properties = from_plain_map({**inputs, **outputs})
        return ReadResponse(request.resource_id, properties, from_plain_map(inputs))

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
        await asyncio.to_thread(kind.delete, checked.estate, checked.spec)

    async def _ensure(self, type_chain: str, urn: str, inputs: Values) -> Values:
        kind = _kind(type_chain)
        checked, report = kind.shape.read(inputs), partial(self._report, urn)
        return await asyncio.to_thread(kind.ensure, checked.estate, checked.spec, report)


def _kind(type_chain: str) -> Kind[Any]:
    token = _token(type_chain)
    kind = kind_of(token)
    if kind is None:
        raise failed(
            f"resource type {token}",
            expected=f"one of {', '.join(sorted(every_kind()))}",
            found=token,
            advice="this version of the provider `bastide` knows no other",
        )
    return kind


def _token(type_chain: str) -> str:
    return type_chain.rsplit("$", 1)[-1]  # the SDK leaves the parents' types before it


def _diff(request: DiffRequest) -> DiffResponse:
    kind = _kind(request.type)
    old, new = to_plain_map(request.old_state), to_plain_map(request.new_inputs)
    names = kind.shape.names - kind.create_only
    changed = {name for name in names if _differs(old.get(name), new.get(name))}
    if UNKNOWN not in new.values():
        changed |= kind.stale(old)
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
    is_input = name in kind.shape.names
    change = "UPDATE"
    if is_input and (name in old) != (name in new):
        change = "ADD" if name in new else "DELETE"
    replace = "_REPLACE" if name in kind.replaces else ""
    return PropertyDiff(PropertyDiffKind[change + replace], input_diff=is_input)


def _inputs_of(kind: Kind[Any], values: Mapping[str, Any]) -> Values:
    return {name: value for name, value in values.items() if name in kind.shape.names}


def _unknown_outputs(
    kind: Kind[Any], inputs: Mapping[str, PropertyValue]
) -> dict[str, PropertyValue]:
    return {**inputs, **from_plain_map(dict.fromkeys(kind.outputs, UNKNOWN))}


def _identity(token: str, inputs: Mapping[str, Any]) -> str:
    """Return the resource's id; what has no name is there once an estate, and has its driver's."""
    driver = token.split(":")[1]
    return f"{inputs['estate']}/{inputs.get('name', driver)}"
