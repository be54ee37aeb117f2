"""One host's preflight: log in once, read once, and say what is missing."""

from dataclasses import dataclass, replace

from inventory.connections import Connection
from inventory.enums import Level
from monitors.preflight.mends import MENDS, finding
from monitors.preflight.model import Finding, Mend, Readiness, Step
from monitors.preflight.probe import COMMAND, judge
from monitors.ssh.failures import Kind, SshFailure
from monitors.ssh.remote_command import Limits
from monitors.ssh.session import Resolve, connect
from monitors.ssh.transport import Way

LIMITS = Limits(seconds=20.0)
# Failures that are found before anything is tried.
UNTRIED = frozenset({Kind.SECRET, Kind.KEY_UNUSABLE})
SILENT = frozenset({Kind.UNREACHABLE, Kind.TIMEOUT, Kind.NO_SSH, Kind.CUT_OFF})
ORDER = tuple(Step)


@dataclass(frozen=True, slots=True)
class Checked:
    """A host's readiness, and the failure behind it where the way in was the trouble."""

    readiness: Readiness
    failure: SshFailure | None = None


def check(connection: Connection, level: Level, resolve: Resolve, way: Way) -> Checked:
    """Log in to a host and return what is missing for its level; everything is a value."""
    session = connect(connection, resolve, way)
    if isinstance(session, SshFailure):
        return failed(session, connection)
    with session:
        ran = session.run(COMMAND, limits=LIMITS)
    if isinstance(ran, SshFailure):
        return failed(ran, connection, logged_in=True)
    if ran.status is None:
        return failed(_hangs(connection), connection, logged_in=True)
    probe = judge(ran.stdout, connection.name, level)
    return Checked(
        Readiness(
            host=connection.name,
            place=place(connection),
            passed=(*_way_passed(connection, Step.SUDO), *probe.passed),
            findings=probe.findings,
            machine=probe.machine,
            system=probe.system,
            container=probe.container,
        )
    )


def failed(failure: SshFailure, connection: Connection, *, logged_in: bool = False) -> Checked:
    """Return the readiness of a host that could not be logged in to, or where sudo failed."""
    own = failure.name == connection.name
    before = Step.SUDO if logged_in else MENDS[failure.kind].step
    tried = own and failure.kind not in UNTRIED
    readiness = Readiness(
        host=connection.name,
        place=place(connection),
        passed=_way_passed(connection, before) if tried else (),
        findings=(_finding(failure, connection, logged_in),),
        checked=failure.kind not in SILENT,
    )
    return Checked(readiness, failure)


def _hangs(connection: Connection) -> SshFailure:
    problem = (
        f"timeout: expected {connection.place} to read a few files within {LIMITS.seconds:g} s, "
        "found that it hangs; look at its load and its mounts"
    )
    return SshFailure(Kind.TIMEOUT, connection.name, problem)


def _finding(failure: SshFailure, connection: Connection, logged_in: bool) -> Finding:
    """Return what is missing; what hangs after the login is no matter of the network."""
    found = finding(failure, connection)
    if not logged_in or failure.kind is not Kind.TIMEOUT:
        return found
    mend = Mend(f"on the console of {connection.name}", "uptime; df -h; ps -eo stat,pid,args")
    return replace(found, step=Step.SUDO, mend=mend)


def place(connection: Connection) -> str:
    """Return whom and where a host is logged in as, with the jump host on the way."""
    if connection.local:
        return "this machine"
    via = f" through {connection.jump.place}" if connection.jump else ""
    return f"{connection.place}{via}"


def _way_passed(connection: Connection, before: Step) -> tuple[tuple[Step, str], ...]:
    key = connection.host_key.split()[0] if connection.host_key else ""
    texts = {Step.REACHABLE: place(connection), Step.HOST_KEY: key, Step.LOGIN: connection.user}
    if connection.local:
        texts = {Step.REACHABLE: "this machine"}
    return tuple((s, texts[s]) for s in ORDER[: ORDER.index(before)] if s in texts)
