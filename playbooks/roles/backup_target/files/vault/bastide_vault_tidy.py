#!/usr/bin/python3 -EsB
"""Look at what clients have sent, take out what is no part of a repository, and hold quotas.

    bastide-vault-tidy [--quota PERCENT]                 hourly, as root
    bastide-vault-tidy --accept-keys HOST/PLAN           another password of a repository is meant

Clients may only add, and this is out of their reach. A file of restic is called by the SHA-256 of
its content; what is not was cut off, and would be refused for ever when it is sent again. Keys are
made with the repository: one that comes later opens it to somebody else. What has a size that
restic writes is kept in the folder `removed` for two weeks; the journal and a metric tell it.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path("/srv/backups")
STATE = Path("/var/lib/bastide/vault")
# Read by the clients' account, which may not see what else is kept.
FULL = Path("/run/bastide-vault/full")
METRICS = Path("/var/lib/prometheus/node-exporter/bastide_vault.prom")
NAME = "[0-9a-f]{64}"
LAYOUT = re.compile(
    rf"config|(?:index|snapshots|keys|locks)/{NAME}|data/(?P<two>[0-9a-f]{{2}})/(?P=two)[0-9a-f]{{62}}"
)
# Encrypted files begin and end with 16 octets; keys are JSON. Locks are made anew every five
# minutes while their maker lives; a host whose clock is wrong never takes one for left behind.
SHORTEST_OCTETS = 32
# An upload that goes on is left alone for so long.
SETTLED_SECONDS = 3600.0
KEPT_OCTETS = 64 * 1024 * 1024
KEPT_SECONDS = 14 * 86_400.0
# So many of the newest snapshots retention never removes (bastide-vault-forget).
STAY = 7


@dataclass(slots=True)
class Repository:
    """A repository and what has been found in it."""

    name: str
    path: Path
    octets: int = 0
    arrivals: list[float] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def repositories(folder: Path) -> Iterator[Repository]:
    """Yield the repositories, two folders below the one of all."""
    for path in sorted(folder.glob("*/*")):
        if path.is_dir() and not path.is_symlink():
            yield Repository(str(path.relative_to(folder)), path)


def files(repository: Repository) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield all that is no folder, with its state; what vanishes meanwhile is left out."""
    for top, _, names in os.walk(repository.path):
        for name in names:
            path = Path(top) / name
            try:
                yield path, path.lstat()
            except FileNotFoundError:
                continue


def wrong(path: Path, inside: str, known_keys: list[str]) -> str:
    """Return why a file is no part of its repository; empty when it is."""
    kind = inside.partition("/")[0]
    if not LAYOUT.fullmatch(inside) or path.is_symlink() or not path.is_file():
        return "is no file of restic's"
    if kind == "config":
        return ""
    if kind == "locks":
        return "is a lock that was left behind"
    if kind == "keys" and path.name not in known_keys:
        return "is a key that was added later"
    if kind != "keys" and path.stat().st_size < SHORTEST_OCTETS:
        return "is shorter than a file of restic's"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return "" if digest == path.name else "was cut off: its content is not what its name says"


def tidy(repository: Repository, state: dict[str, Any], now: float) -> None:
    """Look at what has come since the last time, and take out what is wrong."""
    until = now - SETTLED_SECONDS
    # Old packs are not judged at first sight: a damaged one still has pieces that are whole.
    since = state.get("looked_until", until)
    keys = state.setdefault("keys", sorted(p.name for p in repository.path.glob("keys/*")))
    for path, status in files(repository):
        inside = str(path.relative_to(repository.path))
        repository.octets += status.st_size
        if inside.startswith("snapshots/"):
            repository.arrivals.append(status.st_mtime)  # rclone's clock; clients cannot set it
        # A key is looked at as soon as it is there: the others may still be on their way.
        late = inside.startswith("keys/") and path.name not in keys
        left = inside.startswith("locks/") and status.st_ctime <= until
        if not late and not left and not since < status.st_ctime <= until:
            continue
        if why := wrong(path, inside, keys):
            remove(repository, path, inside, why)
    state["looked_until"] = until


def remove(repository: Repository, path: Path, inside: str, why: str) -> None:
    """Take a file out of its repository; one that restic may have written is kept."""
    kept = STATE / "removed" / repository.name / inside
    print(f"{repository.name}/{inside} ({path.lstat().st_size} octets) {why}: removed", flush=True)
    repository.octets -= path.lstat().st_size
    repository.removed.append(inside)
    if path.is_file() and not path.is_symlink() and path.stat().st_size <= KEPT_OCTETS:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(path, kept)
    else:
        path.unlink()


def hold_quota(repository: Repository, limit: float) -> bool:
    """Mark a repository that is larger than it may be; its account's program refuses it then."""
    mark = FULL / repository.name.replace("/", "_")
    full = repository.octets > limit
    if full:
        mark.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        mark.touch(mode=0o644)
    else:
        mark.unlink(missing_ok=True)
    return full


def metrics(found: list[tuple[Repository, int, bool]]) -> str:
    """Return the metrics of every repository as node_exporter's text."""
    lines = []
    families = (
        (
            "bastide_vault_size_bytes",
            "What the repository takes on the target.",
            lambda r, n, f: r.octets,
        ),
        (
            "bastide_vault_removed_files",
            "Files that were no part of it and were removed.",
            lambda r, n, f: n,
        ),
        (
            "bastide_vault_refused_keys",
            "Keys that were added to it later, and removed.",
            lambda r, n, f: len(list((STATE / "removed" / r.name / "keys").glob("*"))),
        ),
        (
            "bastide_vault_over_quota",
            "Whether it is larger than it may be.",
            lambda r, n, f: int(f),
        ),
        (
            "bastide_vault_arrived_timestamp_seconds",
            "When its newest snapshot came; 0 when it has none.",
            lambda r, n, f: max(r.arrivals, default=0),
        ),
        (
            "bastide_vault_removable_timestamp_seconds",
            "When the oldest snapshot came, but for those that always stay.",
            lambda r, n, f: min(sorted(r.arrivals)[:-STAY], default=None),
        ),
    )
    for name, text, value in families:
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        for repository, removed, full in found:
            host, _, plan = repository.name.partition("/")
            number = value(repository, removed, full)
            if number is not None:
                lines.append(f'{name}{{client="{host}",plan="{plan}"}} {number}')
    return "\n".join(lines) + "\n"


def write_whole(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(mode)
    fresh.replace(path)


def forget_removed(now: float) -> None:
    """Delete what was removed from repositories long ago."""
    for path in (STATE / "removed").rglob("*"):
        if path.is_file() and now - path.lstat().st_ctime > KEPT_SECONDS:
            path.unlink()


def read_state() -> dict[str, Any]:
    """Return what was seen before, by repository."""
    try:
        state = json.loads((STATE / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def run(quota_percent: float) -> None:
    """Look at every repository once."""
    STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    state, found = read_state(), []
    forget_removed(time.time())
    limit = shutil.disk_usage(FOLDER).total * quota_percent / 100
    for repository in repositories(FOLDER):
        own = state.setdefault(repository.name, {})
        if not (repository.path / "config").exists():
            state.pop(repository.name)  # nothing was made there yet
            continue
        tidy(repository, own, time.time())
        own["removed"] = own.get("removed", 0) + len(repository.removed)
        found.append((repository, own["removed"], hold_quota(repository, limit)))
    write_whole(STATE / "state.json", json.dumps(state, indent=1) + "\n", 0o600)
    if METRICS.parent.is_dir():
        write_whole(METRICS, metrics(found), 0o644)


def accept_keys(name: str) -> None:
    """Take the keys that a repository has now for its own, those that were removed with them."""
    path, removed = FOLDER / name / "keys", STATE / "removed" / name / "keys"
    state = read_state()
    if name not in state or not path.is_dir():
        sys.exit(f"bastide-vault-tidy: no repository {name} is known; it is HOST/PLAN")
    for key in removed.glob("*"):
        shutil.move(key, path / key.name)
        shutil.chown(path / key.name, path.owner(), path.group())
    state[name]["keys"] = sorted(key.name for key in path.iterdir())
    write_whole(STATE / "state.json", json.dumps(state, indent=1) + "\n", 0o600)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bastide-vault-tidy", description="Tidy repositories.")
    parser.add_argument("--quota", type=float, default=80.0, metavar="PERCENT")
    parser.add_argument("--accept-keys", metavar="HOST/PLAN")
    options = parser.parse_args()
    if options.accept_keys:
        accept_keys(options.accept_keys)
    else:
        run(options.quota)


if __name__ == "__main__":
    main()
