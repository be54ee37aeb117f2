"""Escalation that changes nothing, or of what nobody was told in the first place."""

from collections.abc import Iterator, Sequence

from inventory.model.notify import AlertKind, Notify, Route
from inventory.parsed import ParsedEstate
from inventory.problems import Problem


def find_escalation_problems(
    estate: ParsedEstate, notify: Notify, declared: Sequence[str]
) -> Iterator[Problem]:
    """Yield routes with `after_minutes` that cannot do what they are for."""
    for number, route in enumerate(notify.routes):
        if route.after_minutes is None:
            continue
        before = dict(_told_before(notify, route, declared))
        place = ("notify", "routes", number)
        untold = next((what for what, channels in before.items() if not channels), None)
        if untold:
            yield estate.problem(
                (*place, "after_minutes"),
                f"nobody is told of {untold} before, so nobody could acknowledge it",
                "a route without `after_minutes` for all that is escalated",
                "add one, or leave out `after_minutes`",
            )
        elif all(channels >= set(route.to) for channels in before.values()):
            yield estate.problem(
                (*place, "to"),
                "escalates to the channels that have it already",
                "another channel: of other people, or with `following` of a rota",
                "name another one",
            )


def _told_before(
    notify: Notify, escalation: Route, declared: Sequence[str]
) -> Iterator[tuple[str, set[str]]]:
    """Yield what an escalation is about, and the channels that had it at once or sooner."""
    for name in escalation.municipalities or declared:
        for severity in escalation.severity:
            yield (
                f"{severity.value}s of {name}",
                {
                    channel
                    for route in notify.routes
                    if (route.after_minutes or 0) < (escalation.after_minutes or 0)
                    and all(route.is_about(kind) for kind in escalation.kinds or AlertKind)
                    and severity in route.severity
                    and name in (route.municipalities or (name,))
                    for channel in route.to
                },
            )
