"""Checks an evidence file offline: nothing of it is believed before it was recomputed.

Order matters: the first broken record that is found is the one that is named.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from monitors.audit.evidence import merkle, stored_zip
from monitors.audit.evidence.chain import (
    ChainError,
    Link,
    first_broken,
    first_untimely,
    parse_chain,
)
from monitors.audit.evidence.contents import check_contents
from monitors.audit.evidence.member_names import unsafe_name
from monitors.audit.evidence.package import (
    CHAIN,
    EARLIER_EXPLANATIONS,
    EXPLANATION,
    FRAME,
    LEAVES,
    MANIFEST,
    README,
    REPORT_BASIS,
    REPORTS,
    TIME_STAMP,
)
from monitors.audit.evidence.records import (
    EvidenceError,
    Leaf,
    parse_leaves,
    record_lines,
    root_of,
    sha256_of_files,
)
from monitors.audit.evidence.signing import bare, fingerprint, is_signed
from monitors.audit.model.canonical import canonical


@dataclass(frozen=True, slots=True)
class Verified:
    """An evidence file in which everything holds, and whose key signed it.

    `compared`: whether that key is one that was known beforehand, by its fingerprint.
    """

    link: Link
    fingerprint: str
    records: int
    runs: int
    members: Mapping[str, bytes]
    chain: tuple[Link, ...] = field(repr=False)
    compared: bool = field(default=False, compare=False)


class BrokenError(Exception):
    """The evidence does not hold; the text names the first broken record."""


def verify(file: Path, expected: str | None = None, now: datetime | None = None) -> Verified:
    """Check an evidence file, against a fingerprint known beforehand when one is given.

    No run may have begun after `now` (default: this moment). Raises BrokenError with the first
    broken record; OSError when the file cannot be read.
    """
    raw = file.read_bytes()
    members = _members(raw)
    links = _chain(members, now or datetime.now(UTC))
    leaves = _records(members, links[-1])
    _manifest(members, links[-1])
    _contents(members, links[-1], leaves)
    if stored_zip.pack(members) != raw:
        raise BrokenError("the archive was changed outside its records")
    actual = fingerprint(links[-1].record.key)
    if expected is not None and bare(expected) != bare(actual):
        raise BrokenError(f"signed by another key: {actual}, expected {expected}")
    return Verified(
        link=links[-1],
        fingerprint=actual,
        records=links[-1].record.leaves,
        runs=len(links),
        members=members,
        chain=links,
        compared=expected is not None,
    )


def _members(raw: bytes) -> dict[str, bytes]:
    try:
        members = stored_zip.unpack(raw)
    except stored_zip.ArchiveError as error:
        raise BrokenError(str(error)) from None
    for name in FRAME:
        if name not in members:
            raise BrokenError(f"{name}: absent; is this an evidence file?")
    explained = members[README] == EXPLANATION.encode()
    if not explained and sha256(members[README]).hexdigest() not in EARLIER_EXPLANATIONS:
        raise BrokenError(f"{README}: changed")
    if unsafe := unsafe_name(members):
        raise BrokenError(unsafe)
    return members


def _chain(members: Mapping[str, bytes], now: datetime) -> tuple[Link, ...]:
    try:
        links = parse_chain(members[CHAIN])
    except ChainError as error:
        raise BrokenError(f"{CHAIN}: {error}") from None
    if broken := first_broken(links) or (None if links else "there is no link"):
        raise BrokenError(f"{CHAIN}: {broken}")
    if len({link.record.key for link in links}) > 1:
        raise BrokenError(f"{CHAIN}: signed by more than one key")
    if untimely := first_untimely(links, now):
        raise BrokenError(f"{CHAIN}: {untimely}")
    return links


def _records(members: Mapping[str, bytes], link: Link) -> tuple[Leaf, ...]:
    """Hold every record against its leaf, and the leaves against the signed root."""
    try:
        leaves = parse_leaves(members[LEAVES])
    except EvidenceError as error:
        raise BrokenError(str(error)) from None
    lines = {name: record_lines(name, content) for name, content in members.items()}
    if len(leaves) != link.record.leaves or root_of(leaves) != link.record.root:
        raise BrokenError(_broken_leaf(leaves, lines))
    for _, leaf, record in _matched(leaves, lines):
        if record is None:
            raise BrokenError(f"{leaf.title}: absent")
        if merkle.leaf_hash(record).hex() != leaf.sha256:
            raise BrokenError(f"{leaf.title}: changed since it was sealed")
    _members_of(leaves, members, lines)
    return leaves


def _members_of(
    leaves: Sequence[Leaf], members: Mapping[str, bytes], lines: Mapping[str, Sequence[bytes]]
) -> None:
    """Refuse what is beside the records: lines in their members, members of no record."""
    sealed = Counter(leaf.file for leaf in leaves)
    for name, number in sealed.items():
        if len(lines[name]) != number:
            raise BrokenError(f"{name}: holds {len(lines[name])} records, {number} were sealed")
    for name in members:
        if name not in (*sealed, *FRAME, REPORT_BASIS, TIME_STAMP) and not name.startswith(REPORTS):
            raise BrokenError(f"{name}: added: no record of the run, and no report")


def _matched(
    leaves: Sequence[Leaf], lines: Mapping[str, Sequence[bytes]]
) -> Iterator[tuple[int, Leaf, bytes | None]]:
    """Yield every leaf with its number from 1 and the record in its place, None when absent."""
    position: Counter[str] = Counter()
    for number, leaf in enumerate(leaves, 1):
        records, index = lines.get(leaf.file, ()), position[leaf.file]
        position[leaf.file] += 1
        yield number, leaf, records[index] if index < len(records) else None


def _broken_leaf(leaves: Sequence[Leaf], lines: Mapping[str, Sequence[bytes]]) -> str:
    """Return which leaf is not that of its record, for leaves that were not the signed ones."""
    for number, leaf, record in _matched(leaves, lines):
        if record is None or merkle.leaf_hash(record).hex() != leaf.sha256:
            return f"{LEAVES}, line {number} ({leaf.title}): not what was signed"
    return f"{LEAVES}: not the leaves that were signed"


def _contents(members: Mapping[str, bytes], link: Link, leaves: Sequence[Leaf]) -> None:
    try:
        check_contents(members, link.record, leaves)
    except EvidenceError as error:
        raise BrokenError(str(error)) from None


def _manifest(members: Mapping[str, bytes], link: Link) -> None:
    """Hold every member, reports too, against the signed list of hashes."""
    others = {name: content for name, content in members.items() if name != MANIFEST}
    try:
        outer = json.loads(members[MANIFEST])
        manifest, key, signature = outer["manifest"], outer["key"], outer["signature"]
        files = dict(manifest["files"])
        whole = canonical(outer) == members[MANIFEST]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BrokenError(f"{MANIFEST}: not a manifest: {error}") from None
    for name, digest in sha256_of_files(others).items():
        if files.get(name) != digest:
            what = "report changed" if name.startswith(REPORTS) else "changed"
            raise BrokenError(f"{name}: {what} since it was signed")
    if missing := sorted(set(files) - set(others)):
        raise BrokenError(f"{missing[0]}: absent")
    if added := sorted({*outer, *manifest} - {"manifest", "key", "signature", "run", "files"}):
        raise BrokenError(f"{MANIFEST}: {added[0]!a} was added beside what is signed")
    signed = whole and key == link.record.key and manifest.get("run") == link.sha256
    if not (signed and is_signed(canonical(manifest), signature, key)):
        raise BrokenError(f"{MANIFEST}: not signed by the key of the run")
