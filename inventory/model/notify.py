"""Whom alerts reach: channels out of the operations host, and which alerts take which."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from inventory.frozen import Frozen
from inventory.scalars import Email, HttpUrl, Id, MailServer, SecretRef


class Severity(StrEnum):
    """How soon somebody has to act: a page at once, a ticket on the next working day."""

    PAGE = "page"
    TICKET = "ticket"


class Mail(Frozen):
    """A mail server that takes mail from the operations host (SMTP)."""

    to: tuple[Email, ...] = ()
    contacts: bool = Field(
        default=False,
        description="also the `contacts:` with an address of the alert's municipality",
    )
    sender: Email
    server: MailServer
    tls: bool = Field(
        default=True,
        description="TLS is demanded: by STARTTLS, at port 465 from the start; false for a relay "
        "on the same machine",
    )
    user: str | None = None
    password: SecretRef | None = None

    @model_validator(mode="after")
    def _reaches_somebody(self) -> Self:
        if not (self.to or self.contacts):
            raise PydanticCustomError("nobody", "reaches nobody: give `to`, or `contacts: true`")
        if (self.user is None) is not (self.password is None):
            raise PydanticCustomError("half_login", "has one of `user` and `password`: give both")
        if self.password is not None and not self.tls:
            raise PydanticCustomError("open_login", "would send its password without TLS")
        return self


class Webhook(Frozen):
    """A URL that takes Alertmanager's JSON by POST; `token` is sent as a bearer's (RFC 6750)."""

    url: HttpUrl
    token: SecretRef | None = None


# Alertmanager's receivers of ours beside the channels.
NOBODY, WATCHDOG = "nobody", "watchdog"


class Channel(Frozen):
    """One way out: mail or a webhook."""

    id: Id
    mail: Mail | None = None
    webhook: Webhook | None = None

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if (self.mail is None) is (self.webhook is None):
            raise PydanticCustomError("one_way", "is one way: give `mail` or `webhook`")
        if self.id in (NOBODY, WATCHDOG):
            raise PydanticCustomError("taken_id", "has an id that is taken: give another")
        return self

    @property
    def secret(self) -> str | None:
        """The reference to the password or token that it needs."""
        if self.mail:
            return self.mail.password
        return self.webhook.token if self.webhook else None


class Route(Frozen):
    """Which alerts take which channels; every route that fits counts."""

    to: tuple[Id, ...] = Field(min_length=1, description="channels, by their ids")
    severity: tuple[Severity, ...] = Field(
        default=tuple(Severity), min_length=1, description="page, ticket; default: both"
    )
    municipalities: tuple[Id, ...] = Field(
        default=(), description="ids, or central; default: all of the estate"
    )


class Notify(Frozen):
    """Where alerts go; without routes, each channel has all of them."""

    channels: tuple[Channel, ...] = Field(min_length=1)
    routes: tuple[Route, ...] = ()
    watchdog: HttpUrl | None = Field(
        default=None,
        description="a URL outside that is called each five minutes, and raises the alarm when "
        "nothing comes any more",
    )

    @property
    def effective_routes(self) -> tuple[Route, ...]:
        """The routes that count."""
        return self.routes or (Route(to=tuple(channel.id for channel in self.channels)),)


NotifyField = Annotated[
    Notify | None,
    Field(description="whom alerts reach; default: they stay on the operations host"),
]
