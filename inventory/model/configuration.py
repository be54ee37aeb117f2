"""How the configuration of network gear is read, so that its versions are kept."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from inventory.enums import Platform
from inventory.frozen import Frozen
from inventory.scalars import AccountName, HostKey, JumpHost, SecretRef


class DeviceSsh(Frozen):
    """The way in to a device: an account of its own, by password or key."""

    user: AccountName = Field(description="an account that may read the whole configuration")
    port: int = Field(default=22, ge=1, le=65535)
    password: SecretRef | None = None
    private_key: SecretRef | None = Field(
        default=None, description="where a private key without a passphrase is found"
    )
    jump: JumpHost | None = Field(
        default=None,
        description="the host that is logged in to first, as in a host's `ssh:`; default: the "
        "municipality's or the estate's",
    )
    jump_host_key: HostKey | None = Field(
        default=None, description="the SSH host key of a jump host that is not in the inventory"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.password is None) == (self.private_key is None):
            raise PydanticCustomError(
                "one_way_in", "needs either `password` or `private_key`, by reference"
            )
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """The references to what it is logged in to with."""
        return tuple(filter(None, (self.password, self.private_key)))


class Configuration(Frozen):
    """How a device's configuration is read and kept, without its secrets."""

    platform: Platform = Field(description="what it runs: which commands it knows")
    ssh: DeviceSsh
    host_key: HostKey = Field(description="its SSH host key, compared at its console")
    secret_words: tuple[Annotated[str, Field(min_length=3)], ...] = Field(
        default=(), description="more words that a secret follows in this configuration"
    )
    not_secret: tuple[str, ...] = Field(
        default=(), description="words that look like a secret and are none, such as serial numbers"
    )
