"""Whom a channel reaches."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from inventory.entries import tenants
from inventory.model.channels import Channel, InTurns, Mail, Matrix, Ntfy, Sms, Telegram, Webhook
from inventory.model.estate import Estate
from inventory.model.rotas import Person
from inventory.model.tenants import Contact
from inventory.on_call import turn
from inventory.phone_numbers import international

CHATS: Mapping[type[Matrix | Ntfy | Telegram], tuple[str, str]] = MappingProxyType(
    {Matrix: ("room", "matrix"), Ntfy: ("topic", "ntfy"), Telegram: ("chat", "telegram")}
)
"""Where a chat is: the field of the channel, and that of a person."""


def recipients(
    estate: Estate, channel: Channel, municipality: str, now: datetime | None = None
) -> tuple[str, ...]:
    """Return who gets a municipality's messages: addresses, numbers (E.164), rooms, topics, chats.

    Of a webhook its channel's id. ``now``: when; default: now.
    """
    way = channel.way
    if isinstance(way, Webhook):
        return (channel.id,)
    people = tuple(on_call(estate, way, now or datetime.now(UTC)))
    found = (
        _addressed(way, people, _contacts(estate, municipality))
        if isinstance(way, Mail | Sms)
        else _chats(way, people)
    )
    return tuple(dict.fromkeys(filter(None, found)))


def on_call(estate: Estate, way: InTurns, now: datetime) -> Iterator[Person]:
    """Yield who is reached because they are on call, or take over next."""
    for rota in estate.notify.rotas if estate.notify else ():
        if rota.id == way.rota and estate.notify and (there := turn(estate.notify, rota, now)):
            person = there.following if way.following else there.person
            yield from (person,) if person else ()


def _addressed(
    way: Mail | Sms, people: tuple[Person, ...], contacts: tuple[Contact, ...]
) -> Iterator[str | None]:
    reached = contacts if way.contacts else ()
    if isinstance(way, Mail):
        yield from (*way.to, *(contact.email for contact in reached), *(p.email for p in people))
        return
    numbers = (*way.to, *(contact.phone for contact in reached), *(p.phone for p in people))
    yield from map(international, numbers)


def _chats(way: Matrix | Ntfy | Telegram, people: tuple[Person, ...]) -> Iterator[str | None]:
    own, theirs = CHATS[type(way)]
    yield getattr(way, own)
    yield from (getattr(person, theirs) for person in people)


def _contacts(estate: Estate, municipality: str) -> tuple[Contact, ...]:
    return next((t.content.contacts for t in tenants(estate) if t.id == municipality), ())
