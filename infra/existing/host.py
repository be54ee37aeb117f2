"""An existing host, and the proof that it holds its declared SSH host key."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

from pydantic import ConfigDict

from infra import host_keys
from infra.driver.spec import SPEC, Name
from infra.errors import failed
from inventory.scalars import HostKey


@dataclass(frozen=True, slots=True)
class ExistingSpec:
    """A host somebody else provided: where it answers, and the host key that it must prove."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    address: IPv4Address | IPv6Address
    host_key: HostKey
    verify: bool = True


def verify(spec: ExistingSpec) -> None:
    """Raise InfraError unless the host proves to hold its declared key, if `verify` asks for it."""
    if not spec.verify:
        return
    kind = spec.host_key.split(" ")[0]
    try:
        proven = host_keys.host_key(str(spec.address), kind)
    except host_keys.NoAnswerError as error:
        raise failed(
            f"host {spec.name}",
            expected=f"an SSH server with a host key of type {kind}",
            found=str(error),
            advice="look whether it is on and port 22 is open to this machine",
        ) from None
    if proven != spec.host_key:
        raise failed(
            f"host {spec.name} at {spec.address}",
            expected=f"the declared host key {spec.host_key}",
            found=proven,
            advice="find out why it changed, at its console: `ssh-keygen -lf "
            "/etc/ssh/ssh_host_ed25519_key.pub`; declare the new one only if that is right",
        )
