"""Commands of a plan, run without a shell, each with an end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SECONDS = 30.0
LONGEST_WORD = 80


class CommandFailedError(Exception):
    """A command of a plan failed, hung, or is not there."""


def run(command: Sequence[str], files: Mapping[str, Path] = {}) -> bytes:
    """Run a command, `{NAME}` in it replaced by that file; return its output."""
    words = [filled(word, files) for word in command]
    try:
        done = subprocess.run(
            words, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise CommandFailedError(f"{shown(words)}: not done in {SECONDS:.0f} s") from None
    except OSError as error:
        raise CommandFailedError(f"{words[0]}: {error.strerror or error}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise CommandFailedError(f"{shown(words)}: {said or f'exit {done.returncode}'}")
    return done.stdout


def shown(words: Iterable[str]) -> str:
    """Return a command as an error names it; of a word that is a program, its beginning."""
    lines = (word.strip().partition("\n")[0] for word in words)
    return " ".join(
        line if len(line) <= LONGEST_WORD else f"{line[:LONGEST_WORD]}…" for line in lines
    )


def filled(word: str, files: Mapping[str, Path]) -> str:
    """Return a word with the names of captured files replaced; other braces stay."""
    for name, path in files.items():
        word = word.replace(f"{{{name}}}", str(path))
    return word


def run_all(commands: Iterable[Sequence[str]], files: Mapping[str, Path] = {}) -> list[str]:
    """Run commands to the last, whatever fails; return what failed."""
    problems = []
    for command in commands:
        try:
            run(command, files)
        except CommandFailedError as error:
            problems.append(str(error))
    return problems
