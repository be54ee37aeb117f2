"""Forges evidence files, as somebody with or without the auditing machine's key can.

A forgery is a list of steps, each one word with its values; see the functions of STEPS.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitors.audit.evidence import merkle, stored_zip
from monitors.audit.evidence.chain import Link, RunRecord
from monitors.audit.evidence.records import (
    CONTROLS_FILE,
    DECLARED_FILE,
    RUN_FILE,
    WAIVERS_FILE,
    Leaf,
    named,
    parse_leaves,
    record_lines,
    render_leaves,
    root_of,
)
from monitors.audit.evidence.signing import SigningKey
from monitors.audit.model.canonical import canonical
from tests.monitors.audit.evidence.edits import EDITS, LEAVES, MANIFEST, Forgery, set_fields

CHAIN = "chain.jsonl"
FRAME = ("README.txt", CHAIN, LEAVES, MANIFEST)


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


def leaves_anew(forgery: Forgery) -> None:
    """Make the leaves anew from the records that are there, in their old order."""
    old = parse_leaves(forgery.members[LEAVES])
    files = list(dict.fromkeys(leaf.file for leaf in old if leaf.file in forgery.members))
    files += sorted(
        name for name in forgery.members
        if name not in (*files, *FRAME, "reports.json") and not name.startswith("reports/")
    )  # fmt: skip
    forgery.members[LEAVES] = render_leaves(
        [
            Leaf(merkle.leaf_hash(content).hex(), name, _name(name, number, content))
            for name in files
            for number, content in enumerate(record_lines(name, forgery.members[name]))
        ]
    )


def _name(file: str, number: int, content: bytes) -> str:
    try:
        return named(file, number, json.loads(content))
    except (ValueError, AttributeError):
        return ""


def inputs_anew(forgery: Forgery) -> None:
    """Have the run and its signed record name the inputs that are there."""
    controls, waivers, declared = (
        b",".join(forgery.lines(name)) if name in forgery.members else b""
        for name in (CONTROLS_FILE, WAIVERS_FILE, DECLARED_FILE)
    )
    digests = {
        "controls_sha256": hashlib.sha256(b'{"controls":[' + controls + b"]}").hexdigest(),
        "waivers_sha256": hashlib.sha256(b"[" + waivers + b"]").hexdigest(),
        "declared_sha256": hashlib.sha256(b"[" + declared + b"]").hexdigest(),
    }
    set_fields(forgery, RUN_FILE, 0, digests)
    last = Link.model_validate_json(forgery.lines(CHAIN)[-1])
    relink(forgery, -1, {"inputs": last.record.inputs.model_dump() | digests})


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


def seal_anew(forgery: Forgery) -> None:
    """Make all agree again, as the key's holder can: inputs, leaves, root, list, signatures."""
    inputs_anew(forgery)
    reroot(forgery)
    resign(forgery)


def relist(forgery: Forgery) -> None:
    """List all members anew, under the signature of the old list."""
    outer = json.loads(forgery.members[MANIFEST])
    outer["manifest"]["files"] = hashes(forgery)
    forgery.members[MANIFEST] = canonical(outer)


def hashes(forgery: Forgery) -> dict[str, str]:
    """Return the hash of each member but the list itself."""
    return {
        name: hashlib.sha256(content).hexdigest()
        for name, content in forgery.members.items()
        if name != MANIFEST
    }


SEALS: tuple[Callable[..., None], ...] = (relink, leaves_anew, reroot, resign, seal_anew, relist)
STEPS = {step.__name__: step for step in (*EDITS, *SEALS)}


def forge(raw: bytes, key: SigningKey, steps: Sequence[Mapping[str, Any]]) -> bytes:
    """Return an evidence file forged step by step."""
    forgery = Forgery(stored_zip.unpack(raw), key)
    for step in steps:
        ((word, values),) = step.items()
        STEPS[word](forgery, **(values or {}))
    return forgery.packed()
