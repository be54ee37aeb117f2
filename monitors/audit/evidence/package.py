"""Writes the evidence file of a run: its records, the chain up to it, and reports, all signed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from inventory.files import write_whole
from monitors.audit.archive.stamps import stamp
from monitors.audit.evidence import stored_zip
from monitors.audit.evidence.chain import FOLDER, Link, load_chain
from monitors.audit.evidence.records import (
    EvidenceError,
    Leaf,
    Record,
    leaves_file,
    parse_leaves,
    records,
    render_leaves,
    root_of,
    sha256_of_files,
)
from monitors.audit.evidence.signing import signing_key
from monitors.audit.model.canonical import canonical
from monitors.audit.model.results import AuditRun

CHAIN, LEAVES, MANIFEST = "chain.jsonl", "leaves.txt", "manifest.json"
REPORTS = "reports/"
README = "README.txt"
EXPLANATION = """Evidence of a hardening audit, made by Bastide.

To verify this file offline:   bastide audit verify FILE --fingerprint FINGERPRINT
To judge the hosts once more:  bastide audit verify FILE --recompute

leaves.txt       one line a record: SHA-256(0x00, record), the member that holds it, its name
chain.jsonl      one line a run: Merkle root (RFC 9162) over the leaves, SHA-256 of the line
                 before it, Ed25519 signature (RFC 8032) over "record" in RFC 8785 JSON
run.json         what was audited when, and the hashes of the inputs
controls.jsonl, waivers.jsonl, declared.jsonl    what the hosts were judged by, one a line
results/         one file a host: first the host, then one line a control
bundles/         what the hosts answered, as it came (gzip, JSON)
reports/         what people read
manifest.json    SHA-256 of each member, signed with the same key
"""


def package(run: AuditRun, state: Path, reports: Mapping[str, bytes]) -> bytes:
    """Return the evidence file of a sealed run, with report files by name.

    Raises EvidenceError when the run was not sealed or was changed since, naming the first
    changed record; ChainError, InputsError or SigningError when those are broken.
    """
    link, chain = _link_of(run, state)
    run_records = tuple(records(run, state))
    leaves = tuple(record.leaf for record in run_records)
    if root_of(leaves) != link.record.root:
        raise EvidenceError(_first_changed(run, state, leaves))
    members = {
        README: EXPLANATION.encode(),
        CHAIN: b"".join(earlier.line + b"\n" for earlier in chain),
        LEAVES: render_leaves(leaves),
        **_files(run_records),
        **{f"{REPORTS}{name}": content for name, content in sorted(reports.items())},
    }
    return stored_zip.pack({**members, MANIFEST: _manifest(members, link, state)})


def write_package(
    run: AuditRun, state: Path, reports: Mapping[str, bytes], folder: Path | None = None
) -> Path:
    """Write the evidence file to `<state>/reports/<stamp>-evidence.zip`, whole or not at all."""
    path = (folder or state / "reports") / f"{stamp(run.started)}-evidence.zip"
    write_whole(path, package(run, state, reports), mode=0o600)
    return path


def _link_of(run: AuditRun, state: Path) -> tuple[Link, Sequence[Link]]:
    """Return the link that sealed a run, and the chain up to it."""
    chain = load_chain(state)
    for position, link in enumerate(chain, 1):
        if (link.record.started, link.record.label) == (run.started, run.label):
            return link, chain[:position]
    raise EvidenceError(
        f"{state / FOLDER}: the run of {run.started:%F %T} UTC ({run.label}) was never sealed; "
        "run `bastide audit run` for one that is"
    )


def _first_changed(run: AuditRun, state: Path, leaves: Sequence[Leaf]) -> str:
    """Return which record differs from the leaves that were kept when the run was sealed."""
    file = leaves_file(state, run)
    problem = "was changed since it was sealed"
    try:
        sealed = parse_leaves(file.read_bytes())
    except OSError:
        return f"the run of {run.started:%F %T} UTC {problem}; {file} would tell which record"
    for now, then in zip(leaves, sealed, strict=False):
        if now != then:
            return f"{then.title} {problem}"
    return f"a record of the run of {run.started:%F %T} UTC {problem}, added or left out"


def _files(run_records: Sequence[Record]) -> dict[str, bytes]:
    """Return the members that hold the records: lines in one file, or a bundle as it is."""
    members: dict[str, bytearray] = {}
    for record in run_records:
        content = members.setdefault(record.file, bytearray())
        content += record.content + (b"\n" if record.file.endswith(".jsonl") else b"")
    return {name: bytes(content) for name, content in members.items()}


def _manifest(members: Mapping[str, bytes], link: Link, state: Path) -> bytes:
    key = signing_key(state / FOLDER)
    manifest = {"run": link.sha256, "files": sha256_of_files(members)}
    return canonical(
        {"manifest": manifest, "key": key.public, "signature": key.sign(canonical(manifest))}
    )
