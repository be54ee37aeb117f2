#!/usr/bin/python3 -EsB
"""Give whole repositories to another target, which keeps second copies: an account's login shell.

sshd calls it as `-c "bastide-vault-give HOST/PLAN …"`, the command that the key of the other target
forces; nothing but these repositories is given, and nothing is ever written. It reads one JSON
object from standard input:

    {"repository": "HOST/PLAN"}                    prints {"files": [[name, octets, came] …]}
    {"repository": "HOST/PLAN", "names": [name …]} prints these files as a tar archive
"""

import contextlib
import hashlib
import json
import os
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

FOLDER = Path("/srv/backups")
COMMAND = "bastide-vault-give"
REPOSITORY = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")
NAME = "[0-9a-f]{64}"
# Locks are the business of whoever works here.
GIVEN = re.compile(
    rf"config|(?:index|snapshots|keys)/{NAME}|data/(?P<two>[0-9a-f]{{2}})/(?P=two)[0-9a-f]{{62}}"
)
# What a snapshot needs came before it: listed in this order, none is listed without its data.
KINDS = ("snapshots", "index", "data", "keys")
LONGEST_REQUEST = 64 * 1024 * 1024


class GiveError(Exception):
    """Nothing is given; the text says why."""


def allowed(arguments: list[str]) -> list[str]:
    """Return the repositories that the forced command names; GiveError for any other call."""
    if len(arguments) != 2 or arguments[0] != "-c":
        raise GiveError("this account only gives copies to other targets")
    command, *names = arguments[1].split()
    if command != COMMAND or not all(REPOSITORY.fullmatch(name) for name in names):
        raise GiveError("this account only gives copies to other targets")
    return names


def listed(repository: Path) -> dict[str, Any]:
    """Return the files of a repository, and what its config hashes to: its name does not say."""
    config = repository / "config"
    if not config.is_file():
        raise GiveError("there is no repository")
    found = [_entry(repository, config)]
    for kind in KINDS:
        for top, _, names in os.walk(repository / kind):
            for name in names:
                path = Path(top) / name
                inside = str(path.relative_to(repository))
                with contextlib.suppress(FileNotFoundError):
                    if GIVEN.fullmatch(inside) and path.is_file() and not path.is_symlink():
                        found.append(_entry(repository, path))
    return {"files": found, "config": hashlib.sha256(config.read_bytes()).hexdigest()}


def _entry(repository: Path, path: Path) -> list[Any]:
    status = path.stat()
    return [str(path.relative_to(repository)), status.st_size, status.st_mtime]


def give(repository: Path, names: list[str], out: IO[bytes]) -> None:
    """Write files as a tar archive; one that has gone meanwhile is left out."""
    with tarfile.open(fileobj=out, mode="w|", bufsize=1024 * 1024) as archive:
        for name, file in _opened(repository, names):
            with file:
                member = tarfile.TarInfo(name)
                member.size = os.fstat(file.fileno()).st_size
                archive.addfile(member, file)


def _opened(repository: Path, names: list[str]) -> Iterator[tuple[str, IO[bytes]]]:
    for name in names:
        if not GIVEN.fullmatch(name):
            raise GiveError(f"{name[:80]!r} is no file of a repository")
        try:
            descriptor = os.open(repository / name, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        yield name, os.fdopen(descriptor, "rb")


def answer(request: dict[str, Any], names: list[str]) -> None:
    """Print what is asked for, where the key may have it."""
    repository = request.get("repository")
    if repository not in names:
        raise GiveError(f"{str(repository)[:80]!r} is not this key's to read")
    if "names" in request:
        give(FOLDER / repository, list(map(str, request["names"])), sys.stdout.buffer)
    else:
        json.dump(listed(FOLDER / repository), sys.stdout)


def main() -> int:
    """Answer one request; 1 when it is refused."""
    try:
        names = allowed(sys.argv[1:])
        answer(json.loads(sys.stdin.buffer.read(LONGEST_REQUEST)), names)
    except (GiveError, OSError, ValueError, AttributeError) as error:
        print(f"{COMMAND}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
