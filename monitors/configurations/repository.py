"""The git repository of redacted configurations: a file a device, a commit a change."""

import fcntl
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inventory.files import make_folder, write_whole

SECONDS = 60
HUNK = re.compile(r"^@@ \S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
OPTIONS = (
    "core.hooksPath=/dev/null",
    "core.autocrlf=false",
    "core.quotePath=false",
    "commit.gpgSign=false",
    "init.defaultBranch=main",
    "gc.auto=200",
)
# Nothing of the user's or the machine's own settings counts.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    **{f"GIT_{who}_NAME": "bastide" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "bastide@localhost" for who in ("AUTHOR", "COMMITTER")},
}


class RepositoryError(Exception):
    """Git is missing, or refuses; the text repeats nothing of what is kept."""


@dataclass(frozen=True, slots=True)
class Change:
    """A kept version: its commit, when it was kept, and how many lines it added and removed."""

    commit: str
    at: datetime
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Repository:
    """Where configurations are kept; all paths are below `folder`."""

    folder: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold it alone, and clear away what a run that was killed has left."""
        make_folder(self.folder.parent)
        with (self.folder.parent / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RepositoryError("configurations are being kept by another run") from None
            if not (self.folder / ".git").is_dir():
                make_folder(self.folder)
                self._git("init", "--quiet", "--template=")
            (self.folder / ".git" / "index.lock").unlink(missing_ok=True)
            yield

    def keep(self, path: str, text: str) -> Change | None:
        """Keep a version, and return what changed; None where nothing did."""
        first = not self.versions(path)
        write_whole(self.folder / path, text)
        self._git("add", "--", path)
        hunks = self._git(
            "diff", "--cached", "--unified=0", "--no-color", "--no-ext-diff", "--", path
        )
        if not hunks:
            return None
        name = Path(path).stem
        added, removed = self._counted("diff", "--cached", "--numstat", "--", path)
        subject = f"{name}: kept for the first time" if first else f"{name}: +{added} -{removed}"
        self._git(
            "commit", "--quiet", "--file=-", "--", path, stdin=f"{subject}\n\n{_places(hunks)}"
        )
        return self.versions(path, most=1)[0]

    def versions(self, path: str, most: int = 1000) -> tuple[Change, ...]:
        """Return the kept versions of a file, the newest first."""
        if not (self.folder / ".git").is_dir() or not self._has_commits():
            return ()
        form = "--format=%x01%H %cI"
        log = self._git("log", f"-{most}", form, "--numstat", "--no-color", "--", path)
        return tuple(_change(entry) for entry in log.split("\x01")[1:])

    def show(self, path: str, commit: str = "HEAD") -> str:
        """Return a version of a file."""
        return self._git("show", "--no-color", f"{commit}:{path}")

    def diff(self, path: str, older: str, newer: str) -> str:
        """Return the difference between two versions of a file, as `diff -u` writes it."""
        return self._git("diff", "--no-color", "--no-ext-diff", older, newer, "--", path)

    def _has_commits(self) -> bool:
        return bool(self._git("for-each-ref", "--count=1", "--format=%(objectname)", "refs/heads"))

    def _counted(self, *arguments: str) -> tuple[int, int]:
        added, removed, _ = self._git(*arguments).split("\t", 2)
        return int(added), int(removed)

    def _git(self, *arguments: str, stdin: str = "") -> str:
        options = [word for option in OPTIONS for word in ("-c", option)]
        try:
            done = subprocess.run(
                ["git", *options, *arguments],
                cwd=self.folder,
                env=ENVIRONMENT,
                input=stdin.encode(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise RepositoryError("git is not installed; `apt install git`") from None
        except subprocess.TimeoutExpired:
            raise RepositoryError(f"git {arguments[0]} had not ended after {SECONDS} s") from None
        if done.returncode != 0:
            last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise RepositoryError(f"git {arguments[0]} failed in {self.folder}: {last}")
        return done.stdout.decode(errors="replace")


def _places(hunks: str) -> str:
    """Return which lines of the new version changed."""
    found = [(int(start), int(count or 1)) for start, count in HUNK.findall(hunks)]
    named = (f"{start}-{start + count - 1}" if count > 1 else str(start) for start, count in found)
    return f"Lines: {', '.join(named)}\n"


def _change(entry: str) -> Change:
    head, *rows = filter(None, entry.split("\n"))
    commit, at = head.split(" ")
    numbers = rows[0].split("\t") if rows else ["0", "0"]
    return Change(commit, datetime.fromisoformat(at), int(numbers[0]), int(numbers[1]))
