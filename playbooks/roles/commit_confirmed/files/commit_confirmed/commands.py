"""Commands of a plan, run without a shell, each with an end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SECONDS = 30.0


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
        raise CommandFailedError(f"{' '.join(words)}: not done in {SECONDS:.0f} s") from None
    except OSError as error:
        raise CommandFailedError(f"{words[0]}: {error.strerror or error}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise CommandFailedError(f"{' '.join(words)}: {said or f'exit {done.returncode}'}")
    return done.stdout


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
