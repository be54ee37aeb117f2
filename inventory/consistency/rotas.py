"""Rotas that cannot be: people and rotas that are not there, hours that nobody has."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from inventory.model.channels import InTurns, Webhook
from inventory.model.notify import Notify
from inventory.model.rotas import Rota
from inventory.on_call import ONE_DAY, clock_changes, covers
from inventory.parsed import ParsedEstate
from inventory.problems import Problem

# Any week does: what differs from week to week is whose turn it is, not whether there is one.
MONDAY = date(2027, 1, 4)
# What of a person each kind of channel sends to.
ADDRESSES = {
    **{"mail": "email", "sms": "phone"},
    **{name: name for name in ("matrix", "ntfy", "telegram")},
}


def find_rota_problems(estate: ParsedEstate, notify: Notify) -> Iterator[Problem]:
    """Yield what is wrong with who is on call."""
    yield from _doubled(estate, notify)
    people = {person.id for person in notify.people}
    for number, rota in enumerate(notify.rotas):
        yield from _unknown_people(estate, number, rota, people)
        yield from _hours(estate, number, rota)
    yield from _unknown_rotas(estate, notify)


def _doubled(estate: ParsedEstate, notify: Notify) -> Iterator[Problem]:
    people, rotas = [p.id for p in notify.people], [r.id for r in notify.rotas]
    for key, names in (("people", people), ("rotas", rotas)):
        ids = Counter(names)
        for number, name in enumerate(names):
            if ids[name] > 1:
                yield estate.problem(
                    ("notify", key, number, "id"),
                    f"two of the {key} are called {name!r}",
                    "an id of its own for each",
                    "rename one of them",
                )


def _unknown_people(
    estate: ParsedEstate, number: int, rota: Rota, people: set[str]
) -> Iterator[Problem]:
    for index, shift in enumerate(rota.shifts):
        for name in shift.people:
            if name not in people:
                yield estate.problem(
                    ("notify", "rotas", number, "shifts", index, "people"),
                    f"there is nobody called {name!r} in `people`",
                    f"one of: {', '.join(sorted(people)) or 'nobody is declared'}",
                    "correct the name, or declare them",
                )


def _hours(estate: ParsedEstate, number: int, rota: Rota) -> Iterator[Problem]:
    """Yield hours that no shift covers, and shifts that earlier ones leave nothing to."""
    reached, gap = set(), ""
    for local, holidays in _moments(rota):
        index = next((i for i, s in enumerate(rota.shifts) if covers(s, local, holidays)), None)
        reached.add(index)
        if index is None and not gap:
            holiday = ", a holiday" if local.date() in holidays else ""
            gap = f"{local:%A} at {local:%H:%M}{holiday}"
    if gap:
        yield estate.problem(
            ("notify", "rotas", number, "shifts"),
            f"nobody is on call on {gap}",
            "shifts that cover all hours of all days",
            "add a last shift with only `people`: it has what the others leave",
        )
    for index in range(len(rota.shifts)):
        if index not in reached:
            yield estate.problem(
                ("notify", "rotas", number, "shifts", index),
                "earlier shifts cover all its hours: nobody is ever on call by it",
                "the first shift that covers a time to be the one that is meant",
                "move it before the others, or leave it out",
            )


def _moments(rota: Rota) -> Iterator[tuple[datetime, frozenset[date]]]:
    """Yield when something may begin in a week, each day also as a holiday and after one."""
    for offset in range(7):
        day = MONDAY + timedelta(days=offset)
        kinds: tuple[tuple[date, ...], ...] = ((),)
        if rota.holidays:
            kinds = ((), (day,), (day - ONE_DAY,), (day - ONE_DAY, day))
        for holidays in kinds:
            for clock in clock_changes(rota):
                yield datetime.combine(day, clock), frozenset(holidays)


def _unknown_rotas(estate: ParsedEstate, notify: Notify) -> Iterator[Problem]:
    people = {rota.id: {p for s in rota.shifts for p in s.people} for rota in notify.rotas}
    for number, channel in enumerate(notify.channels):
        way = channel.way
        if isinstance(way, Webhook) or way.rota is None:
            continue
        place = ("notify", "channels", number, type(way).__name__.lower())
        if way.rota not in people:
            yield estate.problem(
                (*place, "rota"),
                f"there is no rota {way.rota!r}",
                f"one of: {', '.join(people) or 'none is declared'}",
                "correct the name, or declare it under `rotas`",
            )
            continue
        if way.following and len(people[way.rota]) == 1:
            yield estate.problem(
                (*place, "following"),
                f"nobody ever takes over in the rota {way.rota!r}",
                "a rota of several people",
                "add somebody to the rota, or leave out `following`",
            )
        yield from _unreached(estate, notify, number, way, people[way.rota])


def _unreached(
    estate: ParsedEstate, notify: Notify, number: int, way: InTurns, ids: set[str]
) -> Iterator[Problem]:
    """Yield who is on call in turns and cannot be reached by a channel that is to do so."""
    kind = type(way).__name__.lower()
    address = ADDRESSES[kind]
    for person in notify.people:
        if person.id in ids and not getattr(person, address):
            yield estate.problem(
                ("notify", "channels", number, kind, "rota"),
                f"{person.id!r} is on call by the rota {way.rota!r} and has no `{address}`",
                f"`{address}` of everybody in the rota, for this channel to reach them",
                f"add `{address}` under `people`, or have the rota's people told by SMS",
            )
