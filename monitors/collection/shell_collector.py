"""The collector for hosts without a usable Python: the same commands, run by plain sh.

It runs one command after the other and redacts nothing: what it prints is redacted and packed
here, before it is kept. Needs base64, head, tr and sed (coreutils or busybox), and timeout(1) to
end a command that hangs. What it prints, a line each:

| line | meaning |
| --- | --- |
| `bastide-sh 1 1700000000` | the host's clock, in seconds since 1970 |
| `out BASE64` | what the next command printed |
| `rc 0` | its exit status |
| `err BASE64` | what it complained of, when it did |
| `end` | every command was run |
"""

import base64
import binascii
import hashlib
import re
import shlex
from collections.abc import Iterator, Sequence

from monitors.collection.bundle import LATE, BundleError
from monitors.collection.collector import functions

TIMED_OUT = frozenset({124, 137})  # timeout(1): its own, and SIGKILL
MAX_ERROR_BYTES = 16384
START = re.compile(r"bastide-sh 1 (\d{1,12})")
SCRIPT = r"""
exec 5>&1
cd /
limit=
command -v timeout >/dev/null && limit='timeout -k 1'
over=$(($(date +%s) + {seconds}))
ask() {{
  left=$((over - $(date +%s)))
  [ $left -gt 0 ] || {{ printf 'out \nrc {late}\nerr {not_started}\n'; return; }}
  [ $left -lt {own} ] || left={own}
  end=${{limit:+$limit $left}}
  printf 'out '
  rest=$( {{ {{ {{ $end /bin/sh -c "$1" </dev/null 2>&3 3>&- 4>&- 5>&-; echo "rc $?" >&4; }} |
    head -c {most} | base64 | tr -d '\n' >&5; }} 3>&1 |
    head -c {most_errors} | base64 | tr -d '\n' | sed 's/^/err /'; }} 4>&1 )
  printf '\n%s\n' "$rest"
}}
probe=$(printf ok | head -c 2 | base64 | tr -d '\n' | sed 's/^/is /')
[ "$probe" = 'is b2s=' ] || {{ echo 'no tools'; exit 1; }}
echo "bastide-sh 1 $(date +%s)"
"""


def script(commands: Sequence[str], seconds: float) -> bytes:
    """Return the script that asks the commands, for /bin/sh to read from its input.

    After so many seconds what still runs is ended, and what waits is not started.
    """
    program = functions()
    environment = "; ".join(
        f"{name}={shlex.quote(value)}; export {name}" for name, value in program.ENVIRONMENT.items()
    )
    not_started = f"{LATE}not started, the {seconds:g} s for all were up"
    body = SCRIPT.format(
        seconds=max(1, round(seconds)),
        own=max(1, round(seconds * program.SHARE)),
        late=min(TIMED_OUT),
        not_started=base64.b64encode(not_started.encode()).decode(),
        most=program.MAX_OUTPUT_BYTES + 1,
        most_errors=MAX_ERROR_BYTES,
    )
    asked = "\n".join(f"ask {shlex.quote(command)}" for command in commands)
    return f"{environment}\n{body}{asked}\necho end\n".encode()


def packed(received: bytes, raw: bytes, commands: Sequence[str], host: str) -> bytes:
    """Return what such a script printed as a packed bundle; BundleError when it is not whole."""
    program = functions()
    lines = iter(received.decode("ascii", "replace").splitlines())
    start = START.fullmatch(next(lines, ""))
    if not start:
        raise BundleError(
            f"expected the line `bastide-sh …`, found {received[:60].decode('ascii', 'replace')!r}"
        )
    bundle = {
        "collector": program.VERSION,
        "commands_sha256": hashlib.sha256(raw).hexdigest(),
        "host": host,
        "clock": int(start[1]),
        "recorded": list(_records(lines, commands)),
    }
    whole: bytes = program.pack(bundle)
    return whole


def _records(lines: Iterator[str], commands: Sequence[str]) -> Iterator[dict[str, object]]:
    """Yield a record a command, in the bundle's form."""
    program = functions()
    line = next(lines, "")
    for command in commands:
        out, line = _decoded("out", line), next(lines, "")
        status, line = _status(line), next(lines, "")
        err = b""
        if line.startswith("err "):
            err, line = _decoded("err", line), next(lines, "")
        full = len(out) > program.MAX_OUTPUT_BYTES
        late = status in TIMED_OUT and not full
        if late and not err.startswith(LATE.encode()):
            err = f"{LATE}ended, its time was up\n".encode() + err
        rc = None if full or late else status
        yield program.record(command, rc, program.text(out), program.text(err), truncated=full)
    if line != "end":
        raise BundleError(f"truncated: expected the line `end`, found {line[:60]!r}")


def _decoded(word: str, line: str) -> bytes:
    kind, _, text = line.partition(" ")
    if kind != word:
        raise BundleError(f"truncated: expected a line `{word} …`, found {line[:60]!r}")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BundleError(f"not base64: {error}") from None


def _status(line: str) -> int:
    kind, _, number = line.partition(" ")
    if kind != "rc" or not re.fullmatch(r"\d{1,3}", number):
        raise BundleError(f"truncated: expected a line `rc …`, found {line[:60]!r}")
    return int(number)
