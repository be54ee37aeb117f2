"""Kept bundles: what hosts answered, as it came, `<state>/bundles/<host>/<stamp>.json.gz`.

Beside each stands what was seen of the host from outside then, `<stamp>.outside.json`.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from inventory.files import write_whole
from monitors.audit.archive.stamps import moment_of, write_stamped
from monitors.audit.model.canonical import canonical
from monitors.collection.bundle import MAX_PACKED_BYTES, Bundle, BundleError, unpack
from monitors.outside.document import OutsideView

ENDING = ".json.gz"
VIEW_ENDING = ".outside.json"


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
    folder = state / "bundles" / host
    # Names compare sooner than paths: of a year of audits there are thousands, of 200 hosts.
    names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    newest = max((name for name in names if name.endswith(ENDING)), default=None)
    return folder / newest if newest else None


def read_bundle(file: Path) -> KeptBundle:
    """Read a bundle's file, never more of it than a bundle may have.

    Raises BundleError when it is not a bundle, OSError when it cannot be read.
    """
    with file.open("rb") as content:
        packed = content.read(MAX_PACKED_BYTES + 1)
    return KeptBundle(unpack(packed), hashlib.sha256(packed).hexdigest())


def view_file(bundle: Path) -> Path:
    """Return where the outside view stands that was taken with a bundle."""
    return bundle.with_name(bundle.name.removesuffix(ENDING) + VIEW_ENDING)


def keep_view(view: OutsideView, bundle: Path) -> bytes:
    """Write an outside view beside its bundle; return it as it is kept and hashed.

    Raises OSError when it cannot be written; the bundle goes then, too.
    """
    content = canonical(view.model_dump(mode="json"))
    try:
        write_whole(view_file(bundle), content, mode=0o600)
    except OSError:
        bundle.unlink()
        raise
    return content


def parse_view(content: bytes) -> OutsideView:
    """Read an outside view; BundleError says what is wrong with it."""
    try:
        return OutsideView.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BundleError(f"not an outside view: {first['msg']} at {first['loc']}") from None


def read_view(bundle: Path) -> OutsideView | None:
    """Return the view that was taken with a bundle, None when there is none.

    Raises BundleError when it is not one, OSError when it cannot be read.
    """
    file = view_file(bundle)
    return parse_view(file.read_bytes()) if file.exists() else None


def views_since(state: Path, host: str, since: datetime) -> Iterator[OutsideView]:
    """Yield the outside views of a host that were kept since a time, and that can be read."""
    for file in (state / "bundles" / host).glob(f"*{VIEW_ENDING}"):
        try:
            if moment_of(file) >= since:
                yield parse_view(file.read_bytes())
        except (ValueError, BundleError, OSError):
            continue
