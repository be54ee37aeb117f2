"""Whom a channel reaches."""

from collections.abc import Iterator
from datetime import UTC, datetime

from inventory.entries import tenants
from inventory.model.channels import Channel, Mail, Sms
from inventory.model.estate import Estate
from inventory.model.rotas import Person
from inventory.model.tenants import Contact
from inventory.on_call import turn
from inventory.phone_numbers import international


def recipients(
    estate: Estate, channel: Channel, municipality: str, now: datetime | None = None
) -> tuple[str, ...]:
    """Return who gets a municipality's messages: addresses, numbers (E.164), or the chat itself.

    ``now``: when; default: now.
    """
    way = channel.way
    contacts = _contacts(estate, municipality)
    if isinstance(way, Mail):
        addresses = (*way.to, *(contact.email for contact in contacts if way.contacts))
        return tuple(dict.fromkeys(filter(None, addresses)))
    if not isinstance(way, Sms):
        return (channel.id,)
    written = (
        *way.to,
        *(contact.phone for contact in contacts if way.contacts),
        *(person.phone for person in on_call(estate, way, now or datetime.now(UTC))),
    )
    numbers = (international(number) for number in written)
    return tuple(dict.fromkeys(number for number in numbers if number))


def on_call(estate: Estate, sms: Sms, now: datetime) -> Iterator[Person]:
    """Yield who is reached because they are on call, or take over next."""
    for rota in estate.notify.rotas if estate.notify else ():
        if rota.id == sms.rota and estate.notify and (there := turn(estate.notify, rota, now)):
            person = there.following if sms.following else there.person
            yield from (person,) if person else ()


def _contacts(estate: Estate, municipality: str) -> tuple[Contact, ...]:
    return next((t.content.contacts for t in tenants(estate) if t.id == municipality), ())
