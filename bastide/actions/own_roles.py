"""What an estate's own role takes: its argument_specs, and the defaults that must agree."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inventory.problems import Problem
from inventory.source import Source, read_source

SPECS = "meta/argument_specs.yml"
DEFAULTS = "defaults/main.yml"


def find_argument_problems(role: Path) -> Iterator[Problem]:
    """Yield what is wrong with a role's argument_specs, and where its defaults differ from them."""
    file = role / SPECS
    if not file.is_file():
        expected = "argument_specs.main.options with each variable, its type and default"
        yield Problem(
            file, 0, "", "is not there: nobody can tell what it takes", expected, "add it"
        )
        return
    specs = read_source(file)
    if isinstance(specs, Problem):
        yield specs
        return
    options = _options(specs.data)
    for name, option in options.items():
        if not name.startswith((f"{role.name}_", "bastide_")):
            expected = f"{role.name}_NAME, or bastide_NAME of the inventory"
            yield _at(specs, name, "could be another role's", expected, "rename it")
        if not option.get("type") or not option.get("description"):
            yield _at(specs, name, "is not explained", "type: and description:", "add them")
    yield from _defaults(role, options)


def _defaults(role: Path, options: dict[str, dict[str, Any]]) -> Iterator[Problem]:
    if not (role / DEFAULTS).is_file():  # on the operations host, or there are none
        return
    defaults = read_source(role / DEFAULTS)
    if isinstance(defaults, Problem):
        yield defaults
        return
    declared = {name: option["default"] for name, option in options.items() if "default" in option}
    given = defaults.data if isinstance(defaults.data, dict) else {}
    for name in sorted({*declared, *given}):
        if (name in given, given.get(name)) != (name in declared, declared.get(name)):
            expected = f"the default in {SPECS}: {declared.get(name, 'none')!r}"
            yield _at(defaults, name, f"is {given.get(name)!r}", expected, "make the two agree")


def _options(data: Any) -> dict[str, dict[str, Any]]:
    for key in ("argument_specs", "main", "options"):
        data = data.get(key) if isinstance(data, dict) else None
    options = data if isinstance(data, dict) else {}
    return {name: o if isinstance(o, dict) else {} for name, o in options.items()}


def _at(source: Source, name: str, message: str, expected: str, action: str) -> Problem:
    lines = {path[-1]: line for path, line in source.lines.items() if path}
    return Problem(source.file, lines.get(name, 1), name, message, expected, action)
