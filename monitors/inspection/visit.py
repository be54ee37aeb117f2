"""One visit to a host: the commands are sent over a session, an Inspection comes back."""

from collections.abc import Mapping

from inventory.connections import Connection
from monitors.collection.agentless import read_host
from monitors.collection.bundle import BundleError, FetchFailure, unpack
from monitors.inspection.answers import Answers
from monitors.inspection.commands import COMMANDS
from monitors.inspection.model import Inspection
from monitors.inspection.reading import read_inspection
from monitors.ssh.failures import SshFailure
from monitors.ssh.session import DEFAULT, Resolve, Session, connect
from monitors.ssh.transport import Way

# Somebody waits for it: a command that hangs costs a quarter of it, and its own answer only.
VISIT_SECONDS = 60.0


def visit(
    session: Session, name: str, commands: Mapping[str, str] = COMMANDS
) -> Inspection | FetchFailure:
    """Return what was read of a host that is logged in to, or why nothing was.

    Everything runs once, as root; nothing is written there.
    """
    packed = read_host(session, name, tuple(commands.values()), VISIT_SECONDS)
    if isinstance(packed, FetchFailure):
        return packed
    try:
        bundle = unpack(packed)
    except BundleError as error:
        return FetchFailure(f"{name}: bad bundle: {error}")
    return read_inspection(Answers(commands, bundle.answers()))


def log_in_and_read(
    connection: Connection,
    resolve: Resolve,
    commands: Mapping[str, str] = COMMANDS,
    way: Way = DEFAULT,
) -> Inspection | FetchFailure:
    """Log in to a host, once, and return what was read of it, or why nothing was."""
    session = connect(connection, resolve, way)
    if isinstance(session, SshFailure):
        return FetchFailure(f"{session.name}: {session.problem}", session)
    with session:
        return visit(session, connection.name, commands)
