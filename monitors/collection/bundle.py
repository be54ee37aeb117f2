"""A bundle: what one host answered to the command list. Untrusted until it has been read here.

On the wire: one line `bastide-bundle 1 <length> <sha256>`, then that many bytes of gzip, holding
one JSON object in UTF-8. On disk: the same gzip bytes, so the hash of the file is the hash sent.
"""

import gzip
import hashlib
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, ValidationError

from inventory.frozen import Frozen
from monitors.ssh.failures import SshFailure
from monitors.text import escaped_line

FORMAT = 1
GZIP = 31
COLLECTOR_VERSION = 1
MAX_HEADER_BYTES = 128
# The collector keeps to these limits; sixteen bundles at once stay far below 200 MiB.
MAX_PACKED_BYTES = 200_000
MAX_PLAIN_BYTES = 2 * 1024 * 1024
# Brackets and commas: each may cost the JSON reader two kilobytes. Real bundles have 2,000.
MAX_MARKS = 30_000
MAX_COMMANDS = 1000
# The first line of a command's errors, when it was the collector that ended it.
LATE = "collector: "
MAX_LATE = 120
MAX_NAME = 255
LAST_CLOCK = 4_102_444_800.0  # the year 2100
HEADER = re.compile(rb"bastide-bundle (\d{1,3}) (\d{1,9}) ([0-9a-f]{64})\n")

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class BundleError(Exception):
    """What came is not a whole and well-formed bundle."""


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """Why no bundle came, and what to do about it, in words.

    `login` is the failure behind it where the way in was the trouble.
    """

    problem: str
    login: SshFailure | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did: exit status (None: killed when its time was up) and outputs."""

    rc: int | None
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False

    @property
    def late(self) -> str:
        """Why it has no exit status, in words: what ran out of time."""
        first = self.stderr.partition("\n")[0]
        said = first.removeprefix(LATE) if first.startswith(LATE) else "did not end in time"
        return escaped_line(said)[:MAX_LATE]


class RecordedCommand(Frozen):
    """One command's end: rc None means killed when its time was up."""

    command: str
    rc: int | None
    stdout: str
    stderr: str
    seconds: Seconds
    truncated: bool = False


class Bundle(Frozen):
    """What a collector recorded on a host; `clock` is the host's, in seconds since 1970."""

    collector: int = Field(ge=1)
    commands_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    host: str = Field(max_length=MAX_NAME)
    clock: Annotated[float, Field(ge=0, le=LAST_CLOCK)]
    # Of a wrong list only the first mistake is collected: each costs a kilobyte.
    recorded: tuple[RecordedCommand, ...] = Field(max_length=MAX_COMMANDS, fail_fast=True)

    @property
    def collected(self) -> datetime:
        """The host's own time at collection, UTC."""
        return datetime.fromtimestamp(self.clock, UTC)

    def answers(self) -> dict[str, Answer]:
        """Return the answers by command."""
        return {r.command: Answer(r.rc, r.stdout, r.stderr, r.truncated) for r in self.recorded}


def unframe(received: bytes) -> bytes:
    """Return the packed bundle of a whole transmission; BundleError when it is not whole."""
    header = HEADER.match(received)
    if not header:
        first = received[:60].decode("ascii", "backslashreplace")
        raise BundleError(f"expected the line `bastide-bundle …`, found {first!r}")
    if int(header[1]) != FORMAT:
        raise BundleError(f"bundle format {int(header[1])}, expected {FORMAT}")
    packed, length = received[header.end() :], int(header[2])
    if len(packed) != length:
        raise BundleError(f"truncated: {len(packed)} of {length} bytes arrived")
    if hashlib.sha256(packed).hexdigest() != header[3].decode():
        raise BundleError("damaged on the way: its sha256 is not the one announced")
    return packed


def expected_length(received: bytes) -> int | None:
    """Return how long a transmission will be, None while its first line is not complete.

    Raises BundleError when the first line is no header or announces too much.
    """
    if b"\n" not in received[:MAX_HEADER_BYTES]:
        if len(received) >= MAX_HEADER_BYTES:
            unframe(received)
        return None
    header = HEADER.match(received)
    if not header:
        unframe(received)
        return None
    length = int(header[2])
    if length > MAX_PACKED_BYTES:
        raise BundleError(f"oversized: {length} bytes announced, at most {MAX_PACKED_BYTES} taken")
    return header.end() + length


def unpack(packed: bytes) -> Bundle:
    """Read a packed bundle; BundleError says what is wrong, and nothing large is ever held."""
    plain = _unzip(packed)
    if sum(plain.count(mark) for mark in (b"{", b"[", b",")) > MAX_MARKS:
        raise BundleError(f"oversized: more than {MAX_MARKS} brackets and commas")
    try:
        bundle = Bundle.model_validate_json(plain.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BundleError(f"not UTF-8 at byte {error.start}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BundleError(f"not a bundle: {first['msg']} at {first['loc']}") from None
    if bundle.collector < COLLECTOR_VERSION:
        raise BundleError(
            f"made by collector version {bundle.collector}, the checks need {COLLECTOR_VERSION}: "
            "run `bastide playbook run configure`"
        )
    return bundle


def _unzip(packed: bytes) -> bytes:
    if len(packed) > MAX_PACKED_BYTES:
        raise BundleError(f"oversized: {len(packed)} bytes, at most {MAX_PACKED_BYTES} taken")
    reader = zlib.decompressobj(wbits=GZIP)
    try:
        plain = reader.decompress(packed, MAX_PLAIN_BYTES)
    except zlib.error as error:
        raise BundleError(f"not gzip: {error}") from None
    if reader.unconsumed_tail:
        raise BundleError(f"oversized: unpacks to more than {MAX_PLAIN_BYTES} bytes")
    if not reader.eof:
        raise BundleError("truncated: the gzip stream has no end")
    if reader.unused_data:
        raise BundleError(f"{len(reader.unused_data)} bytes more after the end of the gzip stream")
    return plain


def pack(bundle: Bundle) -> bytes:
    """Return a bundle as it is kept; equal bundles give equal bytes."""
    return gzip.compress(bundle.model_dump_json().encode(), mtime=0)
