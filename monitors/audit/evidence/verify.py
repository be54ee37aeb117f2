"""Checks an evidence file offline: nothing of it is believed before it was recomputed.

Order matters: the first broken record that is found is the one that is named.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitors.audit.evidence import merkle, stored_zip
from monitors.audit.evidence.chain import ChainError, Link, first_broken, parse_chain
from monitors.audit.evidence.package import CHAIN, EXPLANATION, LEAVES, MANIFEST, README, REPORTS
from monitors.audit.evidence.records import (
    EvidenceError,
    Leaf,
    parse_leaves,
    root_of,
    sha256_of_files,
)
from monitors.audit.evidence.signing import fingerprint, is_signed
from monitors.audit.model.canonical import canonical


@dataclass(frozen=True, slots=True)
class Verified:
    """An evidence file in which everything holds, and whose key signed it."""

    link: Link
    fingerprint: str
    records: int
    runs: int
    members: Mapping[str, bytes]


class BrokenError(Exception):
    """The evidence does not hold; the text names the first broken record."""


def verify(file: Path, expected: str | None = None) -> Verified:
    """Check an evidence file, against a fingerprint known beforehand when one is given.

    Raises BrokenError with the first broken record; OSError when the file cannot be read.
    """
    raw = file.read_bytes()
    members = _members(raw)
    links = _chain(members)
    _records(members, links[-1])
    _manifest(members, links[-1])
    if stored_zip.pack(members) != raw:
        raise BrokenError("the archive was changed outside its records")
    actual = fingerprint(links[-1].record.key)
    if expected and expected.replace(" ", "").lower() != actual.replace(" ", ""):
        raise BrokenError(f"signed by another key: {actual}, expected {expected}")
    return Verified(links[-1], actual, links[-1].record.leaves, len(links), members)


def _members(raw: bytes) -> dict[str, bytes]:
    try:
        members = stored_zip.unpack(raw)
    except stored_zip.ArchiveError as error:
        raise BrokenError(str(error)) from None
    for name in (README, CHAIN, LEAVES, MANIFEST):
        if name not in members:
            raise BrokenError(f"{name}: absent; is this an evidence file?")
    if members[README] != EXPLANATION.encode():
        raise BrokenError(f"{README}: changed")
    return members


def _chain(members: Mapping[str, bytes]) -> tuple[Link, ...]:
    try:
        links = parse_chain(members[CHAIN])
    except ChainError as error:
        raise BrokenError(f"{CHAIN}: {error}") from None
    if broken := first_broken(links) or (None if links else "there is no link"):
        raise BrokenError(f"{CHAIN}: {broken}")
    if len({link.record.key for link in links}) > 1:
        raise BrokenError(f"{CHAIN}: signed by more than one key")
    return links


def _records(members: Mapping[str, bytes], link: Link) -> None:
    """Hold every record against its leaf, and the leaves against the signed root."""
    try:
        leaves = parse_leaves(members[LEAVES])
    except EvidenceError as error:
        raise BrokenError(str(error)) from None
    lines = {name: _split(name, content) for name, content in members.items()}
    if len(leaves) != link.record.leaves or root_of(leaves) != link.record.root:
        raise BrokenError(_broken_leaf(leaves, lines))
    for _, leaf, record in _matched(leaves, lines):
        if record is None:
            raise BrokenError(f"{leaf.title}: absent")
        if merkle.leaf_hash(record).hex() != leaf.sha256:
            raise BrokenError(f"{leaf.title}: changed since it was sealed")
    for name, number in Counter(leaf.file for leaf in leaves).items():
        if len(lines[name]) != number:
            raise BrokenError(f"{name}: holds {len(lines[name])} records, {number} were sealed")


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


def _split(name: str, content: bytes) -> Sequence[bytes]:
    if not name.endswith(".jsonl"):
        return (content,)
    return content.removesuffix(b"\n").split(b"\n")


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
    signed = whole and key == link.record.key and manifest.get("run") == link.sha256
    if not (signed and is_signed(canonical(manifest), signature, key)):
        raise BrokenError(f"{MANIFEST}: not signed by the key of the run")
