#!/usr/bin/python3 -EsB
"""Pull second copies from other targets, file by file, and never delete or overwrite one.

    bastide-vault-pull [HOST/PLAN …]             pull now, as the account bastide-pull
    bastide-vault-pull --accept-keys HOST/PLAN   another password of a repository is meant
    bastide-vault-pull --tell                    leave the metrics of what was pulled, as root

Repositories are copied as they are, so no password is needed here: a file is called by the SHA-256
of its content, and what does not have it is not taken. What is gone at the source stays here until
this target's own retention removes it, and is not fetched again then. Keys come with the repository
alone: one that is added later opens it to somebody else. A source that has another repository in
place of the one that was copied is told, and nothing is taken from it.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from bastide_copies import (
    LARGEST_OCTETS,
    TAKEN,
    CopyError,
    command_line,
    copy_each,
    kind_of,
    locked,
    read_state,
    said,
    snapshots,
    tell,
)

FOLDER = Path("/srv/backups")
CONFIG = Path("/etc/bastide/pull")
STATE = Path("/var/lib/bastide-pull/state.json")
FULL = Path("/run/bastide-vault/full")
METRICS = Path("/var/lib/prometheus/node-exporter/bastide_copies.prom")
ACCOUNT = "bastide-pull"
LONGEST_LIST = 512 * 1024 * 1024
# Of the file system, left free for what this target has to do itself.
SPARE = 0.05
PIECE = 1024 * 1024
TEMPORARY = ".pulled"
# After the end of an archive: what fills its last record.
LONGEST_REST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pull:
    """A repository that is pulled: whose plan, and from which target."""

    client: str
    plan: str
    source: str
    address: str

    @property
    def name(self) -> str:
        """HOST/PLAN, on both targets."""
        return f"{self.client}/{self.plan}"

    @property
    def folder(self) -> Path:
        """Where the copy lies."""
        return FOLDER / self.name


@dataclass(slots=True)
class Source:
    """What the source says that it has: octets and times of arrival by name."""

    octets: dict[str, int]
    came: dict[str, float]
    config: str
    bad: list[str] = field(default_factory=list)


def pulls() -> tuple[Pull, ...]:
    """Read what is to be pulled; CopyError when the file is not what the role writes."""
    path = CONFIG / "pulls.json"
    try:
        return tuple(Pull(**entry) for entry in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CopyError(f"{path}: {error}; run the playbook configure.yml again") from None


def way(pull: Pull) -> list[str]:
    """Return the command that reaches the source; its forced command decides what is given."""
    return [
        *("ssh", "-T", "-F", "none", "-i", str(CONFIG / "key"), "-o", "IdentitiesOnly=yes"),
        *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=20"),
        *("-o", f"UserKnownHostsFile={CONFIG / 'known_hosts'}", "-o", "ServerAliveInterval=30"),
        f"{ACCOUNT}@{pull.address}",
    ]


@contextmanager
def asked(pull: Pull, request: dict[str, Any]) -> Iterator[IO[bytes]]:
    """Ask the source; CopyError with its last words when it ends badly."""
    asking = subprocess.Popen(
        way(pull), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        with contextlib.suppress(BrokenPipeError), pipe(asking.stdin) as sending:
            sending.write(json.dumps(request).encode())
        yield pipe(asking.stdout)
        pipe(asking.stdout).read(LONGEST_REST)
        code = asking.wait(60)
    except (tarfile.TarError, EOFError) as error:
        asking.kill()
        raise CopyError(
            f"{pull.source}: {last_words(asking) or f'it broke off: {error}'}"
        ) from None
    finally:
        asking.kill()
        asking.wait()
    if code:
        raise CopyError(f"{pull.source}: {last_words(asking) or 'it ended without a word'}")


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe that Popen was told to make."""
    if stream is None:
        raise CopyError("no pipe")
    return stream


def last_words(asking: "subprocess.Popen[bytes]") -> str:
    """Return what a program that has ended had to say."""
    return said(pipe(asking.stderr).read(100_000).decode(errors="replace"))


def ask_list(pull: Pull) -> Source:
    """Return what the source has; files that no repository has are not looked at."""
    with asked(pull, {"repository": pull.name}) as answer:
        text = answer.read(LONGEST_LIST)
    if not text:
        raise CopyError(f"{pull.source}: it lists nothing")
    try:
        told = json.loads(text)
        files = [(str(n), int(o), float(t)) for n, o, t in told["files"] if TAKEN.fullmatch(str(n))]
        config = str(told["config"])
    except (ValueError, TypeError, KeyError):
        raise CopyError(f"{pull.source}: its list cannot be read") from None
    return Source({n: o for n, o, _ in files}, {n: t for n, _, t in files}, config)


def held(folder: Path) -> set[str]:
    """Return the files of the copy, and remove what a pull that was cut off has left."""
    found = set()
    for top, _, names in os.walk(folder):
        for name in names:
            path = Path(top) / name
            if name == TEMPORARY:
                path.unlink(missing_ok=True)
            else:
                found.add(str(path.relative_to(folder)))
    return found


def wanted(source: Source, here: set[str], known: list[str], *, keys: bool) -> list[str]:
    """Return the files to fetch, in the order in which they may be written.

    `known` are snapshots that were here before: gone, this target's retention has removed them.
    """
    names = [name for name in source.octets if name not in here]
    names = [n for n in names if not n.startswith("snapshots/") or n not in known]
    names = [n for n in names if keys or not n.startswith("keys/")]
    return sorted(names, key=lambda name: (kind_of(name), name))


def refuse(pull: Pull, source: Source, here: set[str], names: list[str]) -> None:
    """Raise CopyError where nothing may be taken: another repository, a quota, no room."""
    config = pull.folder / "config"
    if "config" in here and hashlib.sha256(config.read_bytes()).hexdigest() != source.config:
        raise CopyError(
            f"{pull.source} has another repository in place of the one that was copied: find out "
            "who replaced it; the copy here is as it was"
        )
    if (FULL / pull.name.replace("/", "_")).exists():
        raise CopyError("over its quota (disk quota exceeded): nothing more is taken in")
    large = [name for name in names if not 0 <= source.octets[name] <= LARGEST_OCTETS]
    if large:
        raise CopyError(f"{pull.source}: {large[0]} is larger than any file of restic's")
    usage, needed = shutil.disk_usage(FOLDER), sum(source.octets[name] for name in names)
    if usage.free - needed < usage.total * SPARE:
        raise CopyError(
            f"no space left on device: {needed / 1e9:.1f} GB are to come, "
            f"{usage.free / 1e9:.1f} GB are free"
        )


def fetch(pull: Pull, source: Source, names: list[str]) -> int:
    """Fetch files and return how many octets came; CopyError before a snapshot lacks its data."""
    left, octets = deque(names), 0
    with (
        asked(pull, {"repository": pull.name, "names": names}) as answer,
        tarfile.open(fileobj=answer, mode="r|", bufsize=PIECE) as archive,
    ):
        for member in archive:
            if not left or member.name != left[0]:
                break
            left.popleft()
            content = archive.extractfile(member) if member.isreg() else None
            octets += take(pull, source, member, content)
    if left:
        raise CopyError(
            f"{pull.source}: {left[0]} went while it was pulled (its retention goes on), or was "
            "not given; the next pull begins anew"
        )
    return octets


def take(pull: Pull, source: Source, member: tarfile.TarInfo, content: IO[bytes] | None) -> int:
    """Write one file under its name, whole and as its name says; one that is not is noted."""
    path, temporary = pull.folder / member.name, pull.folder / TEMPORARY
    if content is None or member.size != source.octets[member.name]:
        source.bad.append(member.name)
        return 0
    digest = hashlib.sha256()
    with temporary.open("wb") as file:
        while piece := content.read(PIECE):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    expected = source.config if member.name == "config" else path.name
    if digest.hexdigest() == expected:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(temporary, path)  # fails where there is one already
    else:
        source.bad.append(member.name)
    temporary.unlink()
    return member.size


def pull_one(pull: Pull, known: dict[str, Any], *, accept_keys: bool = False) -> dict[str, Any]:
    """Pull one repository; return what is to be known of it next time, with the result."""
    started, clock = time.time(), time.monotonic()
    known = {"pulled": [], "last_success": None, **known}
    result: dict[str, Any] = {"source": pull.source, "at": started, "ok": True, "error": None}
    octets = 0
    try:
        with locked(pull.folder):
            source = ask_list(pull)
            here = held(pull.folder)
            keys = accept_keys or not any(name.startswith("keys/") for name in here)
            names = wanted(source, here, known["pulled"], keys=keys)
            refuse(pull, source, here, names)
            octets = fetch(pull, source, names) if names else 0
            result |= after(pull, source, known)
            known["pulled"] = snapshots(source.octets) & {*known["pulled"], *held(pull.folder)}
        if source.bad:
            result |= {"ok": False, "error": damaged(pull, source.bad)}
        else:
            known["last_success"] = started
    except (CopyError, OSError, subprocess.SubprocessError) as error:
        result |= {"ok": False, "error": str(error)}
    result |= {"octets": octets, "seconds": round(time.monotonic() - clock, 2)}
    return known | result | {"pulled": sorted(known["pulled"])}


def damaged(pull: Pull, bad: list[str]) -> str:
    """Return what to say of files that were not as their names say."""
    return (
        f"{pull.source}: {len(bad)} files are damaged there or were cut off, such as {bad[0]}: not "
        "taken"
    )


def after(pull: Pull, source: Source, known: dict[str, Any]) -> dict[str, Any]:
    """Return what the copy is now: its newest snapshot, refused keys, what the source lost."""
    here = held(pull.folder)
    times = [source.came[name] for name in snapshots(source.came) if name in here]
    return {
        "newest": max([*times, known.get("newest") or 0.0]),
        "snapshots": len(snapshots(here)),
        "gone": len(snapshots(here) - snapshots(source.octets)),
        "refused_keys": len([n for n in source.octets if n.startswith("keys/") and n not in here]),
    }


def labels() -> dict[str, str]:
    """Return the labels of each copy's series."""
    return {
        pull.name: f'client="{pull.client}",plan="{pull.plan}",source="{pull.source}"'
        for pull in pulls()
    }


def run(names: Sequence[str], *, accept_keys: bool = False) -> int:
    """Pull the repositories that are named, or all; 1 when one of them is not whole."""
    every = {pull.name: pull for pull in pulls()}
    if unknown := set(names) - every.keys():
        have = ", ".join(every) or "none"
        raise CopyError(f"{', '.join(sorted(unknown))} is not pulled here; these are: {have}")
    chosen = [name for name in every if not names or name in names]
    return copy_each(
        STATE,
        {name: f"from {every[name].source}" for name in chosen},
        [*every],
        lambda name, known: pull_one(every[name], known, accept_keys=accept_keys),
    )


def main() -> int:
    """Read the command line."""
    return command_line(
        "bastide-vault-pull",
        "Pull second copies.",
        run,
        lambda: tell(METRICS, read_state(STATE), labels()),
    )


if __name__ == "__main__":
    sys.exit(main())
