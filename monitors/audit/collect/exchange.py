"""One SSH exchange with a host: the audit key starts the collector, the bundle comes back.

Every failure is a value, since one host must not stop the others.
"""

import time
from dataclasses import dataclass

from inventory.connections import Connection
from inventory.secrets import SecretError
from monitors.collection.agentless import COLLECTING_SECONDS, reading_seconds
from monitors.collection.bundle import (
    MAX_HEADER_BYTES,
    MAX_PACKED_BYTES,
    BundleError,
    FetchFailure,
    expected_length,
    unframe,
)
from monitors.ssh.failures import Kind, SshError, SshFailure
from monitors.ssh.remote_command import Process
from monitors.ssh.session import Session, connect
from monitors.ssh.transport import CONNECT_SECONDS, Way
from monitors.text import escaped_line

AUDIT_USER = "bastide-audit"
# The collector ends before: this ends an exchange that stalls.
EXCHANGE_SECONDS = reading_seconds(COLLECTING_SECONDS)
# A bundle, the key exchange and some words on the error stream, each with room to spare.
MAX_RECEIVED_BYTES = 2 * MAX_PACKED_BYTES
MAX_WORDS = 400
CONFIGURE = "run `bastide playbook run configure`"


@dataclass(frozen=True, slots=True)
class AuditTarget:
    """Where and how a host is asked."""

    name: str
    connection: Connection
    connect_seconds: float = CONNECT_SECONDS
    exchange_seconds: float = EXCHANGE_SECONDS


def fetch(target: AuditTarget) -> bytes | FetchFailure:
    """Return the packed bundle of one host, or why there is none."""
    way = Way(target.connect_seconds, MAX_RECEIVED_BYTES)
    session = connect(target.connection, _no_secret, way)
    if isinstance(session, SshFailure):
        return FetchFailure(f"{target.name}: {_explain(session, target)}")
    with session:
        return _ask(session, target)


def _no_secret(reference: str) -> str:
    raise SecretError(f"{reference}: the audit's account needs no password")


def _ask(session: Session, target: AuditTarget) -> bytes | FetchFailure:
    where = f"{target.connection.address} port {target.connection.port}"
    try:
        process = session.start("bundle")
        try:
            received, words = _receive(process, target.exchange_seconds)
            if not received:
                process.status()  # raises when it was the connection that ended
        finally:
            process.stop()
        if received:
            return unframe(received)
        said = escaped_line(words.strip()) or "it closed the channel without a word"
        return FetchFailure(
            f"{target.name}: the collector at {where} sent nothing: {said}; {CONFIGURE}"
        )
    except BundleError as error:
        return FetchFailure(f"{target.name}: bad bundle: {error}")
    except TimeoutError:
        return FetchFailure(
            f"{target.name}: timeout: {where} did not answer in time; is the host up and reachable?"
        )
    except SshError as error:
        return FetchFailure(f"{target.name}: {error.failure.problem}")


def _receive(process: Process, seconds: float) -> tuple[bytes, str]:
    """Read one framed bundle within the time and size limits; return it and what was complained."""
    deadline = time.monotonic() + seconds
    received, words = bytearray(), b""
    wanted: int | None = None
    while wanted is None or len(received) < wanted:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        read = process.read(left)
        if read is None:
            break
        received += read[0]
        words = (words + read[1])[:MAX_WORDS]
        if wanted is None:
            wanted = expected_length(bytes(received[: MAX_HEADER_BYTES + 1]))
    whole = bytes(received if wanted is None else received[:wanted])
    return whole, words.decode("utf-8", "backslashreplace")


def _explain(failure: SshFailure, target: AuditTarget) -> str:
    """Return what happened, and what to do where an audit has a remedy of its own."""
    connection = target.connection
    if failure.kind is Kind.LOGIN_REFUSED and failure.name == connection.name:
        return (
            f"refused the key {connection.key} for {connection.user} at {connection.address} port "
            f"{connection.port}; {CONFIGURE}"
        )
    return failure.problem
