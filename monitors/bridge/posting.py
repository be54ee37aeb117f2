"""A POST to a server of others: to an SMS gateway, or to a webhook."""

from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from monitors.text import escaped_line

TIMEOUT_SECONDS = 8.0
LONGEST_ANSWER = 65536
SHOWN = 200


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would come as a GET without its text, and hand on the token."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = build_opener(_NoRedirect)


def post(url: str, body: bytes, headers: dict[str, str], taken: str = "") -> str:
    """Send it; return why it was not taken, or nothing; ``taken``: what the answer then holds."""
    try:
        request = Request(url, body, headers)  # noqa: S310 - http and https only
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            answer = response.read(LONGEST_ANSWER).decode(errors="replace") if taken else ""
            return "" if taken in answer else _unexpected(url, answer)
    except HTTPError as error:
        return f"{url}: {error.code} {error.reason}"
    except (OSError, HTTPException, ValueError) as error:
        return f"{url}: {getattr(error, 'reason', error)}"


def _unexpected(url: str, answer: str) -> str:
    return escaped_line(f"{url}: it answers {answer.strip()[:SHOWN] or 'nothing'}")
