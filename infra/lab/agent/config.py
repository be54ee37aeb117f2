"""The configuration file of one simulated agent."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress, ValidationError

from inventory.scalars import AuthProtocol, PrivProtocol

# USM refuses shorter passphrases: RFC 3414, 11.2.
SHORTEST_SECRET = 8


class ConfigError(Exception):
    """The configuration cannot be used; the text says where and why."""


class Link(BaseModel):
    """What is plugged into a switch's port, named as the switch does or by its number.

    `neighbour` says over LLDP that this is its name, and, when it `forwards`, that it is a bridge
    and a router; one without a name says nothing. `vlan` is the port's of untagged frames.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: str
    vlan: int = Field(default=1, ge=1, le=4094)
    neighbour: str = Field(default="", max_length=255)
    address: IPvAnyAddress | None = None
    far_port: str = "eth0"
    forwards: bool = False


class AgentConfig(BaseModel):
    """What one agent pretends to be, and where it listens.

    Secrets are read from the named files, never given here or in argv. ``state_file`` is
    optional: what a test does to the device (see ``control.State``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=255)
    kind: Literal["switch", "ups"]
    address: IPvAnyAddress
    port: int = Field(default=161, ge=1, le=65535)
    ports: int = Field(default=48, ge=1, le=1024)
    user: str = Field(min_length=1, max_length=32)
    auth_key_file: Path
    priv_key_file: Path
    auth_protocol: AuthProtocol = "SHA"
    priv_protocol: PrivProtocol = "AES"
    location: str = ""
    contact: str = ""
    links: tuple[Link, ...] = ()
    state_file: Path | None = None
    notify: IPvAnyAddress | None = Field(default=None, description="who gets its notifications")
    notify_port: int = Field(default=162, ge=1, le=65535)
    notify_kind: Literal["trap", "inform"] = "inform"


def read_config(path: Path) -> AgentConfig:
    """Read and check a configuration file (JSON).

    Raises ConfigError with the file, the key in it and what was expected.
    """
    try:
        return AgentConfig.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'document'}: {item['msg']}"
            for item in error.errors(include_input=False)
        )
        raise ConfigError(f"{path}: {problems}") from error


def read_secret(path: Path) -> str:
    """Read one secret; a line end after it does not count.

    Raises ConfigError when the file cannot be read or the secret is too short for USM.
    """
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(secret) < SHORTEST_SECRET:
        raise ConfigError(
            f"{path}: expected a secret of at least {SHORTEST_SECRET} characters "
            f"(RFC 3414, 11.2), found {len(secret)}"
        )
    return secret
