"""Host keys as OpenSSH writes them, their fingerprints, and whether one is the pinned one."""

import base64
import hashlib
from collections.abc import Iterator

import paramiko

from inventory.connections import Connection
from inventory.model.ssh import SIGNATURE_ALGORITHMS
from monitors.ssh.failures import Kind, SshError

FINGERPRINT = "SHA256:"
KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa")


def fingerprint(key: str) -> str:
    """Return the fingerprint of a public key's line as `ssh-keygen -l` writes it; its own is."""
    if key.startswith(FINGERPRINT):
        return key
    digest = hashlib.sha256(base64.b64decode(key.split()[1], validate=True)).digest()
    return f"{FINGERPRINT}{base64.b64encode(digest).decode().rstrip('=')}"


def line_of(key: paramiko.PKey) -> str:
    """Return a key's public half as OpenSSH writes it: its kind, then base64."""
    return f"{key.get_name()} {key.get_base64()}"


def algorithms(pinned: str | None) -> Iterator[str]:
    """Yield what a server may sign with: the pinned key's kind first, so that it is shown."""
    first = pinned.split()[0] if pinned else KINDS[0]
    for kind in sorted(KINDS, key=lambda kind: kind != first):
        yield from SIGNATURE_ALGORITHMS.get(kind, (kind,))


def check_host_key(transport: paramiko.Transport, hop: Connection) -> None:
    """Raise SshError unless a server has proved to hold the key that is pinned for it."""
    shown = transport.get_remote_server_key()
    line = line_of(shown)
    if hop.host_key is None:
        raise SshError(
            Kind.HOST_KEY_UNKNOWN,
            hop.name,
            f"unknown host key: {hop.place} shows {shown.get_name()} {shown.fingerprint}, the "
            "inventory names none; compare it on the host's own console "
            "(`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`), then write it as `host_key:`",
            shown_key=line,
        )
    if hop.host_key.startswith(FINGERPRINT):
        _check_fingerprint(hop.host_key, line, hop)
    elif hop.host_key.split()[:2] != line.split():
        raise SshError(
            Kind.HOST_KEY_CHANGED,
            hop.name,
            f"host key changed: expected {hop.host_key.split()[0]} "
            f"{fingerprint(hop.host_key)}, found {shown.get_name()} {shown.fingerprint} at "
            f"{hop.place}; find out why before anything else, then run `bastide infra refresh` or "
            "mend `host_key:` if the host was rebuilt",
            shown_key=line,
        )


def _check_fingerprint(compared: str, line: str, hop: Connection) -> None:
    if fingerprint(line) != compared:
        raise SshError(
            Kind.HOST_KEY_CHANGED,
            hop.name,
            f"another host key: expected {compared}, found {line.split()[0]} {fingerprint(line)} "
            f"at {hop.place}; find out what answers at this address before anything else; nothing "
            "was sent to it",
            shown_key=line,
        )
