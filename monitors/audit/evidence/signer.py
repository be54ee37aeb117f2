"""Signs evidence in a process of its own, which alone can read the key and has no network.

    python -m monitors.audit.evidence.signer FOLDER

It reads one request from its input and answers on its output, a line of JSON each: systemd starts
it for every connection to its socket. It keeps the links that it signed, and signs no other run
of the same number, none that began before the last or long ago, and no list of members of a run
that it does not know: who may only ask it can neither cut the chain back nor date it back.
"""

import fcntl
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from monitors.audit.evidence.chain import (
    CHAIN_FILE,
    CLOCK_TOLERANCE,
    LONGEST_RUN,
    Link,
    RunRecord,
    parse_chain,
)
from monitors.audit.evidence.signing import SigningError, SigningKey, signing_key
from monitors.audit.model.canonical import canonical

LONGEST_REQUEST = 16 * 1024 * 1024


class RefusedError(Exception):
    """What is not signed; the text says why."""


def answer(folder: Path, request: bytes, now: datetime) -> dict[str, Any]:
    """Return the answer to a request: `{"refused": …}` when it is not signed."""
    try:
        asked = json.loads(request)
        with _locked(folder):
            return _answer(folder, asked, now)
    except RefusedError as error:
        return {"refused": str(error)}
    except (SigningError, OSError) as error:
        return {"refused": f"the signer's own files: {error}"}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return {"refused": f"not a request: {error}"}


def _answer(folder: Path, asked: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    key, links = signing_key(folder), _links(folder)
    if asked["what"] == "key":
        newest = links[-1].model_dump(mode="json") if links else None
        return {"key": key.public, "newest": newest}
    if asked["what"] == "run":
        return {"signature": _sign_run(folder, key, links, asked["record"], now)}
    if asked["what"] == "members":
        return {"signature": _sign_members(key, links, asked["manifest"])}
    raise RefusedError(f"not a request: {asked['what']!r}")


def _sign_run(
    folder: Path, key: SigningKey, links: tuple[Link, ...], value: Mapping[str, Any], now: datetime
) -> str:
    try:
        record = RunRecord.model_validate_json(json.dumps(value))
    except ValidationError as error:
        raise RefusedError(f"not a run: {error.errors()[0]['msg']}") from None
    last = links[-1] if links else None
    if record.key != key.public:
        raise RefusedError("it is to be signed by another key")
    if record.number != len(links) + 1 or record.previous != (last.sha256 if last else None):
        raise RefusedError(f"it does not follow run {len(links)}, the last that was signed")
    if last and record.started < last.record.started:
        raise RefusedError("it began before the last run that was signed")
    if not now - LONGEST_RUN <= record.started <= now + CLOCK_TOLERANCE:
        raise RefusedError(f"it began at {record.started:%F %T} UTC, and now is {now:%F %T}")
    signature = key.sign(canonical(record.model_dump(mode="json")))
    with (folder / CHAIN_FILE).open("ab") as chain:
        chain.write(Link(record=record, signature=signature).line + b"\n")
    return signature


def _sign_members(key: SigningKey, links: tuple[Link, ...], manifest: Mapping[str, Any]) -> str:
    if set(manifest) != {"run", "files"} or not isinstance(manifest["files"], dict):
        raise RefusedError("not a list of members")
    if manifest["run"] not in {link.sha256 for link in links}:
        raise RefusedError("it is of a run that was not signed here")
    return key.sign(canonical(manifest))


def _links(folder: Path) -> tuple[Link, ...]:
    file = folder / CHAIN_FILE
    if not file.exists():
        return ()
    raw = file.read_bytes()
    return parse_chain(raw[: raw.rfind(b"\n") + 1])


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    """Answer the one request of the input."""
    request = sys.stdin.buffer.readline(LONGEST_REQUEST)
    answered = answer(Path(sys.argv[1]), request, datetime.now(UTC))
    sys.stdout.write(json.dumps(answered) + "\n")


if __name__ == "__main__":
    main()
