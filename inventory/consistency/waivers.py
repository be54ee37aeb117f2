"""Waivers that contradict themselves, each other or the estate.

Neither controls nor policies are known here.
"""

import unicodedata
from collections.abc import Iterator, Sequence, Set
from datetime import timedelta

from inventory.model.waivers import ESTATE_SCOPE, LONGEST_WAIVER_DAYS, Deviation, WaiverFile
from inventory.parsed import ParsedFile
from inventory.problems import Problem

Fault = tuple[str, str, str, str]
"""The field at fault, what is wrong, what was expected, what to do."""


def find_waiver_problems(
    file: ParsedFile[WaiverFile], scopes: Set[str] | None
) -> Iterator[Problem]:
    """Yield what is wrong with waivers; `scopes` are the names of hosts, municipalities, central.

    None stands for an estate whose names could not be read whole: scopes are not judged then.
    """
    lists: dict[str, Sequence[Deviation]] = {
        "waivers": file.value.waivers,
        "policies": file.value.policies,
    }
    for key, waivers in lists.items():
        for index, waiver in enumerate(waivers):
            faults = [check(waiver) for check in (_approver, _order, _term)]
            faults.append(_scope(waiver, scopes))
            for field, message, expected, action in filter(None, faults):
                yield file.problem((key, index, field), message, expected, action)
        yield from _overlaps(file, key, waivers)


def _approver(waiver: Deviation) -> Fault | None:
    if _person(waiver.approver) != _person(waiver.owner):
        return None
    return (
        "approver",
        f"{waiver.approver!r} owns this waiver and cannot approve it",
        "somebody other than the owner, who answers for the risk",
        "have it approved by another person and write their name",
    )


def _person(name: str) -> str:
    """Return a name without what two spellings of one person differ in."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _order(waiver: Deviation) -> Fault | None:
    if waiver.granted <= waiver.expires:
        return None
    return (
        "expires",
        f"{waiver.expires} is before it was granted, {waiver.granted}",
        "the last day in force, on or after `granted`",
        "correct one of the two dates",
    )


def _term(waiver: Deviation) -> Fault | None:
    days = (waiver.expires - waiver.granted).days
    if days <= LONGEST_WAIVER_DAYS:
        return None
    last = waiver.granted + timedelta(days=LONGEST_WAIVER_DAYS)
    return (
        "expires",
        f"{waiver.expires} is {days} days after it was granted",
        f"at most {LONGEST_WAIVER_DAYS} days: {last} at the latest",
        "end it earlier; what still cannot hold then is approved anew",
    )


def _scope(waiver: Deviation, scopes: Set[str] | None) -> Fault | None:
    if scopes is None or waiver.scope == ESTATE_SCOPE or waiver.scope in scopes:
        return None
    return (
        "scope",
        f"there is no host or municipality {waiver.scope!r} in the estate",
        f"a full host name (<municipality>-<id>), a municipality's id, or {ESTATE_SCOPE}",
        "correct the name, or remove the waiver if what it was for is gone",
    )


def _overlaps(
    file: ParsedFile[WaiverFile], key: str, waivers: Sequence[Deviation]
) -> Iterator[Problem]:
    for index, later in enumerate(waivers):
        clash = next((n for n in range(index) if _overlap(waivers[n], later)), None)
        if clash is not None:
            yield file.problem(
                (key, index),
                f"{later.waived} for {later.scope} is already waived in this time, "
                f"at {file.where((key, clash))}",
                "one waiver at a time for one thing and a scope",
                "remove one; a renewal is granted for the day after the other expires",
            )


def _overlap(one: Deviation, other: Deviation) -> bool:
    same = (one.waived, one.scope) == (other.waived, other.scope)
    return same and one.granted <= other.expires and other.granted <= one.expires
