#!/usr/bin/python3 -EsB
"""Forget snapshots of a repository that are older than its plan keeps them; on the target, as root.

    bastide-vault-forget HOST/PLAN --keep-days DAYS [--act] < FILE_WITH_THE_REPOSITORY_PASSWORD

Clients can add snapshots of any date, so dates alone forget nothing: a snapshot goes when it says
that it is too old and has lain here for as long, by this host's clock. It is listed a week before
it goes, and the newest stay however old they are. Prints one JSON document; without --act nothing
is removed.
"""

import argparse
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

FOLDER = Path("/srv/backups")
LISTED = Path("/var/lib/bastide/vault/forget.json")
DAY_SECONDS = 86_400.0
LISTED_SECONDS = 7 * DAY_SECONDS
# How long it waits for clients that send or restore.
WAIT_SECONDS = 3600.0
AGAIN_SECONDS = 5.0
STAY = 7


class ForgetError(Exception):
    """Nothing was forgotten; the text says why."""


def as_owner(name: str) -> tuple[str, ...]:
    """Return how to write as the account that fills a repository: the clients', or who pulls it."""
    return ("runuser", "-u", (FOLDER / name).owner(), "--")


def restic(name: str, password: str, *arguments: str) -> str:
    """Run restic on a repository here; ForgetError with its last words."""
    done = subprocess.run(
        [*as_owner(name), "restic", "--repo", str(FOLDER / name), "--no-cache", *arguments],
        env={**os.environ, "RESTIC_PASSWORD": password},
        capture_output=True, text=True, check=False, cwd="/", umask=0o027,
    )  # fmt: skip
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise ForgetError(f"restic {arguments[0]} ({done.returncode}): {' / '.join(said[-4:])}")
    return done.stdout


@contextmanager
def held(name: str) -> Iterator[None]:
    """Keep out meanwhile who copies the repository, by its folder, and clients, by its config.

    ForgetError when clients do not end; restic's own locks say nothing where a clock is wrong.
    """
    folder = os.open(FOLDER / name, os.O_RDONLY | os.O_DIRECTORY)
    config = os.open(FOLDER / name / "config", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        wait_for_clients(config, time.monotonic() + WAIT_SECONDS)
        yield
    finally:
        os.close(config)
        os.close(folder)


def wait_for_clients(config: int, limit: float) -> None:
    """Hold the config alone once no client is served; ForgetError where one is at the limit."""
    while True:
        try:
            fcntl.flock(config, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= limit:
                raise ForgetError(
                    "a client sends or restores all the time: nothing is forgotten"
                ) from None
            time.sleep(AGAIN_SECONDS)
        else:
            return


def too_old(snapshots: list[dict[str, Any]], keep_seconds: float, now: float) -> list[str]:
    """Return the ids of snapshots that say so and have lain here as long; the newest seven stay.

    Each snapshot has `time`, what it says, and `arrived`, when it came, in seconds. ForgetError
    when nothing came for as long as copies are kept: the backups have stopped, or a clock is wrong.
    """
    newest_first = sorted(snapshots, key=lambda each: float(each["arrived"]), reverse=True)
    if not newest_first:
        return []
    quiet = now - newest_first[0]["arrived"]
    if not -DAY_SECONDS <= quiet <= keep_seconds:
        days = quiet / DAY_SECONDS
        raise ForgetError(f"the newest snapshot came {days:.0f} days ago: nothing is forgotten")
    limit = now - keep_seconds
    return [
        str(each["id"])
        for each in newest_first[STAY:]
        if each["arrived"] < limit and each["time"] < limit
    ]


def ripe(name: str, ids: list[str], now: float) -> tuple[list[str], list[str]]:
    """Return which ids were listed a week ago, and which wait; others are dropped from the list."""
    listed = _read_listed()
    before = listed.get(name, {})
    listed[name] = {one: before.get(one, now) for one in ids}
    LISTED.parent.mkdir(parents=True, exist_ok=True)
    LISTED.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    due = [one for one in ids if now - listed[name][one] >= LISTED_SECONDS]
    return due, [one for one in ids if one not in due]


def _read_listed() -> dict[str, dict[str, float]]:
    try:
        listed = json.loads(LISTED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # listed anew: a week more is no harm
    return listed if isinstance(listed, dict) else {}


def forget(name: str, password: str, keep_days: float, *, act: bool) -> dict[str, Any]:
    """Forget what is ripe; return what there was, what waits and what went."""
    if not (FOLDER / name / "config").is_file():
        raise ForgetError(f"there is no repository {FOLDER / name}; it is HOST/PLAN")
    found = json.loads(restic(name, password, "snapshots", "--json", "--no-lock")) or []
    for each in found:
        file = FOLDER / name / "snapshots" / each["id"]
        each["arrived"] = file.stat().st_mtime  # rclone's own clock; clients cannot set it
        each["time"] = datetime.fromisoformat(each["time"]).timestamp()
    now = time.time()
    due, waiting = ripe(name, too_old(found, keep_days * DAY_SECONDS, now), now)
    if act and due:
        with held(name):
            # Nobody else is at it: what is locked was left behind, whatever date it has.
            restic(name, password, "unlock", "--remove-all")
            restic(name, password, "forget", "--prune", *due)
    return {
        "repository": name,
        "snapshots": len(found),
        "waiting": waiting,
        "forgotten" if act else "due": due,
    }


def main() -> int:
    """Read the command line; 1 when nothing could be forgotten."""
    parser = argparse.ArgumentParser(prog="bastide-vault-forget", description="Forget snapshots.")
    parser.add_argument("repository", metavar="HOST/PLAN")
    parser.add_argument("--keep-days", type=float, required=True, metavar="DAYS")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--act", action="store_true", help="remove what was listed a week ago")
    mode.add_argument("--list", action="store_true", help="only list it (the default)")
    options = parser.parse_args()
    if options.keep_days < 1:
        parser.error("--keep-days: at least 1")
    password = sys.stdin.readline().rstrip("\n")
    try:
        done = forget(options.repository, password, options.keep_days, act=options.act)
    except (ForgetError, OSError) as error:
        print(f"{options.repository}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(done, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
