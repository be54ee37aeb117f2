"""One command through a strange shell and sudo, its own output told apart from all that they say.

A login shell may print a greeting, sudo a lecture; both come before a marker that only this run
knows. The shell's marker comes first, root's second: the one that is missing says who refused.
The password goes to sudo's own question only, once, and never in the arguments of a program.
"""

import os
import secrets
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from inventory.connections import ROOT, Connection
from monitors.ssh.failures import Kind, SshError

MAX_WORDS = 300
# How long what a command left running may still hold its output open.
LINGER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a command may take, in seconds, and how much it may print, in bytes."""

    seconds: float = 60.0
    stdout: int = 1 << 20
    stderr: int = 1 << 16


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did: exit status (None: a signal or the limit ended it) and outputs."""

    status: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool = False


Told = Callable[[bytes], None]


def unheard(_: bytes) -> None:
    """Take what a command says for nobody."""


class Process(Protocol):
    """A command that runs somewhere: over SSH, or on this machine."""

    def send(self, data: bytes, *, last: bool) -> None:
        """Hand over input without waiting for it to be read; `last` closes the input."""

    def read(self, seconds: float) -> tuple[bytes, bytes] | None:
        """Return what came on both outputs, empty after so many seconds; None: all is over."""

    def status(self) -> int | None:
        """Return the exit status; None when it had none. SshError when the connection is gone."""

    def stop(self) -> None:
        """Leave it, whatever it does."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one command is started, and what its run will be recognised by."""

    name: str
    user: str
    sudo: bool
    password: str | None = field(repr=False)
    command: str
    nonce: str = field(default_factory=lambda: secrets.token_hex(12))

    @property
    def started(self) -> bytes:
        """What is printed when the login shell has started what it was given."""
        return f"started-{self.nonce}\n".encode()

    @property
    def reached(self) -> bytes:
        """What is printed as the user that the command is to run as."""
        return f"reached-{self.nonce}\n".encode()

    @property
    def prompt(self) -> bytes:
        """What sudo asks for the password with."""
        return f"password-{self.nonce}:".encode()

    def line(self) -> str:
        """Return the line for the login shell: plain enough for sh, bash, zsh, fish and csh."""
        inner = f"{_say('reached', self.nonce)}; exec /bin/sh -c {shlex.quote(self.command)}"
        if self.sudo:
            inner = f"exec {self._sudo()} /bin/sh -c {shlex.quote(inner)}"
        # sudo's refusals are told apart by its words, so they have to be English.
        stage = f"{_say('started', self.nonce)}; LC_ALL=C; export LC_ALL; {inner}"
        return f"exec /bin/sh -c {shlex.quote(stage)}"

    def _sudo(self) -> str:
        # -k with a command neither uses nor writes a remembered login.
        if self.password is None:
            return "sudo -k -n --"
        return f"sudo -k -S -p {self.prompt.decode()} --"


def _say(word: str, nonce: str) -> str:
    return f"echo {word}-{nonce}; echo {word}-{nonce} >&2"


def plan(connection: Connection, command: str, password: str | None, root: bool) -> Plan:
    """Return how a command is run at the end of a connection, as root when that is wanted.

    SshError when root is wanted and nothing says how to become root.
    """
    is_root = os.geteuid() == 0 if connection.local else connection.user == ROOT
    needed = root and not is_root
    if needed and connection.sudo == "none":
        raise SshError(
            Kind.NOT_ROOT,
            connection.name,
            f"expected a way to become root, found `sudo: none` for {connection.place}; say "
            "`sudo: passwordless` or `sudo: password` under `ssh:`, or log in as root",
        )
    return Plan(connection.name, connection.user, needed, password if needed else None, command)


def converse(
    start: Callable[[str], Process],
    plan: Plan,
    stdin: bytes,
    limits: Limits,
    told: Told = unheard,
) -> Ran:
    """Run a planned command and return what it did; SshError when it never came to that."""
    process = start(plan.line())
    try:
        return _Conversation(process, plan, stdin, limits, told).run()
    finally:
        process.stop()


class _Conversation:
    """What has been said so far between us, the shell, sudo and the command."""

    def __init__(
        self, process: Process, plan: Plan, stdin: bytes, limits: Limits, told: Told
    ) -> None:
        self._process, self._plan, self._stdin, self._limits = process, plan, stdin, limits
        self._told, self._passed_on = told, 0
        self._out, self._err = bytearray(), bytearray()
        self._deadline = time.monotonic() + limits.seconds
        self._fed = self._answered = False

    def run(self) -> Ran:
        if self._plan.password is None:
            self._feed()
        over = False
        while not over and not self._full() and time.monotonic() < self._deadline:
            read = self._process.read(max(0.0, self._deadline - time.monotonic()))
            over = read is None
            if read:
                self._out += read[0]
                self._err += read[1]
                self._pass_on()
            if not self._fed:
                self._attend()
        return self._end(over)

    def _pass_on(self) -> None:
        """Tell what the command itself has said since."""
        begun = self._err.find(self._plan.reached)
        if begun < 0:
            return
        since = max(self._passed_on, begun + len(self._plan.reached))
        self._passed_on = len(self._err)
        if since < self._passed_on:
            self._told(bytes(self._err[since:]))

    def _attend(self) -> None:
        """Answer sudo's question once, and hand the input over when root's shell is there."""
        if self._plan.reached in self._out:
            self._feed()
            return
        asked = bytes(self._err).count(self._plan.prompt)
        if asked > 1:
            self._process.send(b"", last=True)
            raise self._error(
                Kind.SUDO_PASSWORD,
                "expected sudo to take the password, found that it asked again: it is wrong, or "
                "a second thing is asked for; mend `sudo_password` (one attempt was made)",
            )
        if asked and not self._answered:
            self._answered = True
            self._process.send(f"{self._plan.password}\n".encode(), last=False)

    def _feed(self) -> None:
        self._fed = True
        self._process.send(self._stdin, last=True)

    def _full(self) -> bool:
        return len(self._out) > self._limits.stdout or len(self._err) > self._limits.stderr

    def _end(self, over: bool) -> Ran:
        _, found, out = bytes(self._out).partition(self._plan.reached)
        if not found:
            raise self._refusal(over)
        words = bytes(self._err)
        truncated = self._full()
        return Ran(
            status=self._process.status() if over else None,
            stdout=out[: self._limits.stdout],
            stderr=words.rpartition(self._plan.reached)[2][: self._limits.stderr],
            truncated=truncated or not over,
        )

    def _refusal(self, over: bool) -> SshError:
        """Return why the command was never started: the shell, sudo, or time."""
        if over:
            self._process.status()
        if self._plan.started not in self._out:
            said = _words(bytes(self._out) + bytes(self._err))
            if not over and not said:
                return self._error(Kind.TIMEOUT, self._late("the login shell"))
            return self._error(
                Kind.NO_SHELL,
                f"expected a login shell that runs commands, found {said or 'a silent one'}; "
                f"give {self._plan.user} a shell such as /bin/bash, or use another account",
            )
        said = _words(bytes(self._err).rpartition(self._plan.started)[2])
        if not over:
            return self._error(Kind.TIMEOUT, self._late("sudo"))
        return self._error(*_sudo_refusal(said, self._plan.user))

    def _late(self, who: str) -> str:
        return (
            f"timeout: expected an answer of {who} within {self._limits.seconds:g} s, found none; "
            "log in by hand and see what hangs"
        )

    def _error(self, kind: Kind, problem: str) -> SshError:
        return SshError(kind, self._plan.name, problem)


def _sudo_refusal(said: str, user: str) -> tuple[Kind, str]:
    """Return what sudo's words mean and what to do."""
    if "password is required" in said or "no password was provided" in said:
        return Kind.SUDO_ASKS, (
            f"expected sudo without a password for {user}, found that it asks for one; say "
            "`sudo: password` and `sudo_password:` under `ssh:`, or allow NOPASSWD on the host"
        )
    if "sudo" in said and "not found" in said:
        return Kind.SUDO_MISSING, (
            "expected sudo on the host, found none; install it there, or log in as root"
        )
    if "must have a tty" in said:
        return Kind.SUDO_REFUSED, (
            f"expected sudo without a terminal, found `requiretty`; set `Defaults:{user} "
            "!requiretty` in the host's sudoers"
        )
    return Kind.SUDO_REFUSED, (
        f"expected sudo to run /bin/sh as root for {user}, found {said or 'a refusal'}; "
        "look at the host's sudoers (`sudo -l`)"
    )


def _words(said: bytes) -> str:
    text = " ".join(said.decode("utf-8", "backslashreplace").split())
    return f"{text[:MAX_WORDS]!r}" if text else ""
