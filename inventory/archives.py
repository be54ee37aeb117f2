"""Tar archives whose bytes follow from their members alone: equal members, equal bytes."""

import io
import tarfile
from collections.abc import Iterable


def tar(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return an archive (pax) of members, name and content, in their order; all of mode 0644."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(content), 0o644, 0
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
