"""Alertmanager of the vault that watches the operations host: on its loopback, asked over SSH."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.connections import connection
from inventory.operations_watch import operations_watch
from inventory.outputs import kept_outputs
from inventory.secrets import resolve
from monitors.prometheus.prometheus_config import ALERTMANAGER
from monitors.ssh.failures import SshFailure
from monitors.ssh.session import Session, connect
from monitors.text import escaped_line
from monitors.web_api import ApiError

# The vault's own Python, which its playbooks need as well: curl may be missing.
ASK = """
import sys, urllib.request
url, method = sys.argv[1:]
posted = sys.stdin.buffer.read() or None
request = urllib.request.Request(url, posted, {"Content-Type": "application/json"}, method=method)
with urllib.request.urlopen(request, timeout=5) as answer:
    sys.stdout.buffer.write(answer.read())
"""


@dataclass(frozen=True, slots=True)
class WatchApi:
    """The API, as `WebApi` reads one; `name`: the vault."""

    session: Session
    name: str

    def read(self, path: str, posted: bytes | None = None, method: str | None = None) -> bytes:
        """Return the answer's body; ApiError says what was wrong."""
        verb = method or ("POST" if posted else "GET")
        words = ("/usr/bin/python3", "-I", "-c", ASK, f"http://{ALERTMANAGER}{path}", verb)
        ran = self.session.run(shlex.join(words), posted or b"", root=False)
        if isinstance(ran, SshFailure):
            raise ApiError(f"{self.name}: {ran.problem}")
        if ran.status != 0:
            said = ran.stderr.decode("utf-8", "backslashreplace").strip().splitlines() or [""]
            raise ApiError(f"{self.name}: {escaped_line(said[-1])}")
        return ran.stdout


@contextmanager
def watch_api(context: EstateContext) -> Iterator[WatchApi]:
    """Log in to the vault and yield its API; CommandError without a vault or a way in."""
    entry = operations_watch(context.estate)
    if entry is None:
        raise CommandError(
            "estate.yml: `notify:` has no `operations_watch:`, so no vault sends anything "
            "(docs/notifications.md)",
            Exit.WRONG_USE,
        )
    way = connection(entry, context.state, kept_outputs(context.estate.estate, context.state))
    session = connect(way, lambda reference: resolve(reference, context.state))
    if isinstance(session, SshFailure):
        raise CommandError(f"{session.name}: {session.problem}", Exit.COULD_NOT_CHECK)
    with session:
        yield WatchApi(session, entry.name)
