"""What the roles may be told: the options of their argument_specs, ours and the estate's own."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from inventory.paths import shipped
from inventory.source import PathKey

Option = Mapping[str, Any]
# What the inventory itself gives to every role: no setting may say something else.
INVENTORYS = "bastide_"
BOOLEAN = ("bool", "raw")
TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "path": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "raw": (object,),
}
WORDS = {
    "str": "text (put it in quotes)",
    "path": "a path",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping of keys",
}


def options(name: str, estate_folder: Path) -> Mapping[str, Option]:
    """Return the options of the role that an option's name begins with, `<role>_…`, by name.

    A role of the estate comes before one of ours. Empty when no role is called so.
    """
    for roles in role_folders(estate_folder):
        role = max((r for r in role_names(roles) if name.startswith(f"{r}_")), key=len, default="")
        if role:
            return _options(roles / role)
    return {}


def role_folders(estate_folder: Path) -> tuple[Path, ...]:
    """Return the folders that hold roles: the estate's own, then the shipped one."""
    return (estate_folder / "roles", shipped("playbooks") / "roles")


@cache
def role_names(roles: Path) -> tuple[str, ...]:
    """Return the names of the roles in a folder, sorted; none when there is no such folder."""
    return tuple(sorted(file.parts[-3] for file in roles.glob("*/meta/argument_specs.yml")))


def all_names(estate_folder: Path) -> tuple[str, ...]:
    """Return the name of every option that a setting may give, sorted."""
    names = (
        name
        for roles in role_folders(estate_folder)
        for role in role_names(roles)
        for name in _options(roles / role)
        if not name.startswith(INVENTORYS)
    )
    return tuple(sorted(names))


def mistakes(value: object, option: Option, here: PathKey = ()) -> Iterator[tuple[PathKey, str]]:
    """Yield where a value is not what an option takes, and what was expected there in words."""
    kind = str(option.get("type", "str"))
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind not in BOOLEAN):
        yield here, WORDS[kind]
        return
    choices = option.get("choices")
    if choices and value not in choices:
        yield here, f"one of: {', '.join(map(str, choices))}"
    if isinstance(value, list) and option.get("elements"):
        inner = {"type": option["elements"], "options": option.get("options")}
        for number, element in enumerate(value):
            yield from mistakes(element, inner, (*here, number))
    if isinstance(value, dict) and option.get("options"):
        yield from _keys(value, option["options"], here)


def _keys(
    value: Mapping[str, object], known: Mapping[str, Option], path: PathKey
) -> Iterator[tuple[PathKey, str]]:
    for key, own in value.items():
        if key not in known:
            yield (*path, key), f"one of the keys {', '.join(known)}"
        else:
            yield from mistakes(own, known[key], (*path, key))
    missing = [key for key, one in known.items() if one.get("required") and key not in value]
    if missing:
        yield path, f"the keys {', '.join(missing)} too"


@cache
def _options(role: Path) -> Mapping[str, Option]:
    text = (role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    specs = yaml.load(text, Loader=yaml.CSafeLoader)
    return dict(specs["argument_specs"]["main"].get("options") or {})
