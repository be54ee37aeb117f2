"""Whom a channel reaches."""

from collections.abc import Iterator

from inventory.entries import tenants
from inventory.model.channels import Channel, Sms
from inventory.model.estate import Estate
from inventory.phone_numbers import international


def recipients(estate: Estate, channel: Channel, municipality: str) -> tuple[str, ...]:
    """Return who gets a municipality's messages: numbers (E.164) for SMS, else the chat alone."""
    if not isinstance(channel.way, Sms):
        return (channel.id,)
    numbers = (international(written) for written in _written(estate, channel.way, municipality))
    return tuple(dict.fromkeys(number for number in numbers if number))


def _written(estate: Estate, sms: Sms, municipality: str) -> Iterator[str | None]:
    yield from sms.to
    if sms.contacts:
        for tenant in tenants(estate):
            if tenant.id == municipality:
                yield from (contact.phone for contact in tenant.content.contacts)
