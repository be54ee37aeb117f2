"""How a host is logged in to, as an estate's files say it, and who may log in."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from inventory.frozen import Frozen
from inventory.scalars import AccountName, HostKey, JumpHost, KeyFile, SecretRef

Sudo = Literal["none", "passwordless", "password"]
# The signature algorithms of a kind of host key, where they are called differently (RFC 8332).
SIGNATURE_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


class Ssh(Frozen):
    """The way in to a host; what is not said here is said by the municipality or the estate."""

    user: AccountName | None = Field(default=None, description="who logs in; default: root")
    port: int | None = Field(default=None, ge=1, le=65535, description="default: 22")
    sudo: Sudo | None = Field(
        default=None,
        description="how the user becomes root: none (it is root, or cannot), passwordless, or "
        "password (see sudo_password); default: none for root, passwordless for others",
    )
    sudo_password: SecretRef | None = Field(
        default=None, description="the password that sudo asks for, with sudo: password"
    )
    jump: JumpHost | None = Field(
        default=None,
        description="the host that is logged in to first: a full host name of the inventory, or "
        "user@address:port",
    )
    jump_host_key: HostKey | None = Field(
        default=None, description="the SSH host key of a jump host that is not in the inventory"
    )
    key: KeyFile | None = Field(
        default=None,
        description="the private key to log in with: a file, or agent (ssh-agent); default: the "
        "estate's own key (`bastide inventory key`)",
    )


SshField = Annotated[
    Ssh | None, Field(description="how hosts are logged in to; the narrower place wins, key by key")
]


class Administrator(Frozen):
    """A person who may log in and become root."""

    name: str
    login: AccountName
    keys: tuple[HostKey, ...] = Field(min_length=1, description="public keys of SSH, a line each")
    contact: str = Field(description="how they are reached: e-mail address or telephone number")
    until: date | None = Field(default=None, description="the last day of their access")


AdministratorsField = Annotated[
    tuple[Administrator, ...],
    Field(description="who may log in and become root, besides those of the estate"),
]
