"""Hosts that are there already: nothing is changed on them, only their SSH host key is verified."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

from pydantic import ConfigDict

from infra.lab.layout import SPEC, Name
from inventory.scalars import HostKey


@dataclass(frozen=True, slots=True)
class ExistingSpec:
    """A host somebody else provided: where it answers, and the host key that it must prove."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    address: IPv4Address | IPv6Address
    host_key: HostKey
    verify: bool = True
