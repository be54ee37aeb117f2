"""Kept bundles: what hosts answered, as it came, `<state>/bundles/<host>/<stamp>.json.gz`."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitors.audit.archive.stamps import write_stamped
from monitors.collection.bundle import MAX_PACKED_BYTES, Bundle, unpack

ENDING = ".json.gz"


@dataclass(frozen=True, slots=True)
class KeptBundle:
    """A bundle and the SHA-256 of its file."""

    bundle: Bundle
    sha256: str


def keep(packed: bytes, state: Path, host: str, received: datetime) -> Path:
    """Write a packed bundle under the time at which it was received; return its path."""
    return write_stamped(state / "bundles" / host, received, ENDING, packed)


def newest_bundle(state: Path, host: str) -> Path | None:
    """Return the file of a host's newest bundle, None when there is none."""
    return max((state / "bundles" / host).glob(f"*{ENDING}"), default=None)


def read_bundle(file: Path) -> KeptBundle:
    """Read a bundle's file, never more of it than a bundle may have.

    Raises BundleError when it is not a bundle, OSError when it cannot be read.
    """
    with file.open("rb") as content:
        packed = content.read(MAX_PACKED_BYTES + 1)
    return KeptBundle(unpack(packed), hashlib.sha256(packed).hexdigest())
