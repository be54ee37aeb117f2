"""What pulling second copies and putting them into buckets share: files, state and metrics."""

import argparse
import fcntl
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

NAME = "[0-9a-f]{64}"
TAKEN = re.compile(
    rf"config|(?:index|snapshots|keys)/{NAME}|data/(?P<two>[0-9a-f]{{2}})/(?P=two)[0-9a-f]{{62}}"
)
# Written in this order, what was cut off is a repository all the same, with older snapshots.
ORDER = ("config", "keys", "data", "index", "snapshots")
LARGEST_OCTETS = 4 * 1024**3
GAUGES = (
    ("bastide_copy_last_run_success", "ok", "Whether the newest run brought all of it."),
    (
        "bastide_copy_last_success_timestamp_seconds",
        "last_success",
        "When the newest run that brought all of it began.",
    ),
    (
        "bastide_copy_newest_timestamp_seconds",
        "newest",
        "When the newest snapshot of the copy came to the source.",
    ),
    (
        "bastide_copy_listed_timestamp_seconds",
        "listed",
        "When a bucket was asked last what it holds.",
    ),
    ("bastide_copy_snapshots", "snapshots", "How many snapshots the copy holds."),
    ("bastide_copy_gone_at_source", "gone", "How many of them the source does not have any more."),
    ("bastide_copy_refused_keys", "refused_keys", "Keys of the source that are not taken."),
    ("bastide_copy_covered_files", "covered", "Files that have another size than was put there."),
    ("bastide_copy_duration_seconds", "seconds", "How long the newest run took."),
    ("bastide_copy_pulled_bytes", "octets", "What the newest run brought."),
)


class CopyError(Exception):
    """A repository was not copied, or not whole; the text says why."""


class Run(Protocol):
    """Copies the repositories that are named, or all; 1 when one of them is not whole."""

    def __call__(self, names: Sequence[str], *, accept_keys: bool = False) -> int:
        """See the class; with `accept_keys` another password of a repository is meant."""


def command_line(
    program: str, description: str, run: Run, leave_metrics: Callable[[], None]
) -> int:
    """Read the command line of a program that copies, and do what it says."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("repositories", nargs="*", metavar="HOST/PLAN")
    parser.add_argument("--accept-keys", metavar="HOST/PLAN")
    parser.add_argument("--tell", action="store_true")
    options = parser.parse_args()
    try:
        if options.tell:
            leave_metrics()
            return 0
        if options.accept_keys:
            return run([options.accept_keys], accept_keys=True)
        return run(options.repositories)
    except CopyError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1


def copy_each(
    file: Path,
    chosen: Mapping[str, str],
    every: Sequence[str],
    copy: Callable[[str, dict[str, Any]], dict[str, Any]],
) -> int:
    """Copy the chosen of all repositories, and keep in a file what is known of each at once.

    `chosen` has the words that each is told with; `copy` gets what is known of one, and returns
    what is then. 1 when one of the chosen is not whole.
    """
    before = read_state(file)
    state = {name: before.get(name, {}) for name in every}
    for name, words in chosen.items():
        state[name] = found = copy(name, state[name])
        write_whole(file, json.dumps(state, indent=1) + "\n", 0o644)
        print(f"{name} {words}: {'well' if found['ok'] else found['error']}", flush=True)
    return 0 if all(state[name]["ok"] for name in chosen) else 1


def kind_of(name: str) -> int:
    """Return which place in ORDER a file of a repository has."""
    return ORDER.index(name.partition("/")[0])


def snapshots(names: Any) -> set[str]:
    """Return those names that are snapshots'."""
    return {name for name in names if name.startswith("snapshots/")}


def said(text: str) -> str:
    """Return the last words of a program that has ended."""
    return " / ".join(line.strip() for line in text.splitlines()[-4:] if line.strip())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a repository's folder, which retention holds as well."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read_state(path: Path) -> dict[str, Any]:
    """Return what is known of each copy."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_whole(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(mode)
    fresh.replace(path)


def tell(metrics: Path, state: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    """Write the metrics of copies, each with its labels; nothing but numbers is taken from state.

    The state is another account's.
    """
    lines = []
    for name, key, text in GAUGES:
        samples = []
        for copy, own in labels.items():
            value = state.get(copy, {}).get(key)
            if isinstance(value, int | float):
                samples.append(f"{name}{{{own}}} {float(value)}")
        if samples:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", *samples]
    if metrics.parent.is_dir():
        write_whole(metrics, "".join(f"{line}\n" for line in lines), 0o644)
