"""Where a program cannot be built, one line says why, and nothing fails."""

from pathlib import Path

import pytest

from tests.oracles.programs import PROGRAMS, main


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of Go, first on PATH, and an empty cache."""
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("BASTIDE_CACHE_HOME", str(tmp_path / "cache" / "bastide"))
    return program


def write(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo go1.19.8", "is go1.19.8, 1.25 or newer is needed"),
        ("exit 1", "is broken, 1.25 or newer is needed"),
        (
            'test "$1" = env && echo go1.26 || { echo first >&2; echo no route >&2; exit 1; }',
            "no route",
        ),
    ],
)
def test_why_it_cannot_be_built_is_one_line(
    script: str, reason: str, go: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(go, script)

    main()

    lines = capsys.readouterr().out.splitlines()
    for program, line in zip(PROGRAMS, lines, strict=True):
        assert line.startswith(f"not held against {program.title}")
        assert line.endswith(reason)
    assert not list((tmp_path / "cache").rglob("*"))[1:]


def test_what_is_there_is_not_built_again(go: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(go, "exit 1")
    for program in PROGRAMS:
        program.executable.parent.mkdir(parents=True)
        program.executable.touch()

    main()

    said = capsys.readouterr().out
    assert [f"is {program.executable}" in said for program in PROGRAMS] == [True] * len(PROGRAMS)
    assert {program.executable.parent.name for program in PROGRAMS} == {
        f"{program.name}-{program.version}" for program in PROGRAMS
    }
