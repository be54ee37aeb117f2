"""A zip archive whose bytes follow from its members alone, so that no byte of it can change unseen.

Members are stored, not compressed: what is read is what was hashed, whatever zlib is at hand.
"""

import io
import zipfile
from collections import Counter
from collections.abc import Mapping

DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
LOCAL_HEADER_BYTES = 30


class ArchiveError(Exception):
    """The bytes are not an archive as this module writes it."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return an archive of members in their order; equal members give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system, entry.external_attr = UNIX, 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def unpack(raw: bytes) -> dict[str, bytes]:
    """Return the members of an archive, damaged ones as far as they can be read.

    Raises ArchiveError when the directory at its end cannot be read, has a name twice, or lists
    more bytes than there are.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise ArchiveError(f"not a readable archive: {error}") from None
    with archive:
        entries = archive.infolist()
    names = Counter(entry.filename for entry in entries)
    if twice := [name for name, number in names.items() if number > 1]:
        raise ArchiveError(f"{twice[0]!a}: more than one member of this name")
    if sum(entry.file_size for entry in entries) > len(raw):
        raise ArchiveError("members lie over each other")
    return {entry.filename: _member(raw, entry) for entry in entries}


def _member(raw: bytes, entry: zipfile.ZipInfo) -> bytes:
    """Return a member's bytes where `pack` puts them, so that a damaged record can be named."""
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ArchiveError(f"{entry.filename}: compressed; evidence is stored as it was hashed")
    start = entry.header_offset + LOCAL_HEADER_BYTES + len(entry.filename.encode())
    return raw[start : start + entry.file_size]
