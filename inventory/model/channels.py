"""Channels: the ways by which alerts leave the operations host."""

from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from inventory.frozen import Frozen
from inventory.scalars import (
    AbsolutePath,
    Email,
    HttpServer,
    HttpUrl,
    Id,
    MailServer,
    MatrixRoom,
    NtfyTopic,
    PhoneNumber,
    SecretRef,
    TelegramChat,
)


def _refuse_open_token(url: str, token: str | None) -> None:
    """Refuse a token that would cross a network in the open."""
    if token is not None and url.startswith("http:") and not _is_here(url):
        raise PydanticCustomError("open_token", "would send its token without TLS")


def _is_here(url: str) -> bool:
    name = urlsplit(url).hostname or ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


RotaField = Annotated[
    Id | None, Field(description="also whoever is on call by this rota, at their own address")
]
FollowingField = Annotated[
    bool, Field(description="of the rota not who is on call, but who takes over next")
]


def _refuse_nobody(rota: str | None, following: bool, *own: object, ways: str) -> None:
    """Refuse a channel that reaches nobody, or whom follows nobody; ``ways``: what it may have."""
    if not (rota or any(own)):
        raise PydanticCustomError("nobody", f"reaches nobody: give {ways}")
    if following and rota is None:
        raise PydanticCustomError("no_rota", "has `following` without a `rota`")


class Mail(Frozen):
    """A mail server that takes mail from the operations host (SMTP)."""

    to: tuple[Email, ...] = ()
    contacts: bool = Field(
        default=False,
        description="also the `contacts:` with an address of the alert's municipality",
    )
    rota: RotaField = None
    following: FollowingField = False
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
        ways = "`to`, `rota`, or `contacts: true`"
        _refuse_nobody(self.rota, self.following, self.to, self.contacts, ways=ways)
        if (self.user is None) is not (self.password is None):
            raise PydanticCustomError("half_login", "has one of `user` and `password`: give both")
        if self.password is not None and not self.tls:
            raise PydanticCustomError("open_login", "would send its password without TLS")
        return self

    @property
    def secret(self) -> str | None:
        """The reference to the password."""
        return self.password


class Webhook(Frozen):
    """A URL that takes Alertmanager's JSON by POST; `token` is sent as a bearer's (RFC 6750)."""

    url: HttpUrl
    token: SecretRef | None = None

    @model_validator(mode="after")
    def _keeps_its_token(self) -> Self:
        _refuse_open_token(self.url, self.token)
        return self

    @property
    def secret(self) -> str | None:
        """The reference to the token."""
        return self.token


class Matrix(Frozen):
    """A room of Matrix, not an encrypted one; the account of the token is invited or a member."""

    server: HttpServer
    room: MatrixRoom | None = None
    rota: RotaField = None
    following: FollowingField = False
    token: SecretRef = Field(description="an access token of an account of its own")

    @model_validator(mode="after")
    def _keeps_its_token(self) -> Self:
        _refuse_open_token(self.server, self.token)
        _refuse_nobody(self.rota, self.following, self.room, ways="`room` or `rota`")
        return self

    @property
    def secret(self) -> str | None:
        """The reference to the token."""
        return self.token


class Ntfy(Frozen):
    """A topic of a server of ntfy."""

    server: HttpServer
    topic: NtfyTopic | None = None
    rota: RotaField = None
    following: FollowingField = False
    token: SecretRef | None = Field(
        default=None, description="none: whoever knows the topic reads and writes it"
    )

    @model_validator(mode="after")
    def _keeps_its_token(self) -> Self:
        _refuse_open_token(self.server, self.token)
        _refuse_nobody(self.rota, self.following, self.topic, ways="`topic` or `rota`")
        return self

    @property
    def secret(self) -> str | None:
        """The reference to the token."""
        return self.token


class Telegram(Frozen):
    """A chat, group or channel of Telegram that a bot may write to."""

    chat: TelegramChat | None = None
    rota: RotaField = None
    following: FollowingField = False
    token: SecretRef = Field(description="the bot's token, as BotFather gave it")

    @model_validator(mode="after")
    def _reaches_somebody(self) -> Self:
        _refuse_nobody(self.rota, self.following, self.chat, ways="`chat` or `rota`")
        return self

    @property
    def secret(self) -> str | None:
        """The reference to the token."""
        return self.token


class Gateway(Frozen):
    """An SMS gateway that takes a message by POST, one number at a time."""

    url: HttpUrl
    form: bool = Field(default=False, description="fields of a form in place of a JSON object")
    number: str = Field(default="to", min_length=1, description="the field of the number")
    text: str = Field(default="text", min_length=1, description="the field of the text")
    more: dict[str, str] = Field(
        default_factory=dict, description="further fields that it wants; none of them a secret"
    )
    token: SecretRef | None = Field(default=None, description="sent as a bearer's (RFC 6750)")
    token_field: str | None = Field(
        default=None, min_length=1, description="the field that takes the token instead"
    )
    taken: str = Field(
        default="",
        description="what its answer holds when it has taken a message, for one that answers 200 "
        "to what it refuses, too",
    )

    @model_validator(mode="after")
    def _is_told_apart(self) -> Self:
        _refuse_open_token(self.url, self.token)
        names = [self.number, self.text, *self.more, *filter(None, [self.token_field])]
        if len(names) != len(set(names)):
            raise PydanticCustomError("field_twice", "has two values for one field")
        return self


class Sms(Frozen):
    """Short messages: through smstools on the operations host, or a gateway."""

    to: tuple[PhoneNumber, ...] = ()
    contacts: bool = Field(
        default=False,
        description="also the `contacts:` of the alert's municipality with a `phone` that begins "
        "with + and the country's code",
    )
    rota: RotaField = None
    following: FollowingField = False
    spool: AbsolutePath | None = Field(
        default=None, description="smstools' folder, such as /var/spool/sms/outgoing"
    )
    gateway: Gateway | None = None

    @model_validator(mode="after")
    def _reaches_somebody(self) -> Self:
        ways = "`to`, `rota`, or `contacts: true`"
        _refuse_nobody(self.rota, self.following, self.to, self.contacts, ways=ways)
        if (self.spool is None) is (self.gateway is None):
            raise PydanticCustomError("one_sender", "has one sender: give `spool` or `gateway`")
        return self

    @property
    def secret(self) -> str | None:
        """The reference to the gateway's token."""
        return self.gateway.token if self.gateway else None


Way = Mail | Webhook | Matrix | Ntfy | Telegram | Sms
InTurns = Mail | Matrix | Ntfy | Telegram | Sms
"""Ways that reach whoever is on call; a webhook is a program, and has no hours."""
# Alertmanager's receivers of ours beside the channels.
NOBODY, WATCHDOG = "nobody", "watchdog"


class Channel(Frozen):
    """One way out, and which channel stands in when it cannot deliver."""

    id: Id
    mail: Mail | None = None
    webhook: Webhook | None = None
    matrix: Matrix | None = None
    ntfy: Ntfy | None = None
    telegram: Telegram | None = None
    sms: Sms | None = None
    fallback: Id | None = Field(
        default=None,
        description="the channel that takes what this one could not deliver within a minute",
    )

    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        if len(self._ways) != 1:
            raise PydanticCustomError(
                "one_way",
                "is one way: give one of `mail`, `webhook`, `matrix`, `ntfy`, `telegram`, `sms`",
            )
        if self.id in (NOBODY, WATCHDOG):
            raise PydanticCustomError("taken_id", "has an id that is taken: give another")
        return self

    @property
    def _ways(self) -> tuple[Way, ...]:
        ways = (self.mail, self.webhook, self.matrix, self.ntfy, self.telegram, self.sms)
        return tuple(way for way in ways if way is not None)

    @property
    def way(self) -> Way:
        """What it sends by."""
        return self._ways[0]

    @property
    def is_alertmanagers(self) -> bool:
        """Whether Debian's Alertmanager can send it by itself: mail and webhooks, in no turns."""
        return isinstance(self.way, Mail | Webhook) and not (self.mail and self.mail.rota)

    @property
    def secret(self) -> str | None:
        """The reference to the password or token that it needs."""
        return self.way.secret
