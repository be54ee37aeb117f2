"""The administrator's programs that run before and after a backup, and can fail it.

The one that runs after does so also when the backup failed, was stopped, or was cut off: it puts
right what the one before had stopped. They run as root, so nobody else may be able to change them.
"""

import os
import re
import signal
import stat
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from bastide_manifest import BackupError

LAST_LINES = 4
LONGEST_LINE = 240
GRACE_SECONDS = 5.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HIDDEN = "[hidden]"
VALUE = r"""("[^"]*"|'[^']*'|\S+)"""
# What looks like a secret, and what is left of it; what a program prints is kept and shown.
SECRETS = (
    (
        r"(?i)([\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|credential)[\w-]*[\"']?"
        rf"\s*(?:[=:]|\bis\b)\s*){VALUE}",
        rf"\1{HIDDEN}",
    ),
    (r"(?i)(\b(?:bearer|basic)\s+)\S+", rf"\1{HIDDEN}"),
    (r"(://[^/\s:@]*:)[^@\s]+@", rf"\1{HIDDEN}@"),
    (r"((?:^|\s)-p)\S+", rf"\1{HIDDEN}"),
    # A long run of letters and digits: a key, more likely than a word.
    (r"\b(?=[\w+]*\d)(?=[\w+]*[A-Za-z])[\w+=]{20,}", HIDDEN),
)


@dataclass(frozen=True, slots=True)
class Hook:
    """A program and how long it may take."""

    program: str
    limit_seconds: float


@dataclass(frozen=True, slots=True)
class Hooks:
    """What runs around a plan's backup, and what is known not to be shown of what it says."""

    plan: str
    before: Hook | None
    after: Hook | None
    # A file that is there while the program that runs after is still to run.
    owed: Path
    password: Path

    @contextmanager
    def around(self) -> Iterator[None]:
        """Run what is to run before and after the backup; BackupError when one fails."""
        try:
            self.begin()
            yield
        except BaseException as error:
            said = self.end(ok=False)
            if said and isinstance(error, Exception):
                raise BackupError(f"{error}; and then: {said}") from error
            raise
        said = self.end(ok=True)
        if said:
            raise BackupError(f"the snapshot was made, but {said}")

    def begin(self) -> None:
        """Run the program that runs before."""
        if self.after:
            self.owed.touch(mode=0o600)
        if self.before:
            self.run(self.before, "running")

    def end(self, *, ok: bool) -> str:
        """Run the program that runs after, if one is owed; return why it failed, or ''.

        After a failure it is owed still.
        """
        if not self.after or not self.owed.exists():
            return ""
        try:
            self.run(self.after, "ok" if ok else "failed")
        except BackupError as error:
            return str(error)
        self.owed.unlink(missing_ok=True)
        return ""

    def run(self, hook: Hook, outcome: str) -> None:
        """Run a program that is told how the backup goes; BackupError unless it ends well."""
        environment = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}
        environment |= {"BASTIDE_PLAN": self.plan, "BASTIDE_OUTCOME": outcome}
        status, lines = _finished(hook, trusted(hook.program), environment)
        if status:
            said = " / ".join(self.shown(line) for line in lines)
            raise BackupError(f"{hook.program} ended with {status}: {said or 'it says nothing'}")

    def shown(self, line: str) -> str:
        """Return a line of what a program said, short and without what looks like a secret."""
        with suppress(OSError):
            password = self.password.read_text(encoding="utf-8").strip()
            line = line.replace(password, HIDDEN) if password else line
        for pattern, left in SECRETS:
            line = re.sub(pattern, left, line)
        return line[:LONGEST_LINE]


def trusted(program: str) -> Path:
    """Return where a program really is; BackupError unless root alone can change it."""
    try:
        path = Path(program).resolve(strict=True)
    except OSError as error:
        raise BackupError(f"{program}: {error.strerror}") from None
    for part in (path, *path.parents):
        status = part.stat()
        # In a sticky folder, such as /tmp, nobody can put another file in the place of root's.
        sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
        if status.st_uid != 0 or (status.st_mode & 0o022 and not sticky):
            raise BackupError(
                f"{program} is not run: others than root can change {part} (chown root, chmod go-w)"
            )
    if not path.is_file() or not os.access(path, os.X_OK):
        raise BackupError(f"{program} is not a program (chmod 0755)")
    return path


def _finished(hook: Hook, path: Path, environment: dict[str, str]) -> tuple[str, list[str]]:
    """Run a program to its end; return how it ended, '' for well, and its last lines."""
    try:
        process = subprocess.Popen(
            [path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment, cwd="/", start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise BackupError(f"{hook.program}: {error.strerror}") from None
    lines: deque[str] = deque(maxlen=LAST_LINES)
    reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reader.start()
    try:
        status = process.wait(hook.limit_seconds)
    except subprocess.TimeoutExpired:
        _stop(process)
        return f"nothing after {hook.limit_seconds:g} s, and was stopped", list(lines)
    except BaseException:
        _stop(process)
        raise
    reader.join(GRACE_SECONDS)  # what it has started may hold the pipe for ever
    return str(status) if status else "", list(lines)


def _read(pipe: IO[bytes] | None, lines: deque[str]) -> None:
    """Keep the last lines; one without an end is taken in pieces."""
    while line := cast("IO[bytes]", pipe).readline(1 << 16):
        if text := line.decode(errors="replace").strip():
            lines.append(text)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End a program and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
