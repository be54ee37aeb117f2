"""A validation error becomes a Problem: line, path, what was expected, what to do."""

import difflib
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from inventory.model.fields import PROVIDERS
from inventory.problems import Problem
from inventory.scalars import FORMS, REFERENCE, SECRET_FIELDS, SECRET_MAPPING
from inventory.source import PathKey, Source, show_path

EXPECTED: dict[str, tuple[str, str]] = {
    "missing": ("the key to be there", "add it"),
    "enum": ("{expected}", "use one of these"),
    "literal_error": ("{expected}", "use one of these"),
    "ip_v4_address": ("an IP address such as 10.0.1.10", "correct the address"),
    "ip_v4_network": ("a network such as 10.0.1.0/24", "correct it; host bits must be zero"),
    "date_from_datetime_parsing": ("a date such as 2027-03-31", "correct the date"),
    "date_from_datetime_inexact": ("a date such as 2027-03-31", "leave out the time of day"),
    "string_too_short": ("at least {min_length} characters", "say it so that others understand"),
    "too_short": ("at least {min_length}", "add what is missing"),
    "tuple_type": ("a list", "write it as a list, one `- ` a line"),
    "model_type": ("a mapping of keys", "write keys and values"),
    "string_type": ("text", "put the value in quotes"),
    "community_missing": (
        "community: with a reference to it, such as file:/etc/bastide/secrets/community",
        "add community:, or leave out version: where the device knows SNMPv3",
    ),
    "keys_of_another_version": (
        "community: with versions 1 and 2c; user:, auth: and priv: with version 3",
        "remove what is not of its version, or correct version:",
    ),
    "host_key": (
        "a whole line, as in /etc/ssh/ssh_host_ed25519_key.pub",
        "paste the line again, all of it",
    ),
    "timezone": (
        "a name such as Europe/Belgrade or Etc/UTC",
        "correct the name (`timedatectl list-timezones`)",
    ),
    "everywhere": ("a network such as 10.0.1.0/24", "name the networks that are meant"),
    "nothing_to_back_up": ("paths:, database:, mariadb: or sqlite:", "say what is to be backed up"),
    "redirect_with_text": (
        "redirect: or text:; what it leads to is not asked for",
        "remove one, or make another service of the address that it leads to",
    ),
    "redirect_status": ("one of 301, 302, 303, 307 and 308", "correct the status, or remove it"),
    "threshold_order": ("a worse step that is less than the first", "correct one of the two"),
    "window_empty": ("two times of day", "correct start: or end:"),
    "window_order": ("an end that is later", "correct one of the two"),
    "window_long": (
        "an opening of at most 14 days, and repetition for at most a year",
        "end it earlier; what lasts longer is written anew",
    ),
    "one_time": ("once: or weekly:", "say when it is"),
    "one_source": ("template: or image:", "write one of the two"),
    "no_verify": ("a URI that checks keys or certificates", "remove no_verify, and log in once"),
    "no_date": ("a date such as 2027-01-16", "correct the date"),
    "int_parsing": ("a whole number", "correct the number"),
    "int_type": ("a whole number", "correct the number"),
    "bool_parsing": ("true or false", "write true or false"),
    "bool_type": ("true or false", "write true or false"),
}


def problems_of(
    error: ValidationError, source: Source, model: type[BaseModel]
) -> tuple[Problem, ...]:
    """Return what pydantic refused in a file of that model, one Problem a path."""
    details = error.errors()
    within = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    # A list whose only entry is refused counts as too short as well: that follows, it is no fault.
    own = [d for d in details if d["type"] != "too_short" or d["loc"] not in within]
    # Each branch of a union (IPv4, IPv6) has an error of its own: the first one speaks for all.
    problems = (_problem(detail, source, model) for detail in reversed(own))
    return tuple({problem.path: problem for problem in problems}.values())


def _problem(error: ErrorDetails, source: Source, model: type[BaseModel]) -> Problem:
    path = _path_in_file(error, source)
    if error["type"] == "extra_forbidden":
        return _unknown_key(path, source, model)
    message, expected, action = _message(error), *_advice(error)
    if path and path[-1] == "provider" and error["type"] == "enum":
        expected = PROVIDERS
        action = "machines that something else makes are `existing`, once they run"
    if _is_secret(path) and error["type"] != "missing":
        message = "must be a reference, not the secret itself"
        expected = FORMS[REFERENCE]
    return Problem(source.file, source.line(path), show_path(path), message, expected, action)


def _is_secret(path: PathKey) -> bool:
    """Whether a reference to a secret belongs there; in a mapping of them, under any key."""
    return bool(path) and (path[-1] in SECRET_FIELDS or path[-2:-1] == (SECRET_MAPPING,))


def _message(error: ErrorDetails) -> str:
    pattern = error["type"] == "string_pattern_mismatch"
    message = "is not of the form that is expected" if pattern else _lower(error["msg"])
    value = error.get("input")
    return f"{message}, found {value!r}" if isinstance(value, str | int | float) else message


def _advice(error: ErrorDetails) -> tuple[str, str]:
    """Return what was expected, and what to do."""
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        form = context["pattern"]
        return FORMS.get(form, f"text that matches {form}"), "correct the value"
    expected, action = EXPECTED.get(error["type"], (_lower(error["msg"]), "correct the value"))
    return expected.format(**context), action


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
    if get_origin(annotation) in (tuple, Annotated, Union, types.UnionType):
        return next((m for a in get_args(annotation) if (m := _inner_model(a))), None)
    return None
