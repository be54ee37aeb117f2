"""Writes the evidence file of a run: its records, the chain up to it, and reports, all signed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from inventory.files import write_whole
from monitors.audit.archive.stamps import stamp
from monitors.audit.evidence import stored_zip
from monitors.audit.evidence.chain import FOLDER, Link, load_chain, position_of
from monitors.audit.evidence.member_names import unsafe_name
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
from monitors.audit.evidence.sealer import sealer
from monitors.audit.evidence.time_stamp import kept
from monitors.audit.model.canonical import canonical
from monitors.audit.model.results import AuditRun

CHAIN, LEAVES, MANIFEST = "chain.jsonl", "leaves.txt", "manifest.json"
REPORTS = "reports/"
REPORT_BASIS = "reports.json"
TIME_STAMP = "time-stamp.tsr"
README = "README.txt"
FRAME = (README, CHAIN, LEAVES, MANIFEST)
EXPLANATION = """Evidence of a hardening audit, made by Bastide.

To verify this file offline:   bastide audit verify FILE --fingerprint FINGERPRINT
To judge the hosts once more, and to write the reports once more:
                               bastide audit verify FILE --recompute

leaves.txt       one line a record: SHA-256(0x00, record), the member that holds it, its name
chain.jsonl      one line a run: Merkle root (RFC 9162) over the leaves, SHA-256 of the line
                 before it, Ed25519 signature (RFC 8032) over "record" in RFC 8785 JSON
run.json         what was audited when, and the hashes of the inputs
controls.jsonl, waivers.jsonl, declared.jsonl    what the hosts were judged by, one a line
results/         one file a host: first the host, then one line a control
bundles/         what the hosts answered, as it came (gzip, JSON)
outside/         what was seen of each host from outside then (RFC 8785 JSON)
reports/         what people read
reports.json     what the reports rest on beside the records: names, the earlier run, the history
time-stamp.tsr   if there is one, a third party's time (RFC 3161) of the last line of chain.jsonl
manifest.json    SHA-256 of each member, signed with the same key
"""

# What earlier versions of Bastide wrote there: their evidence still holds.
EARLIER_EXPLANATIONS = frozenset(
    {
        "af0a9509f5e32c7ac147f113386eb9bd49eb230513529bc75e069bbbaa1910de",
        "5516789c547947a877ba4258f5c000dddf196eab08a0f29dce8b0a6ebddc82cf",
        "1329ae57df159acce025b4e5f963db59bb550e1805838b5fa7d4995381774de6",
    }
)


def package(
    run: AuditRun, state: Path, reports: Mapping[str, bytes], basis: bytes | None = None
) -> bytes:
    """Return the evidence file of a sealed run, with report files by name.

    `basis` is what the reports rest on beside the run's records. Raises EvidenceError when the run
    was not sealed or was changed since, naming the first changed record; ChainError, InputsError
    or SigningError when those are broken.
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
        **({REPORT_BASIS: basis} if basis is not None else {}),
        **_time_stamp(link, state),
    }
    if unsafe := unsafe_name(members):
        raise EvidenceError(unsafe)
    return stored_zip.pack({**members, MANIFEST: _manifest(members, link, state)})


def write_package(
    run: AuditRun,
    state: Path,
    reports: Mapping[str, bytes],
    folder: Path | None = None,
    basis: bytes | None = None,
) -> Path:
    """Write the evidence file to `<state>/reports/<stamp>-evidence.zip`, whole or not at all."""
    path = (folder or state / "reports") / f"{stamp(run.started)}-evidence.zip"
    write_whole(path, package(run, state, reports, basis), mode=0o600)
    return path


def _link_of(run: AuditRun, state: Path) -> tuple[Link, Sequence[Link]]:
    """Return the link that sealed a run, and the chain up to it."""
    chain = load_chain(state)
    position = position_of(chain, run.started, run.label)
    if position is not None:
        return chain[position], chain[: position + 1]
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


def _time_stamp(link: Link, state: Path) -> dict[str, bytes]:
    file = kept(state, link)
    return {TIME_STAMP: file.read_bytes()} if file.exists() else {}


def _manifest(members: Mapping[str, bytes], link: Link, state: Path) -> bytes:
    key = sealer(state / FOLDER)
    manifest = {"run": link.sha256, "files": sha256_of_files(members)}
    return canonical(
        {"manifest": manifest, "key": key.public, "signature": key.sign_members(manifest)}
    )
