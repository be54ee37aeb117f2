"""Forges evidence files, as somebody with or without the auditing machine's key can.

A forgery is a list of steps, each one word with its values; see the functions of STEPS.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitors.audit.evidence import merkle, stored_zip
from monitors.audit.evidence.chain import Link, RunRecord
from monitors.audit.evidence.records import Leaf, parse_leaves, render_leaves, root_of
from monitors.audit.evidence.signing import SigningKey
from monitors.audit.model.canonical import canonical

CHAIN, LEAVES, MANIFEST = "chain.jsonl", "leaves.txt", "manifest.json"
FRAME = ("README.txt", CHAIN, LEAVES, MANIFEST)


@dataclass
class Forgery:
    """The members of a file while they are forged, and the key that the forger signs with."""

    members: dict[str, bytes]
    key: SigningKey
    after: list[Callable[[bytes], bytes]] = field(default_factory=list)

    def packed(self) -> bytes:
        """Return the forged file."""
        raw = stored_zip.pack(self.members)
        for change in self.after:
            raw = change(raw)
        return raw

    def lines(self, name: str) -> list[bytes]:
        """Return a member's lines without their line feeds."""
        return self.members[name].removesuffix(b"\n").split(b"\n")

    def put_lines(self, name: str, lines: list[bytes]) -> None:
        """Write a member's lines."""
        self.members[name] = b"".join(line + b"\n" for line in lines)


def put(forgery: Forgery, name: str, text: str) -> None:
    """Write a member."""
    forgery.members[name] = text.encode()


def drop(forgery: Forgery, name: str) -> None:
    """Leave a member out."""
    del forgery.members[name]


def copy(forgery: Forgery, name: str, to: str) -> None:
    """Write a member under another name as well."""
    forgery.members[to] = forgery.members[name]


def replace(forgery: Forgery, name: str, old: str, new: str) -> None:
    """Put one text in place of another, once."""
    assert old.encode() in forgery.members[name], f"{old!r} is not in {name}"
    forgery.members[name] = forgery.members[name].replace(old.encode(), new.encode(), 1)


def drop_line(forgery: Forgery, name: str, line: int) -> None:
    """Leave a line out, counted from 0; -1 is the last."""
    lines = forgery.lines(name)
    del lines[line]
    forgery.put_lines(name, lines)


def double_line(forgery: Forgery, name: str, line: int) -> None:
    """Write a line twice."""
    lines = forgery.lines(name)
    forgery.put_lines(name, [*lines, lines[line]])


def set_fields(forgery: Forgery, name: str, line: int, fields: Mapping[str, Any]) -> None:
    """Set fields of a record, in canonical form."""
    lines = forgery.lines(name)
    lines[line] = canonical({**json.loads(lines[line]), **fields})
    if name.endswith(".jsonl"):
        forgery.put_lines(name, lines)
    else:
        forgery.members[name] = lines[0]


def relink(forgery: Forgery, link: int, fields: Mapping[str, Any]) -> None:
    """Change a link's record, and sign it and all that follow it with the forger's key."""
    links = [Link.model_validate_json(line) for line in forgery.lines(CHAIN)]
    for number in range(link % len(links), len(links)):
        record = links[number].record.model_dump(mode="json")
        record |= {"previous": links[number - 1].sha256 if number else None}
        record |= {"key": forgery.key.public}
        record |= fields if number == link % len(links) else {}
        signed = RunRecord.model_validate_json(json.dumps(record))
        signature = forgery.key.sign(canonical(signed.model_dump(mode="json")))
        links[number] = Link(record=signed, signature=signature)
    forgery.put_lines(CHAIN, [one.line for one in links])


def respell_link(forgery: Forgery, old: str, new: str) -> None:
    """Write the last link otherwise, with the same meaning."""
    lines = forgery.lines(CHAIN)
    lines[-1] = lines[-1].replace(old.encode(), new.encode(), 1)
    forgery.put_lines(CHAIN, lines)


def leaves_anew(forgery: Forgery) -> None:
    """Make the leaves anew from the records that are there, in their old order."""
    old = parse_leaves(forgery.members[LEAVES])
    files = list(dict.fromkeys(leaf.file for leaf in old if leaf.file in forgery.members))
    files += sorted(
        name for name in forgery.members
        if name not in (*files, *FRAME, "reports.json") and not name.startswith("reports/")
    )  # fmt: skip
    names = {(leaf.file, leaf.sha256): leaf.name for leaf in old}
    forgery.members[LEAVES] = render_leaves(
        [
            Leaf(digest, name, names.get((name, digest), ""))
            for name in files
            for content in (
                forgery.lines(name) if name.endswith(".jsonl") else [forgery.members[name]]
            )
            for digest in [merkle.leaf_hash(content).hex()]
        ]
    )


def reroot(forgery: Forgery) -> None:
    """Make the leaves anew, and sign their root in the last link with the forger's key."""
    leaves_anew(forgery)
    leaves = parse_leaves(forgery.members[LEAVES])
    relink(forgery, -1, {"root": root_of(leaves), "leaves": len(leaves)})


def resign(forgery: Forgery, **fields: Any) -> None:
    """List all members anew, and sign the list with the forger's key."""
    last = Link.model_validate_json(forgery.lines(CHAIN)[-1])
    manifest = {"run": last.sha256, "files": hashes(forgery), **fields}
    signature = forgery.key.sign(canonical(manifest))
    outer = {"manifest": manifest, "key": forgery.key.public, "signature": signature}
    forgery.members[MANIFEST] = canonical(outer)


def relist(forgery: Forgery) -> None:
    """List all members anew, under the signature of the old list."""
    outer = json.loads(forgery.members[MANIFEST])
    outer["manifest"]["files"] = hashes(forgery)
    forgery.members[MANIFEST] = canonical(outer)


def beside(forgery: Forgery, fields: Mapping[str, Any]) -> None:
    """Add fields beside the signed list, where no signature is."""
    outer = json.loads(forgery.members[MANIFEST])
    forgery.members[MANIFEST] = canonical({**outer, **fields})


def append(forgery: Forgery, text: str) -> None:
    """Append bytes to the archive."""
    forgery.after.append(lambda raw: raw + text.encode())


def hashes(forgery: Forgery) -> dict[str, str]:
    """Return the hash of each member but the list itself."""
    return {
        name: hashlib.sha256(content).hexdigest()
        for name, content in forgery.members.items()
        if name != MANIFEST
    }


STEPS: dict[str, Callable[..., None]] = {
    step.__name__: step
    for step in (
        *(put, drop, copy, replace, drop_line, double_line, set_fields, relink, respell_link),
        *(leaves_anew, reroot, resign, relist, beside, append),
    )
}


def forge(raw: bytes, key: SigningKey, steps: Sequence[Mapping[str, Any]]) -> bytes:
    """Return an evidence file forged step by step."""
    forgery = Forgery(stored_zip.unpack(raw), key)
    for step in steps:
        ((word, values),) = step.items()
        STEPS[word](forgery, **(values or {}))
    return forgery.packed()
