"""Refused logins, kept so that no loop repeats them: a fail2ban must not ban this machine.

A refusal is that of one machine on the way, host or jump host, and counts for as long as the way
in to it stays as it was: another address, user or key, or a key file with other contents, is
another way. `<state>/preflight/refused.json` holds them.
"""

import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field, TypeAdapter, ValidationError

from inventory.connections import AGENT, Connection
from inventory.files import write_whole
from inventory.frozen import Frozen
from monitors.preflight.mends import hop_of
from monitors.ssh.failures import Kind, SshFailure

# A wrong password for sudo counts with faillock as a refused login does with fail2ban.
REMEMBERED = frozenset(
    {Kind.LOGIN_REFUSED, Kind.LOGIN_INCOMPLETE, Kind.SUDO_PASSWORD, Kind.SUDO_REFUSED}
)
OF_SUDO = frozenset({Kind.SUDO_PASSWORD, Kind.SUDO_REFUSED})
AGENT_SECONDS = 5.0


class Refusal(Frozen):
    """A refused login or sudo, as it was reported, and when."""

    at: datetime
    kind: Kind
    problem: str
    offered_key: str | None = None


class Refusals(Frozen):
    """What is remembered of an estate's hosts, by the way that was refused."""

    ways: dict[str, Refusal] = Field(default_factory=dict)

    def of(self, connection: Connection) -> SshFailure | None:
        """Return the failure that is to be expected on the way to a host, if any is known."""
        for hop in _hops(connection):
            for is_sudo in (False, True):
                refusal = self.ways.get(way_id(hop, is_sudo))
                if refusal and (hop is connection or not is_sudo):
                    return SshFailure(
                        refusal.kind,
                        hop.name,
                        f"{refusal.problem} (on {refusal.at:%Y-%m-%d at %H:%M} UTC; not tried "
                        "again before something changes: `bastide host check --again` does)",
                        offered_key=refusal.offered_key,
                    )
        return None

    def after(
        self, results: Iterable[tuple[Connection, SshFailure | None]], now: datetime
    ) -> "Refusals":
        """Return what is remembered after these attempts: each one's refusal, or none any more."""
        ways = dict(self.ways)
        for connection, failure in results:
            if failure is None:
                for hop in _hops(connection):
                    ways.pop(way_id(hop, False), None)
                ways.pop(way_id(connection, True), None)
            elif failure.kind in REMEMBERED:
                hop = hop_of(failure, connection)
                ways[way_id(hop, failure.kind in OF_SUDO)] = Refusal(
                    at=now,
                    kind=failure.kind,
                    problem=failure.problem,
                    offered_key=failure.offered_key,
                )
        return Refusals(ways=ways)


_FILE = TypeAdapter(Refusals)


def load(state: Path) -> Refusals:
    """Return what is remembered; a file that cannot be read is as good as none."""
    try:
        return _FILE.validate_json(_path(state).read_bytes())
    except (OSError, ValidationError):
        return Refusals()


def keep(refusals: Refusals, state: Path) -> None:
    """Write down what is remembered, where that is another than before."""
    if refusals != load(state):
        write_whole(_path(state), refusals.model_dump_json(indent=2))


def now() -> datetime:
    """Return the time of an attempt."""
    return datetime.now(UTC)


def way_id(hop: Connection, sudo: bool) -> str:
    """Return what identifies a way in; no secret can be found from it."""
    parts = [hop.place, hop.host_key or "", *_key_parts(hop)]
    if sudo:
        parts += ["sudo", hop.sudo, *_password_parts(hop.sudo_password or "")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _key_parts(hop: Connection) -> Iterator[str]:
    if hop.local:
        return
    if hop.key is None:
        yield AGENT
        yield from _agent_keys()
        return
    yield str(hop.key)
    with suppress(OSError):
        yield hashlib.sha256(hop.key.read_bytes()).hexdigest()


def _agent_keys() -> Iterator[str]:
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["ssh-add", "-L"], capture_output=True, timeout=AGENT_SECONDS, check=False
        )
        yield hashlib.sha256(done.stdout).hexdigest()


def _password_parts(reference: str) -> Iterator[str]:
    """Yield where the password is, and when that file was last written; never what it is."""
    yield reference
    path = Path(reference.partition(":")[2].rpartition("#")[0] or reference.partition(":")[2])
    with suppress(OSError):
        yield str(path.stat().st_mtime_ns)


def _hops(connection: Connection) -> Iterator[Connection]:
    if connection.jump is not None:
        yield from _hops(connection.jump)
    yield connection


def _path(state: Path) -> Path:
    return state / "preflight" / "refused.json"
