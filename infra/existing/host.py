"""An existing host, and the proof that it holds its declared SSH host key."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from infra import ssh_keyscan
from infra.driver.spec import SPEC, Name
from infra.errors import failed
from inventory.scalars import HostKey


@dataclass(frozen=True, slots=True)
class ExistingSpec:
    """A host somebody else provided: where it answers, and the host key that it must prove.

    `verify` is false for a host that cannot be asked from here, or that nobody logs in to: that
    may have no declared key.
    """

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    address: IPv4Address | IPv6Address
    host_key: HostKey | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = ssh_keyscan.PORT
    verify: bool = True


def verify(spec: ExistingSpec) -> None:
    """Raise InfraError unless the host proves to hold its declared key, if `verify` asks for it."""
    if not spec.verify or spec.host_key is None:
        return
    kind = spec.host_key.split(" ")[0]
    try:
        proven = ssh_keyscan.host_key(str(spec.address), kind, port=spec.port)
    except ssh_keyscan.NoAnswerError as error:
        raise failed(
            f"host {spec.name}",
            expected=f"an SSH server with a host key of type {kind}",
            found=str(error),
            advice=f"look whether it is on and port {spec.port} is open to this machine",
        ) from None
    if proven != spec.host_key:
        raise failed(
            f"host {spec.name} at {spec.address} port {spec.port}",
            expected=f"the declared host key {spec.host_key}",
            found=proven,
            advice="find out why it changed, at its console: `ssh-keygen -lf "
            "/etc/ssh/ssh_host_ed25519_key.pub`; declare the new one only if that is right",
        )
