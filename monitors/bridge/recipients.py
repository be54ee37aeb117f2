"""Whom a channel reaches."""

from collections.abc import Iterator
from datetime import UTC, datetime

from inventory.entries import tenants
from inventory.model.channels import Channel, Sms
from inventory.model.estate import Estate
from inventory.model.rotas import Person
from inventory.on_call import turn
from inventory.phone_numbers import international


def recipients(
    estate: Estate, channel: Channel, municipality: str, now: datetime | None = None
) -> tuple[str, ...]:
    """Return who gets a municipality's messages: numbers (E.164) for SMS, else the chat alone.

    ``now``: when; default: now.
    """
    if not isinstance(channel.way, Sms):
        return (channel.id,)
    written = (
        *_written(estate, channel.way, municipality),
        *(person.phone for person in on_call(estate, channel.way, now or datetime.now(UTC))),
    )
    numbers = (international(number) for number in written)
    return tuple(dict.fromkeys(number for number in numbers if number))


def on_call(estate: Estate, sms: Sms, now: datetime) -> Iterator[Person]:
    """Yield who is reached because they are on call, or take over next."""
    for rota in estate.notify.rotas if estate.notify else ():
        if rota.id == sms.rota and estate.notify and (there := turn(estate.notify, rota, now)):
            person = there.following if sms.following else there.person
            yield from (person,) if person else ()


def _written(estate: Estate, sms: Sms, municipality: str) -> Iterator[str | None]:
    yield from sms.to
    if sms.contacts:
        for tenant in tenants(estate):
            if tenant.id == municipality:
                yield from (contact.phone for contact in tenant.content.contacts)
