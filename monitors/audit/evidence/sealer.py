"""Who signs evidence for this machine: the key in the state folder, or a process that has it alone.

On an operations host the process is there (see signer.py), and no account that talks to the
network can read the key. Elsewhere the key lies beside the chain.
"""

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from monitors.audit.evidence.signing import SigningError, SigningKey, signing_key
from monitors.audit.model.canonical import canonical

SOCKET = Path("/run/bastide-signer/socket")
VARIABLE = "BASTIDE_SIGNER"
SECONDS = 30.0
LONGEST_ANSWER = 1 << 20
Json = Mapping[str, Any]


class Sealer(Protocol):
    """What signs runs, and the lists of members of their evidence files."""

    @property
    def public(self) -> str:
        """The raw public key in base64."""

    @property
    def newest(self) -> Json | None:
        """The last link that was signed, where that is known beside the chain."""

    def sign_run(self, record: Json) -> str:
        """Return the signature of a run's record; SigningError when it is refused."""

    def sign_members(self, manifest: Json) -> str:
        """Return the signature of a list of members; SigningError when it is refused."""


def sealer(folder: Path) -> Sealer:
    """Return what signs for the chain in a folder.

    Raises SigningError when it cannot be used.
    """
    path = Path(os.environ.get(VARIABLE) or SOCKET)
    return _Process(path) if path.exists() else _Key(signing_key(folder))


class _Key:
    """The key beside the chain."""

    newest = None

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    @property
    def public(self) -> str:
        return self._key.public

    def sign_run(self, record: Json) -> str:
        return self._key.sign(canonical(record))

    def sign_members(self, manifest: Json) -> str:
        return self._key.sign(canonical(manifest))


class _Process:
    """The signing process behind a socket; it is asked for its key once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        answer = self._ask({"what": "key"})
        self.public, self.newest = str(answer["key"]), answer["newest"]

    def sign_run(self, record: Json) -> str:
        return str(self._ask({"what": "run", "record": record})["signature"])

    def sign_members(self, manifest: Json) -> str:
        return str(self._ask({"what": "members", "manifest": manifest})["signature"])

    def _ask(self, request: Json) -> Json:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(SECONDS)
                connection.connect(str(self._path))
                connection.sendall(json.dumps(request).encode() + b"\n")
                answered: Json = json.loads(_received(connection))
        except (OSError, ValueError) as error:
            raise SigningError(f"{self._path}: the signer does not answer: {error}") from None
        if "refused" in answered:
            raise SigningError(f"{self._path}: the signer refuses: {answered['refused']}")
        return answered


def _received(connection: socket.socket) -> bytes:
    parts = bytearray()
    while (part := connection.recv(1 << 16)) and len(parts) < LONGEST_ANSWER:
        parts += part
    return bytes(parts)
