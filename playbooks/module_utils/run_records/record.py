"""The record of a run: what each thing was like before the run first changed it.

A run's folder has a line a thing in `things.jsonl`, written before the thing is changed, and the
bytes of files beside it, under the line's number. What is forgotten of old runs leaves the first
state of each thing in the folder `original`. All of it is root's alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from errno import ENOSPC
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from . import snapshot, states

ROOT = Path("/var/lib/bastide/runs")
ORIGINAL = "original"
THINGS = "things.jsonl"
UNDOES = "undoes"
INCOMPLETE = "incomplete"
LISTING = "packages.json"
# Beside the records, written before there was a Python to write any: a package's name a line.
BOOTSTRAP = "python-packages"
RUN = re.compile(r"^[0-9]{8}T[0-9]{6}Z-[0-9a-z]{4,16}$")
RUNS_KEPT = 60
BYTES_KEPT = 64 << 20
# Room that is left to the host when a record is written.
SPARE_BYTES = 4 << 20

# Of every module that changes something: the run that it is part of; without one none is recorded.
ARGUMENTS = {
    "run": {"type": "str", "default": ""},
    "records": {"type": "path", "default": str(ROOT)},
}

Key = tuple[str, str]


class RecordError(Exception):
    """A record cannot be written or read; nothing was changed."""


@dataclass(frozen=True)
class Thing:
    """A thing before and after a run; `after` is empty where the run was cut off before it told.

    `detail` is a file's whole state, or how a unit was touched.
    """

    kind: str
    name: str
    before: str
    after: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What the thing is told from others by."""
        return self.kind, self.name


def read(folder: Path) -> dict[Key, Thing]:
    """Return a run's things in the order they were first touched; RecordError: damaged.

    A last line without its end was cut off while it was written: its change was not begun.
    """
    things: dict[Key, Thing] = {}
    try:
        lines = (folder / THINGS).read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{folder / THINGS}: cannot be read: {error}") from None
    for number, line in enumerate(lines[:-1], 1):
        try:
            thing = Thing(**json.loads(line))
        except (ValueError, TypeError):
            raise RecordError(f"{folder / THINGS}, line {number}: damaged") from None
        first = things.get(thing.key, thing)
        detail = {**first.detail, **thing.detail}
        things[thing.key] = replace(first, after=thing.after, detail=detail)
    return things


@dataclass(frozen=True)
class Records:
    """The records of a host."""

    root: Path = ROOT

    def runs(self) -> list[str]:
        """Return the runs that have a record, the oldest first."""
        try:
            return sorted(path.name for path in self.root.iterdir() if RUN.match(path.name))
        except FileNotFoundError:
            return []

    def things(self, run: str) -> dict[Key, Thing]:
        """Return what a run changed."""
        return read(self.root / run)

    def undoes(self, run: str) -> str:
        """Return which run another one has undone, whole or in part, if that is what it did."""
        return self._marks(run)[0]

    def undoes_all(self, run: str) -> bool:
        """Whether a run that undoes another one could put everything back."""
        return INCOMPLETE not in self._marks(run)

    def _marks(self, run: str) -> list[str]:
        try:
            return (self.root / run / UNDOES).read_text(encoding="utf-8").split() or [""]
        except FileNotFoundError:
            return [""]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let nobody else write meanwhile."""
        make(self.root)
        with (self.root / "lock").open("w") as lock:
            flock(lock, LOCK_EX)
            yield


def make(folder: Path) -> None:
    """Make a folder that only root enters; those above are everybody's to pass."""
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


@dataclass(frozen=True)
class Record:
    """The record that a run writes; each method writes before the caller changes anything.

    Raises RecordError when it cannot be written, the disk being full: then nothing may be changed.
    `durable`: whether the disk has it before the caller goes on, so that it outlives a power cut.
    """

    records: Records
    run: str
    durable: bool = True

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.records.root / self.run

    def files(self, wanted: Mapping[str, str], **detail: str) -> list[Key]:
        """Keep files, links and folders by path, each with the state that it is to get.

        Returns what was kept: these, and the folders above that are not there yet.
        """
        with self._writing(sum(size(Path(path)) for path in wanted)) as known:
            number = next_number(known)
            paths = list(map(str, snapshot.with_missing_parents(map(Path, wanted))))
            for path in paths:
                after = wanted.get(path, states.file_state("folder", 0o755, 0, 0))
                if (first := known.get(("file", path))) is not None:
                    self._append(replace(first, after=after, detail={}))
                else:
                    self._append(self._kept(Path(path), number, after, detail))
                    number += 1
        return [("file", path) for path in paths]

    def _kept(self, path: Path, number: int, after: str, detail: Mapping[str, str]) -> Thing:
        state = snapshot.look(path, number)
        if state.kind == "file":
            snapshot.copy(path, self.folder / str(number), durable=self.durable)
        before = states.of_file(str(path))
        return Thing("file", str(path), before, after, {**state.as_json(), **detail})

    def others(self, kind: str, wanted: Mapping[str, str], **detail: str) -> list[Key]:
        """Keep things that are no files, by name, each with the state that it is to get."""
        with self._writing(0) as known:
            for name, after in wanted.items():
                first = known.get((kind, name))
                before = first.before if first else states.READERS[kind](name)
                self._append(Thing(kind, name, before, after, dict(detail)))
        return [(kind, name) for name in wanted]

    def adopt(self, things: Iterable[Thing], folder: Path) -> None:
        """Take things as somebody else has kept them, the bytes of files in a folder of theirs."""
        with self._writing(0) as known:
            number = next_number(known)
            for thing in things:
                if (first := known.get(thing.key)) is not None:
                    self._append(replace(first, after=thing.after, detail={}))
                    continue
                detail = thing.detail
                if "number" in detail:
                    if detail["kind"] == "file":
                        blob = folder / str(detail["number"])
                        snapshot.copy(blob, self.folder / str(number), durable=self.durable)
                    detail, number = {**detail, "number": number}, number + 1
                self._append(replace(thing, detail=detail))

    def listing(self) -> None:
        """Keep which packages and accounts there are, before apt changes what it decides itself."""
        with self._writing(0):
            if not (self.folder / LISTING).exists():
                write(self.folder / LISTING, json.dumps(states.listing()))

    def listed(self) -> None:
        """Write down which packages and accounts have come, gone or changed since the listing."""
        with self._writing(0) as known:
            for thing in differences(self.folder):
                if thing.key not in known:
                    self._append(thing)
            (self.folder / LISTING).unlink(missing_ok=True)
            self._forget(set())

    def ended(self, keys: Iterable[Key]) -> None:
        """Write down what became of things, and forget those that are as they were."""
        with self._writing(0) as known:
            now = {key: states.READERS[key[0]](key[1]) for key in keys}
            for key, state in now.items():
                if state != known[key].before:
                    self._append(replace(known[key], after=state, detail={}))
            self._forget({key for key, state in now.items() if state == known[key].before})

    def _forget(self, keys: set[Key]) -> None:
        things = read(self.folder)
        kept = [thing for key, thing in things.items() if key not in keys]
        if not kept and not any((self.folder / name).exists() for name in (UNDOES, LISTING)):
            shutil.rmtree(self.folder)
        elif keys:
            write(self.folder / THINGS, "".join(map(line_of, kept)))
            for number in (things[key].detail.get("number") for key in keys):
                if number is not None:
                    (self.folder / str(number)).unlink(missing_ok=True)

    @contextmanager
    def _writing(self, wanted: int) -> Iterator[dict[Key, Thing]]:
        """Give what the run has kept so far, while nobody else writes."""
        try:
            with self.records.locked():
                if not self.folder.exists():
                    prune(self.records)
                    make(self.folder)
                enough_room(self.records.root, wanted)
                mend(self.folder / THINGS)
                yield read(self.folder)
                if self.durable and self.folder.exists():
                    snapshot.sync(self.folder)
                    snapshot.sync(self.records.root)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            what = getattr(error, "filename", None) or self.folder
            raise RecordError(
                f"what is there cannot be kept ({what}: {reason}); it was not changed"
            ) from None

    def _append(self, thing: Thing) -> None:
        with (self.folder / THINGS).open("a", encoding="utf-8") as file:
            file.write(line_of(thing))
            file.flush()
            if self.durable:
                os.fsync(file.fileno())


def of(parameters: Mapping[str, Any]) -> Record | None:
    """Return the record that a module's parameters name; None for a run without one."""
    run = parameters["run"]
    if run and not RUN.match(run):
        raise RecordError(f"{run}: expected a run such as 20261127T161500Z-k3f9")
    return Record(Records(Path(parameters["records"])), run) if run else None


def next_number(things: Mapping[Key, Thing]) -> int:
    """Return a number under which no file's bytes lie yet."""
    return 1 + max((thing.detail.get("number", 0) for thing in things.values()), default=0)


def line_of(thing: Thing) -> str:
    """Return a thing as a line of the record."""
    return json.dumps(asdict(thing)) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file whole; the disk has it afterwards."""
    beside = path.with_name(f".{path.name}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def mend(path: Path) -> None:
    """Cut off what a writer that was killed has left of a line."""
    with suppress(FileNotFoundError), path.open("rb+") as file:
        file.truncate(file.read().rfind(b"\n") + 1)


def size(path: Path) -> int:
    """Return how many bytes keeping a path takes."""
    return path.stat().st_size if path.is_file() and not path.is_symlink() else 0


def enough_room(root: Path, wanted: int) -> None:
    """Make sure that the disk takes what is kept and some more; OSError when it does not."""
    free = shutil.disk_usage(root).free
    if free < wanted + SPARE_BYTES:
        raise OSError(ENOSPC, f"{free >> 10} KiB free, {(wanted + SPARE_BYTES) >> 10} needed", root)


def differences(folder: Path) -> list[Thing]:
    """Return packages, accounts and groups that are not as a run's listing has them.

    Of apt's marks those that went: a new one goes with its package.
    """
    try:
        before = json.loads((folder / LISTING).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError):
        raise RecordError(f"{folder / LISTING}: damaged") from None
    return [
        Thing(kind, name, before[kind].get(name, states.ABSENT), now.get(name, states.ABSENT))
        for kind, now in states.listing().items()
        if kind in before  # another version's listing has none of marks
        for name in sorted({*before[kind], *(() if kind == "mark" else now)})
        if before[kind].get(name) != now.get(name)
    ]


def originals(records: Records) -> tuple[dict[Key, Thing], dict[Key, Path]]:
    """Return what each thing was before any run, and in which folder its bytes are."""
    things: dict[Key, Thing] = {}
    folders: dict[Key, Path] = {}
    for name in (ORIGINAL, *records.runs()):
        unfinished = bool(records.undoes(name)) and not records.undoes_all(name)
        for key, thing in read(records.root / name).items():
            first = things.setdefault(key, thing)
            folders.setdefault(key, records.root / name)
            # Undoing is written down before it is done, and the host may have taken it back.
            reverted = unfinished and states.READERS[thing.kind](thing.name) == thing.before
            things[key] = replace(first, after=thing.before if reverted else thing.after)
    return things, folders


def bootstrap(records: Records) -> list[str]:
    """Return the packages that were installed so that Ansible could work at all."""
    try:
        return (records.root.parent / BOOTSTRAP).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []


def prune(records: Records) -> None:
    """Forget the oldest runs where they are too many or too big; their first states stay."""
    runs = records.runs()
    sizes = {run: sum(size(path) for path in (records.root / run).iterdir()) for run in runs}
    while runs and (len(runs) >= RUNS_KEPT or sum(sizes[run] for run in runs) > BYTES_KEPT):
        # One that is damaged stays to be looked at, and keeps nobody from working.
        with suppress(RecordError):
            forget(records, runs.pop(0))


def forget(records: Records, run: str) -> None:
    """Move what no older record has of a run to the originals, and remove the run."""
    folder, original = records.root / run, records.root / ORIGINAL
    make(original)
    mend(original / THINGS)
    known = read(original)
    number = next_number(known)
    for key, thing in read(folder).items():
        first = known.get(key)
        kept = replace(first or thing, after=thing.after)
        if first is None and "number" in thing.detail:
            (original / str(number)).unlink(missing_ok=True)
            with suppress(FileNotFoundError):
                (original / str(number)).hardlink_to(folder / str(thing.detail["number"]))
            kept = replace(kept, detail={**thing.detail, "number": number})
            number += 1
        known[key] = kept
    write(original / THINGS, "".join(map(line_of, known.values())))
    shutil.rmtree(folder)
