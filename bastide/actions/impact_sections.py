"""What the page of an impact says, section by section, whatever form it takes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bastide.actions.changes import Changes, FileChange, UnitChange
from monitors.inspection.impact import Cut, Impact

CUTS = (
    ("Logins that would be cut off", "logins", "none of those that were read"),
    ("Ports that would be closed", "ports", "none of those that listen"),
    ("Forwarding that would be cut", "forwarding", "none that was found"),
    ("Addresses and routes that would end", "routes", "none that was found"),
)
OF_INTERFACE = re.compile(r"(net\.ipv[46]\.conf)\.(.+)\.(\w+)")
# What takes the place of something that is there is read first.
ORDER = ("removed", "replaced", "access changed")


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the page, what belongs below it, and a diff."""

    what: str
    notes: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its items, or what is said when there are none.

    `kind` is how HTML shows it: `grave` stands out, of `dense` each item is a line to be unfolded.
    """

    heading: str
    items: tuple[Item, ...]
    nothing: str = ""
    kind: str = ""


def title(impact: Impact) -> str:
    """Return the headline: the host, the level, and whether somebody is cut off."""
    said = "would cut off what is named below" if impact.cuts else "cuts nobody off that was read"
    return f"{impact.host}: the level {impact.level.value} {said}"


def counts(changes: Changes) -> str:
    """Return in one sentence how much would change."""
    written = [file for file in changes.files if file.action != "access changed"]
    replaced = sum(file.action in ("replaced", "removed") for file in written)
    packages = {
        action: sum(package.action == action for package in changes.packages)
        for action in ("installed", "upgraded", "removed")
    }
    cut_short = " The check ended early: more is to come." if changes.refused else ""
    return (
        f"Would write {len(written)} files and folders, {replaced} of them in place of "
        f"what is there; install {packages['installed']} packages, upgrade {packages['upgraded']}, "
        f"remove {packages['removed']}; restart or stop "
        f"{sum(map(_interrupts, changes.units))} units that run now.{cut_short}"
    )


def sections(impact: Impact, changes: Changes | None) -> Iterator[Section]:
    """Yield the sections in the order in which they matter to who decides."""
    for heading, name, nothing in CUTS:
        cuts: tuple[Cut, ...] = getattr(impact, name)
        items = tuple(Item(cut.what, (f"why: {cut.why}", f"do: {cut.keep}")) for cut in cuts)
        yield Section(heading, items, nothing, kind="grave")
    if changes and changes.refused:
        ended = "What ended the check: all that comes after it is not known"
        yield Section(ended, _items(changes.refused), kind="grave")
    if changes:
        known = _changed(changes)
        yield from (s for s in known if s.items or not changes.refused)
    unknown = (*impact.unknown, *(changes.unpredictable if changes else ()))
    for heading, lines in (("Logged in now", impact.sessions), ("Not known", unknown)):
        if lines:
            yield Section(heading, _items(lines))


def _changed(changes: Changes) -> Iterator[Section]:
    none = "none"
    by_action = {action: [f for f in changes.files if f.action == action] for action in ORDER}
    taken = [_file(file) for files in by_action.values() for file in files]
    new = [_file(file) for file in changes.files if file.action not in ORDER]
    yield Section("Files replaced, changed or removed", tuple(taken), none)
    yield Section("New files and folders", tuple(new), none, kind="dense")
    yield Section("Packages installed or removed", tuple(_packages(changes)), none)
    units = sorted(changes.units, key=lambda unit: not _interrupts(unit))
    yield Section(
        "Services and timers", tuple(Item(f"{u.name}: {u.action}", (_now(u),)) for u in units), none
    )
    accounts = tuple(Item(f"{account.name}: {account.change}") for account in changes.accounts)
    yield Section("Accounts and groups", accounts, none)
    yield Section("Kernel parameters", tuple(_parameters(changes)), none)
    if changes.others:
        yield Section("Other changes", _items(changes.others))


def _items(lines: Iterable[str]) -> tuple[Item, ...]:
    return tuple(map(Item, lines))


def _file(file: FileChange) -> Item:
    access = " -> ".join(dict.fromkeys(filter(None, (file.was, file.access))))
    secret = "its content is secret and not shown" if file.secret else ""
    notes = tuple(filter(None, (access, secret)))
    return Item(f"{file.path}: {file.action}", notes, file.diff)


def _packages(changes: Changes) -> Iterator[Item]:
    for action in ("removed", "upgraded", "installed"):
        named = [package for package in changes.packages if package.action == action]
        listed = ", ".join(f"{package.name} {package.version}".strip() for package in named)
        if named:
            yield Item(f"{action}: {len(named)}", (listed,))


def _parameters(changes: Changes) -> Iterator[Item]:
    """Yield the kernel parameters; those of network interfaces together."""
    interfaces: dict[str, list[str]] = {}
    for change in changes.parameters:
        of_interface = OF_INTERFACE.fullmatch(change.name)
        name = OF_INTERFACE.sub(r"\1.*.\3", change.name)
        named = interfaces.setdefault(f"{name}: {change.before} -> {change.after}", [])
        named += [of_interface[2]] if of_interface else []
    for what, names in interfaces.items():
        yield Item(what, (f"of {', '.join(names)}",) if names else ())


def _interrupts(unit: UnitChange) -> bool:
    return unit.was == "active" and unit.action in ("restarted", "stopped")


def _now(unit: UnitChange) -> str:
    return f"now: {unit.was}"
