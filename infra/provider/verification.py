"""Verifies that an existing host proves to hold its declared SSH host key."""

from infra import host_keys
from infra.errors import failed
from infra.provider.existing import ExistingSpec


def verify(spec: ExistingSpec) -> None:
    """Raise InfraError unless the host proves to hold its declared key, if `verify` asks for it."""
    if not spec.verify:
        return
    kind = spec.host_key.split(" ")[0]
    try:
        found = host_keys.host_key(str(spec.address), kind)
    except host_keys.NoAnswerError as error:
        raise failed(
            f"host {spec.name}",
            expected=f"an SSH server with a host key of type {kind}",
            found=str(error),
            advice="look whether it is on and port 22 is open to this machine",
        ) from None
    if found != spec.host_key:
        raise failed(
            f"host {spec.name} at {spec.address}",
            expected=f"the declared host key {spec.host_key}",
            found=found,
            advice="find out why it changed, at its console: `ssh-keygen -lf "
            "/etc/ssh/ssh_host_ed25519_key.pub`; declare the new one only if that is right",
        )
