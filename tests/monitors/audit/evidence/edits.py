"""A forger's edits of an evidence file's members, none of which make the rest agree."""

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from typing import Any

from monitors.audit.evidence import stored_zip
from monitors.audit.evidence.records import (
    RUN_FILE,
    bundle_file,
    outside_file,
    parse_leaves,
    render_leaves,
    results_file,
)
from monitors.audit.evidence.signing import SigningKey
from monitors.audit.model.canonical import canonical
from monitors.collection.bundle import unpack

LEAVES, MANIFEST = "leaves.txt", "manifest.json"
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


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


def drop_lines_with(forgery: Forgery, name: str, text: str) -> None:
    """Leave the lines out in which a text is."""
    lines = [line for line in forgery.lines(name) if text.encode() not in line]
    assert lines != forgery.lines(name), f"{text!r} is not in {name}"
    forgery.put_lines(name, lines)


def set_fields(forgery: Forgery, name: str, line: int, fields: Mapping[str, Any]) -> None:
    """Set fields of a record, in canonical form."""
    lines = forgery.lines(name)
    lines[line] = canonical({**json.loads(lines[line]), **fields})
    if name.endswith(".jsonl"):
        forgery.put_lines(name, lines)
    else:
        forgery.members[name] = lines[0]


def leave_out(forgery: Forgery, host: str) -> None:
    """Leave all out that the run has of a host, but its declaration."""
    for name in (results_file(host), bundle_file(host), outside_file(host)):
        forgery.members.pop(name, None)
    run = json.loads(forgery.members[RUN_FILE])
    hosts = [name for name in run["hosts"] if name != host]
    set_fields(forgery, RUN_FILE, 0, {"hosts": hosts})


def set_bundle(forgery: Forgery, host: str, fields: Mapping[str, Any]) -> None:
    """Set fields of what a host answered."""
    name = bundle_file(host)
    bundle = unpack(forgery.members[name]).model_dump(mode="json")
    forgery.members[name] = gzip.compress(json.dumps({**bundle, **fields}).encode(), mtime=0)


def judged_by(forgery: Forgery, host: str) -> None:
    """Have a host's results say that they came from the bundle and the view that are there."""
    digests = {
        key: hashlib.sha256(forgery.members[name]).hexdigest() if name in forgery.members else None
        for key, name in (
            ("bundle_sha256", bundle_file(host)),
            ("outside_sha256", outside_file(host)),
        )
    }
    set_fields(forgery, results_file(host), 0, digests)


def rename_leaf(forgery: Forgery, file: str, old: str, new: str) -> None:
    """Call the leaf of a record otherwise."""
    leaves = parse_leaves(forgery.members[LEAVES])
    renamed = [
        replaced(leaf, name=new) if (leaf.file, leaf.name) == (file, old) else leaf
        for leaf in leaves
    ]
    forgery.members[LEAVES] = render_leaves(renamed)


def respell(forgery: Forgery, name: str) -> None:
    """Write the last signature of a member with other bits where base64 has none to spare."""
    at = forgery.members[name].rindex(b'=="') - 1
    raw = bytearray(forgery.members[name])
    raw[at] = BASE64[BASE64.index(raw[at]) ^ 1]
    forgery.members[name] = bytes(raw)


def beside(forgery: Forgery, fields: Mapping[str, Any]) -> None:
    """Add fields beside the signed list, where no signature is."""
    outer = json.loads(forgery.members[MANIFEST])
    forgery.members[MANIFEST] = canonical({**outer, **fields})


def append(forgery: Forgery, text: str) -> None:
    """Append bytes to the archive."""
    forgery.after.append(lambda raw: raw + text.encode())


EDITS: tuple[Callable[..., None], ...] = (
    *(put, drop, copy, replace, drop_line, double_line, drop_lines_with, set_fields),
    *(leave_out, set_bundle, judged_by, rename_leaf, respell, beside, append),
)
