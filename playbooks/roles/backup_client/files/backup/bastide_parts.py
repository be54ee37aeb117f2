"""What a snapshot holds, in parts that are fetched one after the other, and how far that is.

restic 0.14 fetches a file anew although it is there, and only at the very end gives files their
owners and times: so a restore that was cut off goes on at the first part that was not whole.
"""

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

# Each part costs a start of restic; so much is lost at most when a restore is cut off.
PART_BYTES = 1 << 30
MOST_PARTS = 50
# A folder with more names is not taken apart, nor are more patterns given to restic at once.
MOST_NAMES = 500
TICK_SECONDS = 2.0
WHOLE = ("/",)
# What stands for a name that is no text: as a pattern it would match nothing.
NO_TEXT = "\ufffd"
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")

Sizes = dict[str, int]


def contents(restic: Callable[..., str], snapshot: str) -> Sizes:
    """Return every path of a snapshot with its size in octets, 0 for what is no file."""
    lines = restic("ls", "--json", "--no-lock", snapshot).split("\n")[1:]
    nodes = (json.loads(line) for line in lines if line)
    return {node["path"]: node.get("size", 0) for node in nodes}


def is_below(path: str, tops: Sequence[str]) -> bool:
    """Whether a path is one of `tops` or lies in one."""
    return any(path == top or path.startswith(f"{top.rstrip('/')}/") for top in tops)


def size_of(sizes: Sizes, tops: Sequence[str]) -> int:
    """Return how many octets lie in `tops` together."""
    return sum(size for path, size in sizes.items() if is_below(path, tops))


@dataclass(slots=True)
class Part:
    """Files, and folders with all that is in them, that are fetched together."""

    octets: int = 0
    paths: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Return it as one line, which another run tells it by."""
        return json.dumps([self.octets, *self.paths])


def octets_of(line: str) -> int:
    """Return how much was in a part that was written as a line."""
    return int(json.loads(line)[0])


def parts(sizes: Sizes, tops: Sequence[str]) -> list[Part]:
    """Return what to fetch, in order: the same for the same snapshot."""
    below, weight = _tree(sizes)
    most = max(PART_BYTES, sum(weight[top] for top in tops) // MOST_PARTS)

    def pieces(path: str) -> Iterator[str]:
        inside = below.get(path, [])
        apart = 0 < len(inside) <= MOST_NAMES and not any(NO_TEXT in one for one in inside)
        if weight[path] <= most or not apart:
            yield path
            return
        for one in inside:
            yield from pieces(one)

    packed = [Part()]
    for piece in (piece for top in tops for piece in pieces(top)):
        full = packed[-1].octets + weight[piece] > most or len(packed[-1].paths) >= MOST_NAMES
        if full and packed[-1].paths:
            packed.append(Part())
        packed[-1].paths.append(piece)
        packed[-1].octets += weight[piece]
    return packed


def _tree(sizes: Sizes) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return what lies directly in each folder, and how many octets are in each path in all."""
    below: dict[str, list[str]] = defaultdict(list)
    weight: dict[str, int] = defaultdict(int)
    for path, size in sizes.items():
        below[str(PurePosixPath(path).parent)].append(path)
        for one in (path, *map(str, PurePosixPath(path).parents)):
            weight[one] += size
    return below, weight


def patterns(paths: Sequence[str]) -> list[str]:
    """Return restic's arguments for some paths; none for all of the snapshot."""
    if tuple(paths) == WHOLE:
        return []
    escaped = (re.sub(r"([\\*?\[\]])", r"\\\1", path) for path in paths)
    return [word for path in escaped for word in ("--include", path)]


def written(process: int) -> int:
    """Return how many octets a process has written until now; 0 where that is not told.

    restic 0.14 does not say how far a restore is.
    """
    try:
        found = re.search(r"^wchar: (\d+)$", Path(f"/proc/{process}/io").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


@dataclass(slots=True)
class Ticks:
    """Says every other second how far a step is, how fast it goes and how long it still takes."""

    doing: str
    total: int
    say: Callable[[str], None]
    done: int = 0
    began: float = field(default_factory=time.monotonic)
    told: float = field(default_factory=time.monotonic)
    before: int = field(init=False)

    def __post_init__(self) -> None:
        """Keep what was done before: it says nothing of how fast it goes now."""
        self.before = self.done

    def add(self, octets: int) -> None:
        """Take note of what was done since, and tell it."""
        self.done += octets
        self.at(0)

    def at(self, more: int) -> None:
        """Tell how far it is: `more` octets than was taken note of."""
        now = time.monotonic()
        if now - self.told < TICK_SECONDS:
            return
        self.told = now
        done = min(self.done + more, self.total)
        rate = (done - self.before) / (now - self.began)
        left = f", {duration((self.total - done) / rate)} left" if rate else ""
        self.say(f".. {self.doing} {size(done)} of {size(self.total)}, {size(rate)}/s{left}")


def size(octets: float) -> str:
    """Return a number of octets as people read it."""
    number = 0
    while octets >= 1024 and number < len(UNITS) - 1:
        octets, number = octets / 1024, number + 1
    return f"{octets:.{1 if number and octets < 100 else 0}f} {UNITS[number]}"


def duration(seconds: float) -> str:
    """Return a duration as people read it: seconds, minutes, then hours and minutes."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
