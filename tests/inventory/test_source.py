"""YAML with the line of every value: what is none is a Problem, what looks like a date is text."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.paths import SHIPPED_ESTATES
from inventory.problems import Problem
from inventory.source import Source, read_source, show_path


def read(folder: Path, text: str | bytes) -> Source | Problem:
    file = folder / "town.yml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_source(file)


@pytest.mark.parametrize(
    ("text", "line", "path", "message"),
    [
        (b"name: \xff\xfe", 0, "", "is not UTF-8 text (byte 6)"),
        ("", 1, "", "is empty"),
        ("# only a comment\n", 1, "", "is empty"),
        ("a: 1\nb: [\n", 3, "", "not YAML: "),
        ("a: 1\n---\nb: 2\n", 2, "", "not YAML: but found another document"),
        ("a: 1\nb: \x07\n", 2, "", "not YAML: holds the character 0x07"),
        ("a: !!python/name:os.x y\n", 1, "", "not YAML: could not determine a constructor"),
        ("? [a]\n: b\n", 1, "", "not YAML: found unhashable key"),
        ("[" * 500, 1, "", "is nested too deeply"),
        ("a: 1\nb: 2\na: 3\nb: 4\n", 3, "a", "the key stands twice"),
        ("a:\n  - {b: 1}\n  - b: 1\n    b: 2\n", 4, "b", "the key stands twice"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(
    text: str | bytes, line: int, path: str, message: str, tmp_path: Path
) -> None:
    problem = read(tmp_path, text)
    assert isinstance(problem, Problem)
    assert (problem.file, problem.line, problem.path) == (tmp_path / "town.yml", line, path)
    assert message in problem.message


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    problem = read_source(tmp_path / "town.yml")
    assert isinstance(problem, Problem)
    assert (problem.line, problem.path) == (0, "")
    assert problem.message == "cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None),
        ("null", None),
        ("", None),
        ("Null", "Null"),
        ("true", True),
        ("false", False),
        ("no", "no"),
        ("on", "on"),
        ("True", "True"),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("1.5", 1.5),
        ("-0.5", -0.5),
        ("+2.5", 2.5),
        ("1e3", "1e3"),
        ("0x1f", "0x1f"),
        ("12:30", "12:30"),
        ("2026-03-01", "2026-03-01"),
        ("1_000", "1_000"),
        ("'12'", "12"),
    ],
)
def test_a_value_is_what_it_looks_like_to_a_person(text: str, value: Any, tmp_path: Path) -> None:
    source = read(tmp_path, f"key: {text}\n")
    assert isinstance(source, Source)
    assert source.data == {"key": value}
    assert type(source.data["key"]) is type(value)


def test_every_value_has_its_line_and_a_missing_one_that_of_what_it_would_be_in(
    tmp_path: Path,
) -> None:
    source = read(
        tmp_path, "# a town\nhosts:\n  - id: app\n    roles:\n      - edge\n\n  - {id: b}\n"
    )
    assert isinstance(source, Source)
    assert source.lines == {
        (): 2,
        ("hosts",): 2,
        ("hosts", 0): 3,
        ("hosts", 0, "id"): 3,
        ("hosts", 0, "roles"): 4,
        ("hosts", 0, "roles", 0): 5,
        ("hosts", 1): 7,
        ("hosts", 1, "id"): 7,
    }
    assert source.line(("hosts", 0, "roles", 3)) == 4
    assert source.line(("hosts", 0, "roles", 3, "name")) == 4
    assert source.line(("sites",)) == 2
    assert Source(tmp_path, {}, {}).line(("sites",)) == 1


def test_a_path_is_written_as_people_write_it() -> None:
    assert show_path(("hosts", 1, "roles", 0)) == "hosts[1].roles[0]"
    assert show_path((0, "id")) == "[0].id"
    assert show_path(()) == ""


@pytest.mark.parametrize("file", sorted(SHIPPED_ESTATES.rglob("*.yml")), ids=lambda file: file.stem)
def test_both_parsers_read_the_same_from_the_same_lines(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = read_source(file)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert read_source(file) == fast
    assert isinstance(fast, Source)
