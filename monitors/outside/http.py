"""One HEAD request, and what of its answer says something about the server."""

import re
from collections.abc import Awaitable, Callable

from monitors.outside.document import HttpAnswer
from monitors.text import escaped_line

KEPT_HEADERS = (
    *("location", "server", "x-powered-by", "strict-transport-security", "x-frame-options"),
    *("content-security-policy", "x-content-type-options", "referrer-policy"),
)
STATUS = re.compile(rb"HTTP/[0-9.]+ (\d{3})")
LONGEST_HEADERS = 1 << 15
HEADERS_END = b"\r\n\r\n"

Read = Callable[[], Awaitable[bytes]]


def head(name: str) -> bytes:
    """Return the request for the first page."""
    return (
        f"HEAD / HTTP/1.1\r\nHost: {name}\r\nUser-Agent: bastide-audit\r\nConnection: close\r\n\r\n"
    ).encode("ascii")


async def answer(read: Read) -> HttpAnswer | None:
    """Return what was answered to the request; None when that was not HTTP."""
    received = b""
    while HEADERS_END not in received and len(received) <= LONGEST_HEADERS:
        try:
            more = await read()
        except OSError:
            break
        if not more:
            break
        received += more
    return parsed(received)


def parsed(received: bytes) -> HttpAnswer | None:
    """Return the status and the kept headers of an answer; None when it is not HTTP."""
    status = STATUS.match(received)
    if not status:
        return None
    lines = received.partition(HEADERS_END)[0].decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    kept = {name: escaped_line(headers[name]) for name in KEPT_HEADERS if name in headers}
    return HttpAnswer(status=int(status[1]), headers=kept)
