"""The host key that an SSH server proves to hold, read with paramiko as ssh-keyscan does."""

import logging
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import paramiko

from inventory.model.ssh import SIGNATURE_ALGORITHMS

# What goes wrong is raised as well; a host that boots is no traceback.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
PORT = 22
ED25519 = "ssh-ed25519"
OWN_KEY = Path("/etc/ssh/ssh_host_ed25519_key.pub")
ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a booting machine is given for its first byte, and the pause between, in seconds."""

    patience: float
    pause: float


# A booting machine on this very computer answers at once or not at all; the kernel's first
# retransmission would come after a full second.
HERE = Pace(0.25, 0.05)
# Another's may be slow: who hangs up early and comes back at once keeps it busy with logins.
AFAR = Pace(30.0, 2.0)


class NoAnswerError(Exception):
    """Nothing that speaks SSH answered."""


def host_key(
    address: str, kind: str = ED25519, timeout: float = ANSWER_SECONDS, port: int = PORT
) -> str:
    """Return the host key of a kind, `ssh-ed25519 AAAA…`, proved by the key exchange (RFC 4253, 8).

    NoAnswerError when there is no SSH server at the port or it has no such key.
    """
    try:
        link = socket.create_connection((address, port), timeout=timeout)
    except OSError as error:
        raise NoAnswerError(f"{address} port {port}: {error.strerror or error}") from None
    transport = paramiko.Transport(link)
    try:
        transport.banner_timeout = timeout
        transport.get_security_options().key_types = SIGNATURE_ALGORITHMS.get(kind, (kind,))
        transport.start_client(timeout=timeout)
        key = transport.get_remote_server_key()
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise NoAnswerError(f"{address} port {port}: {error or 'closed'}") from None
    finally:
        transport.close()
    return f"{key.get_name()} {key.get_base64()}"


def own_host_key(path: Path = OWN_KEY) -> str:
    """Return the host key of this very machine, `ssh-ed25519 AAAA…`; NoAnswerError without one."""
    try:
        return " ".join(path.read_text(encoding="ascii").split()[:2])
    except OSError as error:
        raise NoAnswerError(f"{path}: {error.strerror}") from None


def wait_for_host_key(address: str, seconds: float, pace: Pace = HERE) -> str:
    """Return the host key as soon as a server answers; NoAnswerError after that many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            _wait_for_banner(address, pace.patience)
            return host_key(address, timeout=max(pace.patience, ANSWER_SECONDS))
        except (NoAnswerError, OSError) as error:
            if time.monotonic() > deadline:
                raise NoAnswerError(str(error)) from None
            time.sleep(pace.pause)


def _wait_for_banner(address: str, patience: float) -> None:
    """Connect and read one byte: far cheaper than a key exchange with nobody."""
    with socket.create_connection((address, PORT), timeout=patience) as link:
        if not link.recv(1):
            raise ConnectionResetError("closed before it sent anything")
