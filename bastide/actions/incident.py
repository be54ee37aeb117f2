"""What was collected on a host that may be compromised, kept hashed and signed.

Nothing of it is trusted: the archive is kept as it came, never unpacked, and read within bounds.
"""

import base64
import binascii
import gzip
import hashlib
import json
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from platform import node
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from inventory.files import make_folder, write_first
from inventory.paths import user_name
from monitors.audit.evidence.chain import FOLDER
from monitors.audit.evidence.signing import SigningKey, fingerprint, signing_key
from monitors.text import escaped_line

ARCHIVE, MANIFEST, SIGNATURE, KEY = "evidence.tar.gz", "manifest.json", "manifest.sig", "key.pem"
CONTENTS = "collection.json"
MOST_BYTES = 1 << 30
MOST_FILES = 5_000
CHUNK = 1 << 20


class EvidenceError(Exception):
    """What came back from the host is no evidence."""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file of the archive, hashed here and not on the host."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the evidence is, and in words what is missing of it."""

    folder: Path
    missing: tuple[str, ...]


def keep(text: str, folder: Path, state: Path, host: str, run: str, started: datetime) -> Evidence:
    """Keep what a host sent, base64 of a tar.gz, in `<folder>/<host>/<run>`.

    The manifest beside it says who collected it when, and has the SHA-256 of the archive and of all
    that is in it; this machine's key (`bastide audit key`) signs it. EvidenceError: it is none;
    OSError: it cannot be kept.
    """
    try:
        archive = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise EvidenceError(f"what the host sent is not base64: {error}") from None
    if not archive:
        raise EvidenceError("the host sent nothing")
    files, contents, problem = _read(archive)
    missing = tuple(filter(None, (*_notes(contents), problem)))
    key, kept = signing_key(state / FOLDER), folder / host / run
    manifest = {
        "host": host,
        "run": run,
        "collected_by": f"{user_name()} on {node()}",
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "archive": asdict(EvidenceFile(ARCHIVE, len(archive), _sha256(archive))),
        "files": [asdict(file) for file in files],
        "missing": missing,
        "key": fingerprint(key.public),
    }
    content = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    make_folder(kept)
    write_first(kept / ARCHIVE, archive)
    write_first(kept / MANIFEST, content)
    write_first(kept / SIGNATURE, base64.b64decode(key.sign(content.encode())))
    write_first(kept / KEY, _pem(key))
    return Evidence(kept, missing)


def _read(archive: bytes) -> tuple[tuple[EvidenceFile, ...], bytes, str]:
    """Return the files of an archive, its own table of contents, and why it was not read whole."""
    files: list[EvidenceFile] = []
    contents = b""
    try:
        with gzip.open(BytesIO(archive)) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            left = MOST_BYTES
            for member in islice(tar, MOST_FILES):
                reader = tar.extractfile(member) if member.isfile() else None
                left -= member.size
                if reader is None or left < 0:
                    return tuple(files), contents, f"not read to its end: {_name(member)}"
                digest = hashlib.sha256()
                while chunk := reader.read(CHUNK):
                    digest.update(chunk)
                    if member.name == CONTENTS:
                        contents += chunk
                files.append(EvidenceFile(_name(member), member.size, digest.hexdigest()))
            # Its end has the checksum of all of it.
            stream.read(CHUNK)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        return tuple(files), contents, f"the archive is damaged: {escaped_line(str(error))}"
    return tuple(files), contents, "" if contents else f"the archive has no {CONTENTS}"


def _name(member: tarfile.TarInfo) -> str:
    return escaped_line(member.name)


def _notes(contents: bytes) -> Iterator[str]:
    """Yield what the host says of files that it could not read, or not whole."""
    try:
        steps: Any = json.loads(contents or b"[]")
        notes = [(str(step["file"]), str(step["note"])) for step in steps if step["note"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        yield f"{CONTENTS} cannot be read"
        return
    yield from (escaped_line(f"{name}: {note}") for name, note in notes)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _pem(key: SigningKey) -> bytes:
    """Return the public key as openssl(1) reads it."""
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public))
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
