"""A validation error becomes a Problem: line, path, what was expected, what to do."""

import difflib
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from inventory.problems import Problem
from inventory.scalars import SECRET_FIELDS
from inventory.source import PathKey, Source, show_path

EXPECTED: dict[str, tuple[str, str]] = {
    "missing": ("the key to be there", "add it"),
    "string_pattern_mismatch": ("text of the form {pattern}", "correct the value"),
    "enum": ("{expected}", "use one of these"),
    "ip_v4_address": ("an IP address such as 10.0.1.10", "correct the address"),
    "ip_v6_address": ("an IP address such as 10.0.1.10", "correct the address"),
    "ip_v4_network": ("a network such as 10.0.1.0/24", "correct it; host bits must be zero"),
    "ip_v6_network": ("a network such as 10.0.1.0/24", "correct it; host bits must be zero"),
    "date_from_datetime_parsing": ("a date such as 2027-03-31", "correct the date"),
    "date_from_datetime_inexact": ("a date such as 2027-03-31", "leave out the time of day"),
    "string_too_short": ("at least {min_length} characters", "say it so that others understand"),
    "too_short": ("at least {min_length}", "add what is missing"),
    "tuple_type": ("a list", "write it as a list, one `- ` a line"),
    "model_type": ("a mapping of keys", "write keys and values"),
    "model_attributes_type": ("a mapping of keys", "write keys and values"),
    "string_type": ("text", "put the value in quotes"),
    "community_missing": (
        "community: with a reference to it, such as file:/etc/bastide/secrets/community",
        "add community:, or leave out version: where the device knows SNMPv3",
    ),
    "keys_of_another_version": (
        "community: with versions 1 and 2c; user:, auth: and priv: with version 3",
        "remove what is not of its version, or correct version:",
    ),
    "int_parsing": ("a whole number", "correct the number"),
    "bool_parsing": ("true or false", "write true or false"),
}


def problem_of(error: ErrorDetails, source: Source, model: type[BaseModel]) -> Problem:
    """Return the Problem for one of pydantic's errors in a file of that model."""
    path = _path_in_file(error, source)
    if error["type"] == "extra_forbidden":
        return _unknown_key(path, source, model)
    context: Mapping[str, Any] = {"pattern": "", "expected": "", "min_length": 1}
    context = {**context, **error.get("ctx", {})}
    expected, action = EXPECTED.get(error["type"], (_lower(error["msg"]), "correct the value"))
    field = _field(model, path)
    described = field.description if field and error["type"] == "string_pattern_mismatch" else None
    value = error.get("input")
    found = f", found {value!r}" if isinstance(value, str | int | float) else ""
    message = f"{_lower(error['msg'])}{found}"
    if path and path[-1] in SECRET_FIELDS and error["type"] != "missing":
        message = "must be a reference, not the secret itself"
        described = described or "text: generated:NAME, env:NAME, file:/PATH or vault:FILE#KEY"
    return Problem(
        source.file,
        source.line(path),
        show_path(path),
        message,
        described or expected.format(**context),
        action,
    )


def _unknown_key(path: PathKey, source: Source, model: type[BaseModel]) -> Problem:
    owner = _model_at(model, path[:-1])
    allowed = sorted(owner.model_fields) if owner else []
    near = difflib.get_close_matches(str(path[-1]), allowed, n=1)
    action = f"did you mean `{near[0]}`?" if near else "remove it; `bastide inventory schema`"
    expected = f"one of: {', '.join(allowed)}"
    return Problem(source.file, source.line(path), show_path(path), "unknown key", expected, action)


def _path_in_file(error: ErrorDetails, source: Source) -> PathKey:
    """Return the path as it stands in the file, without the branches that pydantic adds."""
    path: PathKey = ()
    for part in error["loc"]:
        if (*path, part) in source.lines:
            path = (*path, part)
    return (*path, error["loc"][-1]) if error["type"] == "missing" else path


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _field(model: type[BaseModel], path: PathKey) -> FieldInfo | None:
    if path and isinstance(path[-1], int):
        path = path[:-1]
    owner = _model_at(model, path[:-1]) if path else None
    return owner.model_fields.get(str(path[-1])) if owner else None


def _model_at(model: type[BaseModel], path: PathKey) -> type[BaseModel] | None:
    here: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int) or here is None:
            continue
        field = here.model_fields.get(part)
        here = _inner_model(field.annotation) if field else None
    return here


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, Union, types.UnionType):
        return next((m for a in get_args(annotation) if (m := _inner_model(a))), None)
    return None
