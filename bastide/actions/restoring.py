"""Restores of a host's data, asked for from here: which plan, what its program says and does."""

import math
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from inventory.connections import connection
from inventory.entries import hosts, services
from inventory.logins import administrators
from inventory.outputs import kept_outputs
from inventory.secrets import resolve
from monitors.continuity.objectives import BackupObjectives, backup_objectives
from monitors.continuity.records import ContinuityError
from monitors.continuity.restorable import Restorable, read_restorable
from monitors.ssh.failures import Kind, SshFailure
from monitors.ssh.remote_command import Limits, Ran
from monitors.ssh.session import Session, connect
from monitors.ssh.transport import Way
from monitors.text import escaped_line

# An account's path may lack the folder that the role installs the program in.
PROGRAM = 'PATH="$PATH:/usr/local/sbin"; exec bastide-backup restore '
LOOK = Limits(seconds=900)
# As long as it takes: whoever waits sees how far it is. A line every other second for weeks.
RESTORE = Limits(seconds=math.inf, stderr=1 << 25)
SAYS = "bastide-backup: "
TICK = ".. "
WRONG_ASK, NOT_FOUND = 2, 127


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be restored: of which plan, as it was when, and where to.

    `paths`: these alone, none for all. `beside`: this folder, None for one in /var/restore.
    """

    host: str
    plan: str
    paths: tuple[str, ...] = ()
    snapshot: str | None = None
    at: datetime | None = None
    source: str | None = None
    beside: str | None = None
    over: bool = False

    def words(self) -> list[str]:
        """Return it as arguments of the host's program."""
        return [self.plan, *self._options(), *(["--over", self.plan] if self.over else [])]

    def command(self, estate: str | None, *, over: bool = False) -> str:
        """Return the command that asks for it from here."""
        words = ["bastide", "backup", "restore", self.host, "--plan", self.plan, *self._options()]
        words += ["--over", self.plan] if over or self.over else []
        return shlex.join([*words, *(["--estate", estate] if estate else [])])

    def _options(self) -> list[str]:
        said = {
            "--snapshot": self.snapshot,
            "--at": self.at.isoformat() if self.at else None,
            "--from": self.source,
            "--beside": self.beside,
        }
        named = [word for name, value in said.items() if value for word in (name, value)]
        return [*named, *(word for path in self.paths for word in ("--path", path))]


def choose(context: EstateContext, name: str, plan: str | None) -> BackupObjectives:
    """Return the one plan of a host, or of the hosts of a service; CommandError: none, or more."""
    every = backup_objectives(context.estate)
    named = {
        **{service.name: service.hosts for service in services(context.estate)},
        **{entry.name: (entry.name,) for entry in hosts(context.estate)},
    }
    if name not in named:
        raise CommandError(
            f"{name}: no such host or service\n    expected: one that has data, such as "
            f"{_some(sorted({p.host for p in every}))}\n    do: `bastide backup status` lists them",
            Exit.WRONG_USE,
        )
    there = [p for p in every if p.host in named[name]]
    fitting = [p for p in there if plan in (None, p.plan)]
    if len(fitting) == 1:
        return fitting[0]
    if not there:
        raise CommandError(
            f"{name}: no backup plan, so there is nothing to restore\n    expected: one that has "
            f"data, such as {_some(sorted({p.host for p in every}))}\n    do: `backups:` of the "
            "host says what is backed up (docs/continuity.md)",
            Exit.WRONG_USE,
        )
    found = ", ".join(f"{p.host} --plan {p.plan}" for p in there)
    raise CommandError(
        f"{name}: {'several plans' if fitting else f'no plan {plan}'}\n    expected: one, found: "
        f"{found}\n    do: name the host and its plan",
        Exit.WRONG_USE,
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) or "none of this estate"


@contextmanager
def logged_in(context: EstateContext, host: str) -> Iterator[Session]:
    """Log in to a host as the inventory says and yield the session; CommandError: no way in."""
    entry = next(entry for entry in hosts(context.estate) if entry.name == host)
    way = connection(entry, context.state, kept_outputs(context.estate.estate, context.state))
    keys = tuple(key for who in administrators(entry) for key in who.keys)
    session = connect(way, lambda name: resolve(name, context.state), Way(agent_keys=keys))
    if isinstance(session, SshFailure):
        raise CommandError(f"{session.name}: {session.problem}", Exit.COULD_NOT_CHECK)
    with session:
        yield session


def look(session: Session, wanted: Wanted) -> Restorable:
    """Return what a restore will bring; nothing is changed. CommandError says what speaks against.

    Wrong use where the host has no such snapshot or path, or no room.
    """
    ran = session.run(_line(wanted, "--look"), limits=LOOK)
    return _answer(wanted, ran, Exit.COULD_NOT_CHECK)


def bring(session: Session, wanted: Wanted, progress: Progress, again: str) -> Restorable:
    """Restore and return what came; CommandError when it did not, or is not as it was backed up.

    Steps are shown as the host tells them. `again`: the command that goes on with it.
    """
    try:
        ran = session.run(_line(wanted), limits=RESTORE, told=_Told(progress, wanted.host))
    except BaseException:
        progress.step(wanted.host, "stopped; what is there stays, the same goes on with it")
        progress.paste("here", again)
        raise
    if isinstance(ran, SshFailure) and ran.kind is Kind.CUT_OFF:
        raise CommandError(
            f"{wanted.host}: {ran.problem}\n    do: what was fetched stays there; go on with it: "
            f"{again}",
            Exit.COULD_NOT_CHECK,
        )
    return _answer(wanted, ran, Exit.FINDINGS)


def _line(wanted: Wanted, *more: str) -> str:
    return PROGRAM + shlex.join([*wanted.words(), *more])


def _answer(wanted: Wanted, ran: Ran | SshFailure, failed: Exit) -> Restorable:
    if isinstance(ran, SshFailure):
        raise CommandError(f"{wanted.host}: {ran.problem}", Exit.COULD_NOT_CHECK)
    if ran.status == 0:
        try:
            return read_restorable(ran.stdout, wanted.host)
        except ContinuityError as error:
            raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    said = ran.stderr.decode("utf-8", "backslashreplace")
    if ran.status == NOT_FOUND or "unrecognized arguments" in said:
        raise CommandError(
            f"{wanted.host}: expected the backup program of this version, found "
            f"{'none' if ran.status == NOT_FOUND else 'an older one'}\n"
            f"    do: bastide playbook run configure --limit {wanted.host}",
            Exit.COULD_NOT_CHECK,
        )
    why = said.rpartition(SAYS)[2].strip() or "it ended without a word, such as by a signal"
    lines = "\n".join(f"    {escaped_line(line.strip())}" for line in why.splitlines())
    raise CommandError(
        f"{wanted.host}: {lines.strip()}", Exit.WRONG_USE if ran.status == WRONG_ASK else failed
    )


class _Told:
    """Shows what a host tells, line by line, until it says why it gives up."""

    def __init__(self, progress: Progress, host: str) -> None:
        self._progress, self._host = progress, host
        self._rest, self._gave_up = b"", False

    def __call__(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._show(escaped_line(line.decode("utf-8", "backslashreplace")))

    def _show(self, text: str) -> None:
        self._gave_up = self._gave_up or text.startswith(SAYS)
        if text.startswith(TICK):
            self._progress.now(text.removeprefix(TICK))
        elif not self._gave_up:
            self._progress.step(self._host, text)
