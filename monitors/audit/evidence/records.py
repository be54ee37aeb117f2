"""The records of a run, in the order in which the Merkle tree has them.

A record is one line of canonical JSON (a control, a waiver, a host's declaration, a result) or
one whole bundle. Equal runs have equal records, byte for byte.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory.files import write_whole
from monitors.audit.archive.stamps import stamp
from monitors.audit.evidence import merkle
from monitors.audit.evidence.chain import FOLDER, InputHashes, Link, append
from monitors.audit.evidence.inputs import CONTROLS, DECLARED, WAIVERS
from monitors.audit.model.canonical import canonical
from monitors.audit.model.results import AuditRun, HostAudit

RUN_FILE = "run.json"
RESULTS, BUNDLES, OUTSIDE = "results/", "bundles/", "outside/"
CONTROLS_FILE, WAIVERS_FILE, DECLARED_FILE = "controls.jsonl", "waivers.jsonl", "declared.jsonl"
# What the lines of a member are called by.
NAMED_BY = {
    CONTROLS_FILE: ("id",),
    WAIVERS_FILE: ("control", "scope"),
    DECLARED_FILE: ("host",),
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the member of the evidence file that holds it, its name there, its bytes."""

    file: str
    name: str
    content: bytes

    @property
    def leaf(self) -> "Leaf":
        """The record's leaf in the tree."""
        return Leaf(merkle.leaf_hash(self.content).hex(), self.file, self.name)


@dataclass(frozen=True, slots=True)
class Leaf:
    """The leaf hash of a record, and where the record is."""

    sha256: str
    file: str
    name: str

    @property
    def title(self) -> str:
        """The record as messages name it."""
        return f"{self.file} ({self.name})" if self.name else self.file


class EvidenceError(Exception):
    """Evidence is absent, or not what was sealed; the text names the first broken record."""


def records(run: AuditRun, state: Path) -> Iterator[Record]:
    """Yield a run's records from what a state folder keeps.

    Raises InputsError or EvidenceError when something that the run names is not there.
    """
    yield _of_run(run)
    yield from _lines(CONTROLS_FILE, CONTROLS.kept(state, run.controls_sha256)["controls"])
    yield from _lines(WAIVERS_FILE, WAIVERS.kept(state, run.waivers_sha256))
    yield from _lines(DECLARED_FILE, DECLARED.kept(state, run.declared_sha256))
    for host in run.hosts:
        yield from _of_host(host, state)


def run_leaves(run: AuditRun) -> Iterator[Leaf]:
    """Yield the leaves of what a run itself says: its header, its hosts and their results."""
    yield _of_run(run).leaf
    for host in run.hosts:
        yield from (record.leaf for record in _results(host))


def _of_run(run: AuditRun) -> Record:
    header = run.model_dump(mode="json", exclude={"hosts"})
    names = [host.host for host in run.hosts]
    return Record(RUN_FILE, "", canonical({**header, "hosts": names}))


def _results(host: HostAudit) -> Iterator[Record]:
    header = host.model_dump(mode="json", exclude={"results"})
    results = (result.model_dump(mode="json") for result in host.results)
    yield from _lines(results_file(host.host), (header, *results))


def _lines(file: str, values: Iterable[Mapping[str, Any]]) -> Iterator[Record]:
    for number, value in enumerate(values):
        yield Record(file, named(file, number, value), canonical(value))


def named(file: str, number: int, value: Mapping[str, Any]) -> str:
    """Return the name of a record, counted from 0 in its member; what is one alone has none."""
    if file.startswith(RESULTS):
        return str(value.get("control")) if number else "host"
    return " for ".join(str(value.get(key)) for key in NAMED_BY.get(file, ()))


def _of_host(host: HostAudit, state: Path) -> Iterator[Record]:
    yield from _results(host)
    if host.bundle:
        yield Record(bundle_file(host.host), "", _kept(state / host.bundle, "bundle"))
    if host.outside:
        yield Record(outside_file(host.host), "", _kept(state / host.outside, "outside view"))


def results_file(host: str) -> str:
    """Return the member with a host's results."""
    return f"{RESULTS}{host}.jsonl"


def bundle_file(host: str) -> str:
    """Return the member with a host's bundle."""
    return f"{BUNDLES}{host}.json.gz"


def outside_file(host: str) -> str:
    """Return the member with what was seen of a host from outside."""
    return f"{OUTSIDE}{host}.json"


def record_lines(file: str, content: bytes) -> Sequence[bytes]:
    """Return the records that a member holds: its lines, or the whole of it."""
    return content.removesuffix(b"\n").split(b"\n") if file.endswith(".jsonl") else (content,)


def _kept(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"{path}: {error.strerror}: the {what} of a sealed run") from None


def seal(run: AuditRun, state: Path) -> Link:
    """Hash a run's records, keep their leaves, and append the signed root to the chain.

    Raises ChainError, SigningError, InputsError, EvidenceError or OSError; the run's own files
    are not touched.
    """
    leaves = tuple(record.leaf for record in records(run, state))
    write_whole(leaves_file(state, run), render_leaves(leaves), mode=0o600)
    return append(
        state,
        estate=run.estate,
        label=run.label,
        started=run.started,
        inputs=InputHashes.model_validate(run, from_attributes=True),
        root=root_of(leaves),
        leaves=len(leaves),
    )


def leaves_file(state: Path, run: AuditRun) -> Path:
    """Return where the leaves of a run are kept."""
    return state / FOLDER / "leaves" / f"{stamp(run.started)}-{run.label}.txt"


def prune_leaves(state: Path) -> None:
    """Delete the leaves of runs whose results are kept no more; their links stay in the chain."""
    for file in (state / FOLDER / "leaves").glob("*.txt"):
        if not (state / "audits" / f"{file.stem}.json").exists():
            file.unlink()


def root_of(leaves: Sequence[Leaf]) -> str:
    """Return the Merkle root over leaves, in hexadecimal."""
    return merkle.root([bytes.fromhex(leaf.sha256) for leaf in leaves]).hex()


def render_leaves(leaves: Sequence[Leaf]) -> bytes:
    """Return leaves as lines `sha256  file  name`."""
    lines = (f"{leaf.sha256}  {leaf.file}  {leaf.name}\n" for leaf in leaves)
    return "".join(lines).encode()


def parse_leaves(raw: bytes) -> tuple[Leaf, ...]:
    """Read lines of leaves; EvidenceError names the first line that is none."""
    leaves = []
    for number, line in enumerate(raw.decode("utf-8", "backslashreplace").splitlines(), 1):
        parts = line.split("  ", 2)
        if len(parts) != 3 or len(parts[0]) != 64 or set(parts[0]) - set("0123456789abcdef"):
            raise EvidenceError(f"leaves.txt, line {number}: not a leaf")
        leaves.append(Leaf(*parts))
    if render_leaves(leaves) != raw:
        raise EvidenceError("leaves.txt: not lines as they are written")
    return tuple(leaves)


def sha256_of_files(members: Mapping[str, bytes]) -> dict[str, str]:
    """Return the plain SHA-256 of each member."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
