"""What `notify:` says and does not fit: channels and municipalities that are not there, silence."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from inventory.consistency.escalation import find_escalation_problems
from inventory.consistency.rotas import find_rota_problems
from inventory.model.channels import Channel
from inventory.model.notify import AlertKind, Notify, Severity
from inventory.model.tenants import TenantFile
from inventory.parsed import ParsedEstate, ParsedTenant, tenant_id
from inventory.phone_numbers import international
from inventory.problems import Problem


def find_notify_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant], *, complete: bool
) -> Iterator[Problem]:
    """Yield what is wrong; `complete`: every file could be read, so a name may be unknown."""
    notify = estate.value.notify
    if notify is None:
        return
    unknown = [*_channels(estate, notify), *_fallbacks(estate, notify)]
    unknown += find_rota_problems(estate, notify)
    if complete:
        unknown += _municipalities(estate, notify, [tenant_id(t.value) for t in tenants])
    yield from unknown
    if complete and not unknown:
        yield from _reached(estate, notify, tenants)
        yield from find_escalation_problems(estate, notify, [tenant_id(t.value) for t in tenants])


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


def _fallbacks(estate: ParsedEstate, notify: Notify) -> Iterator[Problem]:
    """Yield fallbacks that are none."""
    channels = {channel.id: channel for channel in notify.channels}
    for number, channel in enumerate(notify.channels):
        if channel.fallback is None:
            continue
        place = ("notify", "channels", number, "fallback")
        if channel.fallback not in channels:
            yield estate.problem(
                place,
                f"there is no channel {channel.fallback!r}",
                f"one of: {', '.join(other for other in channels if other != channel.id)}",
                "correct the name, leave it out, or declare it",
            )
        elif channel.id in _chain(channel, channels):
            yield estate.problem(
                place,
                f"{channel.id!r} would stand in for itself",
                "fallbacks that come to an end",
                "leave out one of them",
            )


def _chain(channel: Channel, channels: Mapping[str, Channel]) -> tuple[str, ...]:
    """Return the channels that stand in, one after the other; each once."""
    chain: list[str] = []
    following = channel.fallback
    while following is not None and following in channels and following not in chain:
        chain.append(following)
        following = channels[following].fallback
    return tuple(chain)


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
    for tenant in tenants:
        name = tenant_id(tenant.value)
        takes = {kind: _taking(notify, name, kind) for kind in AlertKind}
        lost = [
            kind
            for kind, channels in takes.items()
            if not any(_reaches(channel, tenant.value) for channel in channels)
        ]
        if not lost:
            continue
        about = "" if len(lost) == len(AlertKind) else f" about {', '.join(lost)}"
        yield estate.problem(
            ("notify",),
            f"pages of {name}{about} reach nobody",
            "a route with severity page for each municipality, and somebody's address",
            f"add a route for {name}, or an `email` or international `phone` to one of its contacts"
            if all(takes[kind] for kind in lost)
            else f"add a route that pages of {name} take, or leave out its `municipalities`",
        )


def _taking(notify: Notify, municipality: str, kind: AlertKind) -> list[Channel]:
    """Return the channels that have a municipality's pages of a kind at once."""
    names = {
        name
        for route in notify.effective_routes
        if Severity.PAGE in route.severity
        and route.after_minutes is None
        and municipality in (route.municipalities or (municipality,))
        and route.is_about(kind)
        for name in route.to
    }
    return [channel for channel in notify.channels if channel.id in names]


def _reaches(channel: Channel, tenant: TenantFile) -> bool:
    """Whether a channel has somebody to tell of a tenant's alerts."""
    if channel.mail:
        own = channel.mail.to or channel.mail.rota
        return bool(own) or any(contact.email for contact in tenant.contacts)
    if channel.sms:
        phones = (contact.phone for contact in tenant.contacts)
        return bool(channel.sms.to or channel.sms.rota) or any(map(international, phones))
    return True
