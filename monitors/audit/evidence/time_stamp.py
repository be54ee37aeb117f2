"""Time stamps of runs (RFC 3161): a third party's word for when a run was sealed.

They are asked for and checked with OpenSSL's own `openssl ts`, on the SHA-256 that the chain names
the run by.
"""

import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from inventory.files import write_whole
from monitors.audit.evidence.chain import FOLDER, Link

SECONDS = 30.0
LARGEST = 1 << 16
QUERY_TYPE = "application/timestamp-query"
ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"}
TIME = re.compile(r"^Time stamp: (\w{3} +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", re.MULTILINE)


class TimeStampError(Exception):
    """There is no time stamp, or it does not hold; the text says why."""


def stamp_run(link: Link, state: Path, server: str) -> None:
    """Ask a server for a time stamp of a sealed run, and keep it; TimeStampError, OSError."""
    query = _openssl("-query", "-digest", link.sha256, "-sha256", "-cert")
    request = urllib.request.Request(  # noqa: S310 (the inventory takes http and https only)
        server, query, {"Content-Type": QUERY_TYPE}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
            reply = response.read(LARGEST)
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        raise TimeStampError(f"{server}: {error}") from None
    _time_of(reply)
    write_whole(kept(state, link), reply)


def kept(state: Path, link: Link) -> Path:
    """Return where a run's time stamp is kept, if it has one."""
    return state / FOLDER / "time-stamps" / f"{link.sha256}.tsr"


def check(link: Link, reply: bytes, authority: Path) -> datetime:
    """Return the time that a stamp of a run has from an authority (its certificates, PEM).

    Raises TimeStampError when the stamp is of something else, or of somebody else.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder, "reply.tsr")
        file.write_bytes(reply)
        words = ("-verify", "-digest", link.sha256, "-in", str(file), "-CAfile", str(authority))
        _openssl(*words)
    return _time_of(reply)


def _time_of(reply: bytes) -> datetime:
    text = _openssl("-reply", "-in", "/dev/stdin", "-text", given=reply).decode(errors="replace")
    found = TIME.search(text)
    if "Status: Granted" not in text or not found:
        raise TimeStampError("the server granted no time stamp")
    return datetime.strptime(f"{found[1]} {found[2]}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)


def _openssl(*words: str, given: bytes = b"") -> bytes:
    command: Sequence[str] = ("openssl", "ts", *words)
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, timeout=SECONDS, env=ENVIRONMENT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TimeStampError(f"openssl: {error}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise TimeStampError(said[-1] if said else f"openssl ts {words[0]} failed")
    return done.stdout
