"""What went wrong on the way to a machine, in one sentence a kind of failure."""

import paramiko

from inventory.connections import Connection
from monitors.ssh.failures import Kind, SshError

FORBIDDEN = 1  # SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1)


def explain(error: Exception, hop: Connection, *, jumped: bool) -> SshError:
    """Return what happened on the way to a machine, one sentence a kind of failure."""
    if isinstance(error, SshError):
        return error
    if isinstance(error, paramiko.ChannelException) and jumped:
        return _not_forwarded(error, hop)
    if isinstance(error, TimeoutError) or "imeout" in str(error):
        return SshError(
            Kind.TIMEOUT,
            hop.name,
            f"timeout: {hop.place} did not answer in time; is it up and reachable?",
        )
    if isinstance(error, OSError):
        return SshError(
            Kind.UNREACHABLE,
            hop.name,
            f"unreachable: {hop.place}: {error.strerror or error}; is it up, and is this its port?",
        )
    said = str(error) or "it ended the connection"
    return SshError(
        Kind.NO_SSH,
        hop.name,
        f"SSH with {hop.place} failed: {said}; look at its `journalctl -u ssh`",
    )


def _not_forwarded(error: paramiko.ChannelException, hop: Connection) -> SshError:
    jump = hop.jump.place if hop.jump else "the jump host"
    if error.code == FORBIDDEN:
        return SshError(
            Kind.FORWARDING_REFUSED,
            hop.name,
            f"expected {jump} to forward to {hop.address} port {hop.port}, found that it forbids "
            "it; allow `AllowTcpForwarding local` for that account there",
        )
    return SshError(
        Kind.UNREACHABLE,
        hop.name,
        f"unreachable: {jump} cannot reach {hop.address} port {hop.port} ({error.text}); is the "
        "host up, and is this its port?",
    )
