"""YAML files read with the line of every value, and without YAML 1.1's surprises."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from inventory.problems import Problem

PathKey = tuple[str | int, ...]


class PlainLoader(yaml.SafeLoader):
    """YAML's core schema only: `no` is text, `12:30` is text, a date is text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML reads it as a class attribute


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"^(~|null|)$", ["~", "n", ""]),
    ("tag:yaml.org,2002:bool", r"^(true|false)$", list("tf")),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("tag:yaml.org,2002:float", r"^[-+]?[0-9]+\.[0-9]+$", list("-+0123456789")),
):
    PlainLoader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


if yaml.__with_libyaml__:

    class FastLoader(yaml.CSafeLoader):
        """The same by libyaml, ten times as fast; what is wrong the other one says better."""

        yaml_implicit_resolvers = PlainLoader.yaml_implicit_resolvers


@dataclass(frozen=True, slots=True)
class Source:
    """One file's data with the line of each value (lines count from 1)."""

    file: Path
    data: Any
    lines: dict[PathKey, int]

    def line(self, path: PathKey) -> int:
        """Return the line of a path, or of its nearest parent that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def show_path(path: PathKey) -> str:
    """Return a path as people write it: `hosts[1].roles[0]`."""
    keys = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return keys.removeprefix(".")


def read_source(file: Path) -> Source | Problem:
    """Read one YAML file; a file that cannot be read is a Problem."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        return Problem(
            file, 0, "", f"cannot be read: {error.strerror}", "a readable file", "make it readable"
        )
    except UnicodeDecodeError as error:
        return Problem(
            file, 0, "", f"is not UTF-8 text (byte {error.start})", "UTF-8", "save it as UTF-8"
        )
    return _parse(file, text)


def _parse(file: Path, text: str) -> Source | Problem:
    if yaml.__with_libyaml__:
        with suppress(yaml.YAMLError, RecursionError):
            return _composed(file, FastLoader(text))
    try:
        loader = PlainLoader(text)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"not YAML: holds the character {error.character:#04x}"
        return Problem(file, line, "", message, "text without control characters", "remove it")
    try:
        return _composed(file, loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        message = f"not YAML: {error.problem}"
        return Problem(file, line, "", message, "well-formed YAML", "mend the syntax here")
    except RecursionError:
        return Problem(file, 1, "", "is nested too deeply", "a few levels", "flatten it")


def _composed(file: Path, loader: Any) -> Source | Problem:
    """Return a file's data and lines; YAMLError or RecursionError where there are none."""
    try:
        node = loader.get_single_node()
        if node is None:
            return Problem(file, 1, "", "is empty", "a mapping of keys", "see the lab's files")
        lines = dict(_lines(node, ()))
        double = next(_duplicates(node), None)
        if double:
            return Problem(
                file,
                double.start_mark.line + 1,
                str(double.value),
                "the key stands twice",
                "each key once",
                "remove or rename one of them",
            )
        return Source(file, loader.construct_document(node), lines)
    finally:
        loader.dispose()


def _lines(node: yaml.Node, path: PathKey) -> Iterator[tuple[PathKey, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield from _lines(value, inner)
            yield inner, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))


def _duplicates(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    yield key
                keys.add(key.value)
            yield from _duplicates(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _duplicates(value)
