"""What undoing a run would do, and what speaks against it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import snapshot, states
from .packages import removable
from .record import LISTING, Key, RecordError, Records, Thing, bootstrap, differences, originals

PYTHON = "python3"
NOT_IN_FORCE = "{run} is undone already, by {by}"


@dataclass(frozen=True)
class Plan:
    """The things to put back, the first touched first, with the folder that has their bytes.

    `refusals` are why it should not be done; `stays` is what cannot be put back at all.
    """

    things: tuple[Thing, ...] = ()
    folders: dict[Key, Path] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


def undone(records: Records) -> dict[str, str]:
    """Return the runs that are not in force any more, each with the run that has undone it."""
    gone: dict[str, str] = {}
    for run in reversed(records.runs()):
        target = records.undoes(run)
        if target and run not in gone and records.undoes_all(run):
            gone[target] = run
    return gone


def later(records: Records, run: str) -> list[str]:
    """Return the later runs whose changes are still in force."""
    gone = undone(records)
    return [
        name
        for name in records.runs()
        if name > run and name not in gone and records.undoes(name) < run
    ]


def of_run(records: Records, run: str) -> Plan:
    """Return how one run is undone; RecordError when its record cannot be read."""
    folder = records.root / run
    things = dict(records.things(run))
    for thing in differences(folder):
        things.setdefault(thing.key, thing)
    gone = undone(records)
    if run in gone:
        return Plan(refusals=(NOT_IN_FORCE.format(run=run, by=gone[run]),))
    refusals = [*_touched_later(records, run, things)]
    return _plan(things, dict.fromkeys(things, folder), refusals)


def of_all(records: Records) -> Plan:
    """Return how everything that any run changed is undone."""
    things, folders = originals(records)
    names = bootstrap(records)
    if PYTHON not in names:
        # Before any record: one that undoes has found them there.
        for thing in (Thing("package", name, states.ABSENT) for name in names):
            things[thing.key] = thing
            folders.setdefault(thing.key, records.root)
    for run in records.runs():
        # One that undoes lists what it finds: what it has put back since is no change.
        if (records.root / run / LISTING).exists() and not records.undoes(run):
            for thing in differences(records.root / run):
                things.setdefault(thing.key, thing)
                folders.setdefault(thing.key, records.root / run)
    found = _plan(things, folders, [])
    kept = (f"package {PYTHON}: this runs by it; by hand: apt-get purge {' '.join(names)}",)
    return replace(found, stays=(*found.stays, *kept)) if PYTHON in names else found


def _touched_later(records: Records, run: str, things: Collection[Key]) -> Iterator[str]:
    for other in later(records, run):
        try:
            both = [key for key in records.things(other) if key in things]
        except RecordError as error:
            yield f"{error}; whether {other} changed the same cannot be told"
            continue
        for kind, name in both:
            yield f"{name} ({kind}): changed again by {other}; undo that run first"


def _plan(things: dict[Key, Thing], folders: dict[Key, Path], refusals: list[str]) -> Plan:
    now = {key: states.READERS[key[0]](key[1]) for key in things}
    damaged = {key: damage for key in things if (damage := damage_of(things[key], folders[key]))}
    differing = [t for key, t in things.items() if now[key] != t.before and key not in damaged]
    refusals += damaged.values()
    refusals += [
        f"{thing.name}: {someone(thing)}"
        for thing in differing
        if thing.kind == "file" and now[thing.key] != thing.after
    ]
    staying = dict(_staying(differing, now))
    wanted = [
        thing
        for key, thing in things.items()
        if (thing in differing and key not in staying) or (differing and is_to_restart(thing))
    ]
    stays = (*damaged.values(), *staying.values())
    return Plan(tuple(wanted), folders, tuple(refusals), stays)


def _staying(things: Sequence[Thing], now: Mapping[Key, str]) -> Iterator[tuple[Key, str]]:
    """Yield the packages that cannot be put back, with the reason."""
    packages = [thing for thing in things if thing.kind == "package"]
    for thing in packages:
        if states.ABSENT not in (thing.before, now[thing.key]):
            version = now[thing.key]
            yield thing.key, f"package {thing.name} {version}: was {thing.before}, apt has one only"
    made = [thing.name for thing in packages if thing.before == states.ABSENT]
    for name, users in removable(made).items():
        yield ("package", name), f"package {name}: needed by {', '.join(users)}"


def is_to_restart(thing: Thing) -> bool:
    """Whether a thing is a unit that runs, and was made to read its settings anew."""
    return thing.kind == "unit" and thing.before.startswith("active") and "how" in thing.detail


def someone(thing: Thing) -> str:
    """Return why a file that is not as its run left it is not put back unasked."""
    if thing.after:
        return "no longer what the run left; somebody has changed it since"
    return "the run was cut off here, so nobody can tell who wrote what is there"


def damage_of(thing: Thing, folder: Path) -> str:
    """Return why a file's kept bytes are not what they were, if they are not."""
    if thing.detail.get("kind") != "file":
        return ""
    blob = folder / str(thing.detail["number"])
    try:
        same = thing.before.endswith(states.digest(blob))
    except OSError:
        same = False
    return "" if same else f"{thing.name}: what was kept of it is damaged"


def kept_state(thing: Thing) -> snapshot.State:
    """Return the state that a file's record keeps."""
    names = snapshot.State.__dataclass_fields__
    state = snapshot.of_json({k: v for k, v in thing.detail.items() if k in names})
    return replace(state, path=thing.name)
