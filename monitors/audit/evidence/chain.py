"""The chain of an auditing machine's runs: each record names its predecessor and is signed.

Kept in `<state>/evidence/chain.jsonl`, one line of canonical JSON a run, only ever appended to.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from pydantic import AwareDatetime, Field, ValidationError

from inventory.frozen import Frozen
from monitors.audit.evidence.sealer import Sealer, sealer
from monitors.audit.evidence.signing import is_signed
from monitors.audit.model.canonical import canonical

FORMAT = 1
FOLDER = "evidence"
CHAIN_FILE = "chain.jsonl"
# An auditor's own clock may be a little behind.
CLOCK_TOLERANCE = timedelta(minutes=5)
# A run is sealed when its last host has answered.
LONGEST_RUN = timedelta(hours=12)
Sha256 = str


class InputHashes(Frozen):
    """The hashes of all that a run's hosts were judged by, the checks' own code among them."""

    controls_sha256: Sha256
    waivers_sha256: Sha256
    declared_sha256: Sha256
    checks_sha256: Sha256


class RunRecord(Frozen):
    """What is signed of a run: the Merkle root over all its records, and the run before it."""

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT)
    number: int = Field(ge=1)
    previous: Sha256 | None
    estate: str
    label: str
    started: AwareDatetime
    inputs: InputHashes
    leaves: int = Field(ge=1)
    root: Sha256
    key: str = Field(description="the auditing machine's public key, base64")


class Link(Frozen):
    """One line of the chain."""

    record: RunRecord
    signature: str

    @property
    def line(self) -> bytes:
        """The link as it is kept and hashed."""
        return canonical(self.model_dump(mode="json"))

    @property
    def sha256(self) -> Sha256:
        """The hash that the next link names."""
        return hashlib.sha256(self.line).hexdigest()


class ChainError(Exception):
    """The chain is broken; the text names the first broken link."""


def append(
    state: Path,
    *,
    estate: str,
    label: str,
    started: datetime,
    inputs: InputHashes,
    root: Sha256,
    leaves: int,
) -> Link:
    """Sign a run and append it to the chain of a state folder; runs at one time wait in line.

    Raises ChainError when the chain so far is broken: nothing is built on a broken chain.
    """
    folder = state / FOLDER
    key = sealer(folder)
    with _locked(folder / CHAIN_FILE) as handle:
        links = _parse(handle.read(), folder / CHAIN_FILE)
        links = _caught_up(links, key, handle)
        record = RunRecord(
            number=len(links) + 1,
            previous=links[-1].sha256 if links else None,
            estate=estate,
            label=label,
            started=started,
            inputs=inputs,
            leaves=leaves,
            root=root,
            key=key.public,
        )
        link = Link(record=record, signature=key.sign_run(record.model_dump(mode="json")))
        _write(handle, link)
    return link


def _caught_up(links: tuple[Link, ...], key: Sealer, handle: IO[bytes]) -> tuple[Link, ...]:
    """Return the links with the one that was signed and not written, after a power cut between."""
    if key.newest is None:
        return links
    newest = Link.model_validate_json(canonical(key.newest))
    last = links[-1].sha256 if links else None
    if newest.record.number != len(links) + 1 or newest.record.previous != last:
        return links
    _write(handle, newest)
    return (*links, newest)


def _write(handle: IO[bytes], link: Link) -> None:
    handle.write(link.line + b"\n")
    handle.flush()
    os.fsync(handle.fileno())


@contextmanager
def _locked(file: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading and appending while nobody else does; cut off a torn last line."""
    with file.open("ab+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        handle.seek(0)
        whole = handle.read().rfind(b"\n") + 1
        # A power cut in the middle of a line: the run it was to seal was never reported sealed.
        handle.truncate(whole)
        handle.seek(0)
        yield handle


def load_chain(state: Path) -> tuple[Link, ...]:
    """Return the links of a state folder, checked; ChainError names the first broken one."""
    file = state / FOLDER / CHAIN_FILE
    return _parse(file.read_bytes(), file) if file.exists() else ()


def position_of(links: Sequence[Link], started: datetime, label: str) -> int | None:
    """Return where in a chain the run is that began then under that label, None when nowhere."""
    moments = [(link.record.started, link.record.label) for link in links]
    return moments.index((started, label)) if (started, label) in moments else None


def _parse(raw: bytes, file: Path) -> tuple[Link, ...]:
    links = parse_chain(raw)
    if broken := first_broken(links):
        raise ChainError(f"{file}: {broken}")
    return links


def parse_chain(raw: bytes) -> tuple[Link, ...]:
    """Read lines of links without judging them; ChainError names a line that is none."""
    links = []
    for number, line in enumerate(raw.splitlines(), 1):
        try:
            link = Link.model_validate_json(line)
        except ValidationError as error:
            raise ChainError(f"line {number}: not a link: {error.errors()[0]['msg']}") from None
        if link.line != line:
            raise ChainError(f"line {number}: not in its canonical form")
        links.append(link)
    if b"".join(link.line + b"\n" for link in links) != raw:
        raise ChainError("lines that do not end in one line feed each")
    return tuple(links)


def first_broken(links: Sequence[Link]) -> str | None:
    """Return what is wrong with the first broken link of a whole chain, None when all hold."""
    previous = None
    for number, link in enumerate(links, 1):
        record = link.record
        if record.number != number:
            return f"link {number}: says that it is number {record.number}"
        if record.previous != previous:
            return f"link {number}: does not follow link {number - 1}: one was changed or left out"
        if not is_signed(canonical(record.model_dump(mode="json")), link.signature, record.key):
            return f"link {number}: its signature is not that of its key"
        previous = link.sha256
    return None


def first_untimely(links: Sequence[Link], now: datetime) -> str | None:
    """Return which link began before the one before it, or in the future; None when none did."""
    last: datetime | None = None
    for number, link in enumerate(links, 1):
        began = link.record.started
        if last and began < last:
            return (
                f"link {number}: began at {began:%F %T} UTC, before link {number - 1}, "
                f"{last:%F %T}: the times run backwards"
            )
        if began > now + CLOCK_TOLERANCE:
            return f"link {number}: began at {began:%F %T} UTC, in the future: now is {now:%F %T}"
        last = began
    return None
