#!/usr/bin/python3 -EsB
"""Fetch a repository from a bucket as it was put there, whatever was written over it since.

    bastide-vault-fetch --endpoint URL --bucket NAME --access-key READER HOST/PLAN FOLDER < SECRET

All of restic's files are called by the SHA-256 of their content: of each, the version that is what
its name says is taken, from the oldest on. Of `config`, which nothing says that of, the oldest.
What is in the folder already stays, so that a fetch that was cut off goes on.
"""

import argparse
import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bastide_copies import TAKEN
from bastide_s3 import Asked, S3Error, opened, versions

PIECE = 1024 * 1024
AT_ONCE = 8


def fetch(asked: Asked, name: str, folder: Path) -> list[str]:
    """Fetch a repository, HOST/PLAN; return the files of which there is no whole version."""
    found = {key.removeprefix(f"{name}/"): ids for key, ids in versions(asked, f"{name}/").items()}
    wanted = [file for file in sorted(found) if TAKEN.fullmatch(file)]
    if not wanted:
        raise S3Error(f"{asked.bucket} holds no version of {name}")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = pool.map(lambda file: take(asked, f"/{name}/{file}", found[file], folder), wanted)
        return [file for file, taken in zip(wanted, done, strict=True) if not taken]


def take(asked: Asked, key: str, ids: list[str], folder: Path) -> bool:
    """Write the oldest version that is what its name says; whether there was one."""
    path = folder / "/".join(key.split("/")[3:])
    if path.exists():
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.fetched")
    for version in reversed(ids):
        digest = hashlib.sha256()
        with opened(asked, key, {"versionId": version}) as answer, temporary.open("wb") as file:
            while piece := answer.read(PIECE):
                digest.update(piece)
                file.write(piece)
        if path.name in ("config", digest.hexdigest()):
            temporary.rename(path)
            return True
    temporary.unlink()
    return False


def main() -> int:
    """Read the command line, and the secret from standard input."""
    parser = argparse.ArgumentParser(prog="bastide-vault-fetch", description="Fetch a copy.")
    for name in ("endpoint", "bucket", "access-key"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("repository", metavar="HOST/PLAN")
    parser.add_argument("folder", type=Path)
    got = parser.parse_args()
    secret = sys.stdin.readline().strip()
    asked = Asked(got.endpoint, got.bucket, got.region, got.access_key, secret)
    try:
        lost = fetch(asked, got.repository, got.folder)
    except (S3Error, OSError) as error:
        print(f"bastide-vault-fetch: {error}", file=sys.stderr)
        return 1
    for file in lost:
        print(f"{file}: no version of it is whole", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
