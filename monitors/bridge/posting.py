"""A POST to a server of others: to an SMS gateway, or to a webhook."""

from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT_SECONDS = 8.0


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would come as a GET without its text, and hand on the token."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = build_opener(_NoRedirect)


def post(url: str, body: bytes, headers: dict[str, str]) -> str:
    """Send it; return why it was not taken, or nothing."""
    try:
        request = Request(url, body, headers)  # noqa: S310 - http and https only
        with _opener.open(request, timeout=TIMEOUT_SECONDS):
            return ""
    except HTTPError as error:
        return f"{url}: {error.code} {error.reason}"
    except (OSError, HTTPException, ValueError) as error:
        return f"{url}: {getattr(error, 'reason', error)}"
