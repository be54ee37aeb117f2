"""An impact as a page for a colleague: text or HTML, the same sentences in both."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape

from bastide.actions.changes import Changes, FileChange, UnitChange
from monitors.inspection.impact import Cut, Impact

CUTS = (
    ("Logins that would be cut off", "logins", "none of those that were read"),
    ("Ports that would be closed", "ports", "none of those that listen"),
    ("Forwarding that would be cut", "forwarding", "none that was found"),
)
OF_INTERFACE = re.compile(r"(net\.ipv[46]\.conf)\.(.+)\.(\w+)")
# Of a file that is new, so many lines in text: HTML folds them, and JSON has them all.
MOST_LINES_OF_A_NEW_FILE = 8
# What takes the place of something that is there is read first.
ORDER = ("removed", "replaced", "access changed")
NOTHING = "Nothing was changed."
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1b1f24;max-width:56em;margin:2em auto;padding:0 1em}
h1{font-size:1.5em;line-height:1.3;margin:0 0 .2em}
h2{font-size:1.1em;margin:2em 0 .4em;border-bottom:1px solid #d5dae0;padding-bottom:.2em}
ul{list-style:none;margin:0;padding:0}
li{margin:.5em 0}
.lead{color:#57606a;margin:0 0 1em}
.grave{border-left:4px solid #c62828;padding-left:1em}
.grave h2{color:#c62828}
.what{font-weight:600;overflow-wrap:anywhere}
.note{color:#57606a;display:block;overflow-wrap:anywhere}
.counts{background:#f3f5f7;border-radius:6px;padding:.7em 1em;margin:0}
details summary{cursor:pointer;color:#57606a}
pre{font:13px/1.45 ui-monospace,monospace;background:#f6f8fa;border-radius:6px;padding:.6em .8em;
white-space:pre-wrap;overflow-wrap:anywhere;margin:.3em 0}
ins{background:#dafbe1;text-decoration:none}
del{background:#ffebe9;text-decoration:none}
@media print{body{max-width:none;margin:0}details>*{display:block}}
"""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the page, what belongs below it, and a diff; `is_new`: nothing is replaced."""

    what: str
    notes: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its items, or what is said when there are none; `grave` stands out."""

    heading: str
    items: tuple[Item, ...]
    nothing: str = ""
    grave: bool = False


def title(impact: Impact) -> str:
    """Return the headline: the host, the level, and whether somebody is cut off."""
    said = "would cut off what is named below" if impact.cuts else "cuts nobody off that was read"
    return f"{impact.host}: the level {impact.level.value} {said}"


def text(impact: Impact, changes: Changes | None = None, at: datetime | None = None) -> str:
    """Return the page as text; without `changes` it is of what was read alone."""
    lines = [title(impact), _lead(at), *([counts(changes)] if changes else [])]
    for section in _sections(impact, changes):
        lines += ["", section.heading]
        lines += [line for item in section.items for line in _item_text(item)]
        lines += [] if section.items else [f"  {section.nothing}"]
    return "\n".join(lines)


def _item_text(item: Item) -> Iterator[str]:
    yield f"  - {item.what}"
    yield from (f"    {note}" for note in item.notes)
    shown = item.diff[:MOST_LINES_OF_A_NEW_FILE] if item.is_new else item.diff
    yield from (f"      {line}" for line in shown)
    if left := len(item.diff) - len(shown):
        yield f"      … {left} more lines, in --format html and json"


def html(impact: Impact, changes: Changes | None = None, at: datetime | None = None) -> str:
    """Return the page as HTML, in one file without anything from elsewhere."""
    headline = escape(title(impact))
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{headline}</title>',
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>',
            f'<body><h1>{headline}</h1><p class="lead">{escape(_lead(at))}</p>',
            f'<p class="counts">{escape(counts(changes))}</p>' if changes else "",
            *(_section_html(section) for section in _sections(impact, changes)),
            "</body></html>",
        )
    )


def _section_html(section: Section) -> str:
    grave = ' class="grave"' if section.grave and section.items else ""
    items = "".join(f"<li>{_item_html(item)}</li>" for item in section.items)
    content = f"<ul>{items}</ul>" if items else f"<p>{escape(section.nothing)}</p>"
    return f"<section{grave}><h2>{escape(section.heading)}</h2>{content}</section>"


def _item_html(item: Item) -> str:
    notes = "".join(f'<span class="note">{escape(note)}</span>' for note in item.notes)
    lines = "\n".join(map(_line_html, item.diff))
    diff = f"<details><summary>{len(item.diff)} lines</summary><pre>{lines}</pre></details>"
    return f'<span class="what">{escape(item.what)}</span>{notes}{diff if item.diff else ""}'


def _line_html(line: str) -> str:
    tag = {"+": "ins", "-": "del"}.get(line[:1])
    return f"<{tag}>{escape(line)}</{tag}>" if tag else escape(line)


def _lead(at: datetime | None) -> str:
    return f"{NOTHING} As of {at:%Y-%m-%d %H:%M} UTC." if at else NOTHING


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
        f"Would write {len(written)} files, {replaced} of them in place of what is there; "
        f"install {packages['installed']} packages, upgrade {packages['upgraded']}, "
        f"remove {packages['removed']}; restart or stop "
        f"{sum(map(_interrupts, changes.units))} units that run now.{cut_short}"
    )


def _sections(impact: Impact, changes: Changes | None) -> Iterator[Section]:
    for heading, name, nothing in CUTS:
        cuts: tuple[Cut, ...] = getattr(impact, name)
        items = tuple(Item(cut.what, (f"why: {cut.why}", f"do: {cut.keep}")) for cut in cuts)
        yield Section(heading, items, nothing, grave=True)
    if changes and changes.refused:
        ended = "What ended the check: all that comes after it is not known"
        yield Section(ended, _items(changes.refused), grave=True)
    if changes:
        known = _changed(changes)
        yield from (s for s in known if s.items or not changes.refused)
    unknown = (*impact.unknown, *(changes.untold if changes else ()))
    for heading, lines in (("Logged in now", impact.sessions), ("Not known", unknown)):
        if lines:
            yield Section(heading, _items(lines))


def _changed(changes: Changes) -> Iterator[Section]:
    none = "none"
    files = sorted(changes.files, key=lambda file: (*ORDER, file.action).index(file.action))
    yield Section("Files written, replaced or removed", tuple(map(_file, files)), none)
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
    return Item(f"{file.path}: {file.action}", notes, file.diff, file.action not in ORDER)


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
