"""Shares of Samba (smb.conf) and NFS (exports)."""

import re
from collections.abc import Iterator

from monitors.inspection.model import Share
from monitors.inspection.values import bounded, sections

NOT_FOLDERS = frozenset({"global", "printers", "print$", "ipc$"})
TRUE = ("yes", "true", "1", "on")
EXPORT = re.compile(r'^("[^"]+"|\S+)\s+(.+)$')


def read_shares(samba: str, exports: str) -> tuple[Share, ...]:
    """Return the shares; printers are none."""
    return bounded((*_samba(samba), *_nfs(exports)))


def _samba(text: str) -> Iterator[Share]:
    for file, lines in sections(text):
        usershare = "/usershares/" in file
        name, values = "", dict[str, str]()
        for line in (*lines, "[end]"):
            stripped = line.strip()
            if stripped.startswith("[") and stripped.endswith("]"):
                if name and name.lower() not in NOT_FOLDERS:
                    yield _share(name, values)
                name, values = stripped[1:-1], {}
            else:
                key, _, value = stripped.partition("=")
                values[" ".join(key.lower().split())] = value.strip()
                name = values.get("sharename", file.rpartition("/")[2]) if usershare else name


def _share(name: str, values: dict[str, str]) -> Share:
    writable = values.get("writable") or values.get("writeable") or values.get("write ok") or ""
    guests = values.get("guest ok", values.get("public", "no"))
    return Share(
        kind="smb",
        name=name,
        path=values.get("path", ""),
        users="guests" if guests.lower() in TRUE else values.get("valid users", ""),
        writable=writable.lower() in TRUE or values.get("read only", "").lower() in ("no", "false"),
    )


def _nfs(text: str) -> Iterator[Share]:
    for _, lines in sections(text):
        for line in lines:
            match = EXPORT.match(line.strip())
            if match:
                path, clients = match[1].strip('"'), match[2]
                yield Share(
                    kind="nfs", name=path, path=path, users=clients, writable="rw" in clients
                )
