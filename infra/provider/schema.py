"""The package's schema, made from the drivers' tables of kinds and their own types."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from infra.driver.kind import Kind
from infra.provider.drivers import every_kind

NAME = "bastide"
VERSION = version("bastide")
Json = dict[str, Any]


def schema() -> Json:
    """Return the Pulumi package schema (https://www.pulumi.com/docs/iac/packages-and-automation/)."""
    types: Json = {}
    resources = {token: _resource(token, kind, types) for token, kind in every_kind().items()}
    return {
        "name": NAME,
        "version": VERSION,
        "description": "Hosts of municipalities: lab machines, simulated devices, existing hosts",
        "license": "Apache-2.0",
        "types": types,
        "resources": resources,
    }


def _resource(token: str, kind: Kind[Any], types: Json) -> Json:
    made = kind.shape.json_schema()
    package_module = token.rsplit(":", 1)[0]
    for name, definition in made.get("$defs", {}).items():
        types[f"{package_module}:{name}"] = _object(definition, package_module)
    body = _object(made, package_module)
    estate = {"estate": {"type": "string", "description": "the estate that it belongs to"}}
    inputs = {**estate, **body["properties"]}
    required = ["estate", *body["required"]]
    outputs = {
        name: {"type": output.type, "description": output.description}
        | ({"items": {"type": "string"}} if output.type == "array" else {})
        for name, output in kind.outputs.items()
    }
    return {
        "description": kind.summary,
        "inputProperties": inputs,
        "requiredInputs": required,
        "properties": {**inputs, **outputs},
        "required": [*required, *outputs],
    }


def _object(definition: Mapping[str, Any], package_module: str) -> Json:
    properties = definition.get("properties", {})
    return {
        "type": "object",
        "description": definition.get("description", ""),
        "properties": {name: _property(row, package_module) for name, row in properties.items()},
        "required": list(definition.get("required", [])),
    }


def _property(row: Mapping[str, Any], package_module: str) -> Json:
    """Return a property as Pulumi writes it: no null, no formats, its own references."""
    if "$ref" in row:
        return {"$ref": f"#/types/{package_module}:{row['$ref'].rsplit('/', 1)[1]}"}
    if "anyOf" in row:
        named = [choice for choice in row["anyOf"] if choice.get("type") != "null"]
        return _property(named[0], package_module)
    if row.get("type") == "array":
        return {"type": "array", "items": _property(row["items"], package_module)}
    return {"type": row["type"]}
