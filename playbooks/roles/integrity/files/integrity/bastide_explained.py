"""Which changes of programs a package or a run of Bastide accounts for."""

import hashlib
import json
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DAY = 24 * 3600.0
PROGRAMS = ("/bin/", "/sbin/", "/lib/", "/usr/bin/", "/usr/sbin/", "/usr/lib/")
# Of what AIDE compares, what runs; settings are the matter of controls.
WATCHED = ("/boot/", "/usr/bin/", "/usr/sbin/", "/usr/lib/systemd/", "/usr/local/")
# What grub writes at a start.
VOLATILE = ("/boot/grub/grubenv",)
RUNS = Path("/var/lib/bastide/runs")
STATUS = Path("/var/lib/dpkg/status")
LOG = Path("/var/log/dpkg.log")
# A program that is being replaced is neither the old package's nor the new one's.
QUIET_SECONDS, PATIENCE_SECONDS = 120.0, 900.0
DIGEST_DIFFERS = 2
AT_ONCE = 500


@dataclass(frozen=True)
class Explained:
    """What changed programs since the last comparison; `expected`: paths that always do."""

    since: float | None
    expected: tuple[str, ...] = ()

    def left(self, changes: dict[str, str]) -> list[str]:
        """Return the programs whose change nothing accounts for."""
        # A folder that is gone is no longer seen to be one, but by what was in it.
        folders = {str(parent) for p in changes for parent in Path(p).parents}
        watched = [p for p in changes if p not in folders and self._is_watched(p)]
        runs = recorded(self.since or 0.0)
        others = [p for p in watched if not (p in runs and is_as_recorded(Path(p), runs[p]))]
        packages = self._of_packages(others, changes)
        return [p for p in others if p not in packages]

    def verified(self, paths: list[str]) -> set[str]:
        """Return those whose content is what their package brought."""
        owned = owners(paths)
        bad = set(map(plain, different(owned.values(), contents_only=False)))
        return {path for path in owned if plain(path) not in bad and Path(path).exists()}

    def _is_watched(self, path: str) -> bool:
        mine = path.startswith(WATCHED) and path not in VOLATILE
        is_folder = Path(path).is_dir() and not Path(path).is_symlink()
        return mine and not is_folder and not path.startswith(self.expected)

    def _of_packages(self, paths: list[str], changes: dict[str, str]) -> set[str]:
        """Return what dpkg has changed, if it has worked since: else nothing."""
        if not paths or self.since is None or not was_changed(STATUS, self.since):
            return set()
        owned, verified = owners(paths), self.verified(paths)
        # What scripts of packages make: start files, alternatives. What a new version has no more.
        made = {
            p
            for p in paths
            if p not in owned
            and (p.startswith("/boot/") or changes[p] == "removed" or is_alternative(Path(p)))
        }
        return verified | made


def let_dpkg_end() -> None:
    """Wait until dpkg has written nothing for some time; not for ever."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and was_changed(LOG, time.time() - QUIET_SECONDS):
        time.sleep(QUIET_SECONDS / 4)


def recorded(since: float) -> dict[str, str]:
    """Return the files that runs have changed since, each with the state that it then had."""
    states: dict[str, str] = {}
    for file in sorted(RUNS.glob("*/things.jsonl")):
        if not was_changed(file, since):
            continue
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, TypeError, KeyError):  # a line that was cut off
                thing = json.loads(line)
                states |= {thing["name"]: thing["after"]} if thing["kind"] == "file" else {}
    return states


def is_as_recorded(path: Path, state: str) -> bool:
    """Whether a file is what a run has made of it: by its content, where it has one."""
    if path.is_symlink() or not path.is_file():
        return bool(state)
    return hashlib.sha256(path.read_bytes()).hexdigest() in state.split()


def was_changed(path: Path, since: float) -> bool:
    """Whether a file is newer than a time."""
    try:
        return path.stat().st_mtime >= since
    except OSError:
        return False


def is_alternative(path: Path) -> bool:
    """Whether it is a link of update-alternatives(1)."""
    return path.is_symlink() and str(path.readlink()).startswith("/etc/alternatives/")


def owners(paths: Iterable[str]) -> dict[str, str]:
    """Return the package of each path that has one; dpkg may know /usr/bin as /bin."""
    known = {own: path for path in paths for own in (path, plain(path))}
    asked, found = sorted(known), {}
    for first in range(0, len(asked), AT_ONCE):
        done = run("dpkg-query", "--search", *asked[first : first + AT_ONCE])
        for line in done.splitlines():
            packages, _, own = line.rpartition(": ")
            if own in known and not packages.startswith("diversion "):
                found[known[own]] = packages.split(", ")[0]
    return found


def differing(paths: list[str] | None = None) -> list[str]:
    """Return the programs with another content than their package's: of these, else of all."""
    bad = different(None if paths is None else owners(paths).values())
    wanted = None if paths is None else set(map(plain, paths))
    return sorted(
        path
        for path in bad
        if path.startswith(PROGRAMS) and (wanted is None or plain(path) in wanted)
    )


def different(packages: Iterable[str] | None, *, contents_only: bool = True) -> list[str]:
    """Return the files of packages, default: of all, that are not as the packages brought them."""
    named = [] if packages is None else sorted(set(packages))
    if packages is not None and not named:
        return []
    rows = (line.split() for line in run("dpkg", "--verify", *named).splitlines())
    bad = [row for row in rows if row]
    if contents_only:
        bad = [row for row in bad if row[0].startswith("?") and row[0][DIGEST_DIFFERS] == "5"]
    return [row[-1] for row in bad]


def plain(path: str) -> str:
    """Return a path as it was before /bin became a link to /usr/bin."""
    return path.removeprefix("/usr")


def run(*command: str) -> str:
    """Return what a program prints; dpkg's end with 1 when something differs or is unknown."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout
