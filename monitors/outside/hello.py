"""The first message of TLS each way: what a server chooses of an offer (RFC 5246, 7.4.1).

Written and read here and not by OpenSSL, which refuses itself what it finds too old to be offered,
as the auditing machine's own policy has it.
"""

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

HANDSHAKE, ALERT = 0x16, 0x15
SERVER_HELLO = 2
TLS_1_1, TLS_1_2 = 0x0302, 0x0303
VERSIONS = {0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2"}
# Extensions (RFC 6066, 8422, 5246, 5746): curves from P-521 to X25519 and finite fields, points
# uncompressed, every pair of a hash and a signature.
CURVES = (0x001D, 0x0017, 0x0018, 0x0019, 0x0100, 0x0101)
SIGNATURES = tuple(hashed << 8 | signed for hashed in (6, 5, 4, 3, 2) for signed in (1, 2, 3))
SIGNATURES_PSS = (0x0804, 0x0805, 0x0806, 0x0807)
RECORD_HEADER = 5
# A record header, a handshake header, version, random, the longest session id, cipher suite.
ENOUGH = RECORD_HEADER + 4 + 2 + 32 + 1 + 32 + 2


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a server chose of an offer; None in both when it refused it."""

    version: str | None = None
    cipher: int | None = None


def client_hello(version: int, ciphers: Sequence[int], name: str) -> bytes:
    """Return an offer of one version at most, these cipher suites, and a server's name."""
    extensions = b"".join(
        (
            _extension(0, _block(b"\0" + _block(name.encode("ascii")))) if name else b"",
            _extension(10, _numbers(CURVES)),
            _extension(11, b"\x01\x00"),
            _extension(13, _numbers((*SIGNATURES_PSS, *SIGNATURES))) if version > TLS_1_1 else b"",
            _extension(0xFF01, b"\x00"),
        )
    )
    body = struct.pack(">H", version) + os.urandom(32) + b"\0" + _numbers(ciphers) + b"\x01\x00"
    message = body + _block(extensions)
    handshake = b"\x01" + struct.pack(">I", len(message))[1:] + message
    return bytes([HANDSHAKE]) + struct.pack(">HH", min(version, 0x0301), len(handshake)) + handshake


def is_tls(answer: bytes) -> bool:
    """Return whether an answer to an offer begins like one of TLS."""
    return len(answer) >= 3 and answer[0] in (HANDSHAKE, ALERT) and answer[1] == 3


def chosen(answer: bytes) -> Chosen:
    """Return what a server chose; ValueError when the answer is not one of TLS."""
    if not is_tls(answer):
        raise ValueError("not an answer of TLS")
    if answer[0] == ALERT:
        return Chosen()
    body = answer[RECORD_HEADER:]
    if len(body) < 39 or body[0] != SERVER_HELLO:
        raise ValueError("not a server's hello")
    version, after = int.from_bytes(body[4:6], "big"), 39 + body[38]
    if len(body) < after + 2:
        raise ValueError("a server's hello that ends too soon")
    cipher = int.from_bytes(body[after : after + 2], "big")
    return Chosen(VERSIONS.get(version, f"{version:#06x}"), cipher)


def _block(content: bytes) -> bytes:
    return struct.pack(">H", len(content)) + content


def _numbers(numbers: Sequence[int]) -> bytes:
    return _block(struct.pack(f">{len(numbers)}H", *numbers))


def _extension(number: int, content: bytes) -> bytes:
    return struct.pack(">H", number) + _block(content)
