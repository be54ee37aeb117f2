"""What `notify:` says and does not fit: channels and municipalities that are not there, silence."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from inventory.model.notify import Notify, Severity
from inventory.parsed import ParsedEstate, ParsedTenant, tenant_id
from inventory.problems import Problem


def find_notify_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant], *, complete: bool
) -> Iterator[Problem]:
    """Yield what is wrong; `complete`: every file could be read, so a name may be unknown."""
    notify = estate.value.notify
    if notify is None:
        return
    unknown = list(_channels(estate, notify))
    if complete:
        unknown += _municipalities(estate, notify, [tenant_id(t.value) for t in tenants])
    yield from unknown
    if complete and not unknown:
        yield from _reached(estate, notify, tenants)


def _channels(estate: ParsedEstate, notify: Notify) -> Iterator[Problem]:
    ids = Counter(channel.id for channel in notify.channels)
    for number, channel in enumerate(notify.channels):
        if ids[channel.id] > 1:
            yield estate.problem(
                ("notify", "channels", number, "id"),
                f"two channels are called {channel.id!r}",
                "an id of its own for each channel",
                "rename one of them",
            )
    for number, route in enumerate(notify.routes):
        for name in route.to:
            if name not in ids:
                yield _unknown(estate, number, "to", f"there is no channel {name!r}", ids)


def _municipalities(
    estate: ParsedEstate, notify: Notify, declared: Sequence[str]
) -> Iterator[Problem]:
    for number, route in enumerate(notify.routes):
        for name in route.municipalities:
            if name not in declared:
                message = f"there is no municipality {name!r} in the estate"
                yield _unknown(estate, number, "municipalities", message, declared)


def _unknown(
    estate: ParsedEstate, number: int, key: str, message: str, known: Iterable[str]
) -> Problem:
    return estate.problem(
        ("notify", "routes", number, key),
        message,
        f"one of: {', '.join(known)}",
        "correct the name, leave it out, or declare it",
    )


def _reached(
    estate: ParsedEstate, notify: Notify, tenants: Sequence[ParsedTenant]
) -> Iterator[Problem]:
    """Yield municipalities whose pages reach nobody."""
    channels = {channel.id: channel for channel in notify.channels}
    for tenant in tenants:
        name = tenant_id(tenant.value)
        takes = [
            channels[channel]
            for route in notify.effective_routes
            if Severity.PAGE in route.severity and name in (route.municipalities or (name,))
            for channel in route.to
            if channel in channels
        ]
        addressed = any(contact.email for contact in tenant.value.contacts)
        if any(c.webhook or (c.mail and (c.mail.to or addressed)) for c in takes):
            continue
        yield estate.problem(
            ("notify",),
            f"pages of {name} reach nobody",
            "a route with severity page for each municipality, and somebody's address",
            f"add a route for {name}, or an `email` to one of its contacts"
            if takes
            else f"add a route that pages of {name} take, or leave out its `municipalities`",
        )
