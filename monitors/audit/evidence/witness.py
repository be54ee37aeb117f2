"""What a witness saw of a chain: a log on another machine, to which runs are only ever appended.

Who holds the signing key can cut its chain back, tell it in two ways or date it back, and sign all
of it; not so in a log that somebody else keeps. Each line has a link of the chain, and when it
came by the witness's own clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import AwareDatetime, ValidationError

from inventory.frozen import Frozen
from monitors.audit.evidence.chain import CLOCK_TOLERANCE, Link
from monitors.audit.evidence.signing import is_signed
from monitors.audit.model.canonical import canonical

# The line to the witness may be down for a while; what comes later proves no time.
LATE = timedelta(days=1)


class Entry(Frozen):
    """One line of a witness's log."""

    received: AwareDatetime
    link: Link


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the witness's log says of a chain: what contradicts it, and what it leaves open.

    `seen` is how many of the chain's runs the witness saw; `later` how many that the chain does
    not have, with the newest one's number; `ignored` how many lines no key of the chain signed.
    """

    problems: tuple[str, ...]
    seen: int
    unseen_before: int
    later: int
    newest: int | None
    newest_received: datetime | None
    ignored: int


def compare(chain: Sequence[Link], log: bytes) -> Testimony:
    """Return what a witness's log says of a verified chain."""
    key = chain[-1].record.key
    entries, ignored = _entries(log, key)
    numbers = {entry.link.record.number for entry in entries}
    later = sorted(number for number in numbers if number > len(chain))
    first = min(numbers, default=0)
    newest = max(entries, key=lambda entry: entry.link.record.number, default=None)
    return Testimony(
        problems=tuple(_problems(chain, entries)),
        seen=sum(link.record.number in numbers for link in chain),
        unseen_before=max(0, min(first - 1, len(chain))),
        later=len(later),
        newest=newest.link.record.number if newest else None,
        newest_received=newest.received if newest else None,
        ignored=ignored,
    )


def _entries(log: bytes, key: str) -> tuple[list[Entry], int]:
    """Return what a key signed, in the order in which it came; others' lines are counted."""
    entries, ignored = [], 0
    for line in log.splitlines():
        try:
            entry = Entry.model_validate_json(line)
        except (ValidationError, RecursionError):
            ignored += 1
            continue
        record = entry.link.record
        signed = is_signed(
            canonical(record.model_dump(mode="json")), entry.link.signature, record.key
        )
        if signed and record.key == key:
            entries.append(entry)
        else:
            ignored += 1
    return entries, ignored


def _problems(chain: Sequence[Link], entries: Sequence[Entry]) -> Iterator[str]:
    if not entries:
        yield "the witness has seen no run of this chain"
        return
    seen: dict[int, Entry] = {}
    yield from _problems_of_log(entries, seen)
    first = seen[min(seen)]
    for link in chain:
        number = link.record.number
        if number in seen:
            yield from _problems_of(link, seen[number])
        elif number > first.link.record.number:
            yield f"run {number} was never shown to the witness"
        elif link.record.started > first.link.record.started:
            yield (
                f"rewound: run {number} says that it began at {_time(link.record.started)}, after "
                f"run {first.link.record.number}, which the witness saw at {_time(first.received)}"
            )
        after = seen.get(number + 1)
        if after and after.link.record.previous != link.sha256:
            yield (
                f"forked: run {number + 1}, which the witness saw at {_time(after.received)}, "
                f"follows another run {number}"
            )


def _problems_of_log(entries: Sequence[Entry], seen: dict[int, Entry]) -> Iterator[str]:
    """Yield where the log contradicts itself; fill `seen` with what came first of each number."""
    newest = entries[0]
    for entry in entries:
        number, highest = entry.link.record.number, newest.link.record.number
        if number not in seen and number < highest:
            yield (
                f"rewound: the witness saw run {highest} at {_time(newest.received)} and then run "
                f"{number} at {_time(entry.received)}: the chain was cut back and told again"
            )
        newest = entry if number > highest else newest
        before = seen.setdefault(number, entry)
        if before.link.sha256 != entry.link.sha256:
            yield (
                f"forked: the witness saw one run {number} at {_time(before.received)} and another "
                f"at {_time(entry.received)}: the chain was cut back and told again"
            )


def _problems_of(link: Link, entry: Entry) -> Iterator[str]:
    number, began = link.record.number, link.record.started
    if link.sha256 != entry.link.sha256:
        yield (
            f"forked: run {number} is not the one that the witness saw at {_time(entry.received)}"
        )
    if entry.received - began > LATE:
        yield (
            f"back-dated, or shown late: run {number} says that it began at {_time(began)}; the "
            f"witness first saw it at {_time(entry.received)}"
        )
    if began - entry.received > CLOCK_TOLERANCE:
        yield (
            f"run {number} says that it began at {_time(began)}, after the witness saw it, "
            f"{_time(entry.received)}"
        )


def _time(moment: datetime) -> str:
    return f"{moment:%F %T} UTC"
