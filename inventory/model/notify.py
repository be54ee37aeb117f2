"""Whom alerts reach: which alerts take which channels."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from inventory.frozen import Frozen
from inventory.model.channels import Channel
from inventory.model.rotas import Person, Rota
from inventory.scalars import HttpUrl, Id


class Severity(StrEnum):
    """How soon somebody has to act: a page at once, a ticket on the next working day."""

    PAGE = "page"
    TICKET = "ticket"


class AlertKind(StrEnum):
    """What an alert is about, for routes; `own`: it is of the estate's own rules."""

    SERVICES = "services"
    HOSTS = "hosts"
    NETWORK = "network"
    POWER = "power"
    SUPPLIES = "supplies"
    BACKUPS = "backups"
    SECURITY = "security"
    MONITORING = "monitoring"
    OWN = "own"


TEST = "NotificationTest"
"""The alert that `bastide notify test` sends; its label `channel` says which is to take it."""


class Route(Frozen):
    """Which alerts take which channels; every route that fits counts."""

    to: tuple[Id, ...] = Field(min_length=1, description="channels, by their ids")
    severity: tuple[Severity, ...] = Field(
        default=tuple(Severity), min_length=1, description="page, ticket; default: both"
    )
    municipalities: tuple[Id, ...] = Field(
        default=(), description="ids, or central; default: all of the estate"
    )
    kinds: tuple[AlertKind, ...] = Field(
        default=(), description="what the alerts are about; default: all"
    )
    after_minutes: int | None = Field(
        default=None,
        ge=1,
        le=1440,
        description="only what nobody has acknowledged for so long (escalation); default: at once",
    )

    def is_about(self, kind: AlertKind) -> bool:
        """Whether it takes alerts of a kind."""
        return not self.kinds or kind in self.kinds


class OperationsWatch(Frozen):
    """A vault that asks the operations host's monitoring whether it works, and tells people."""

    vault: Id = Field(description="its name in the inventory, such as central-vault")
    to: tuple[Id, ...] = Field(
        min_length=1, description="channels, by their ids, that the vault sends through by itself"
    )


class Notify(Frozen):
    """Where alerts go; without routes, each channel has all of them."""

    channels: tuple[Channel, ...] = Field(min_length=1)
    routes: tuple[Route, ...] = ()
    people: tuple[Person, ...] = Field(default=(), description="who is on call in turns")
    rotas: tuple[Rota, ...] = ()
    watchdog: HttpUrl | None = Field(
        default=None,
        description="a URL outside that is called each five minutes, and raises the alarm when "
        "nothing comes any more",
    )
    operations_watch: OperationsWatch | None = Field(
        default=None, description="who tells people when the operations host is silent"
    )

    @property
    def effective_routes(self) -> tuple[Route, ...]:
        """The routes that count."""
        return self.routes or (Route(to=tuple(channel.id for channel in self.channels)),)

    @property
    def bridged(self) -> tuple[Channel, ...]:
        """The channels that the bridge sends by: what Alertmanager cannot send, or cannot replace.

        It tells nobody which message it could not deliver, so what has a fallback or is one is the
        bridge's, too.
        """
        stand_ins = {channel.fallback for channel in self.channels}
        return tuple(
            channel
            for channel in self.channels
            if not channel.is_alertmanagers or channel.fallback or channel.id in stand_ins
        )

    def is_bridged(self, channel: Channel) -> bool:
        """Whether the bridge sends by a channel."""
        return channel.id in {bridged.id for bridged in self.bridged}


NotifyField = Annotated[
    Notify | None,
    Field(description="whom alerts reach; default: they stay on the operations host"),
]
