"""A short message by an SMS gateway: one POST a number."""

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from inventory.model.channels import Gateway

TIMEOUT_SECONDS = 8.0


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would come as a GET without its text, and hand on the token."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = build_opener(_NoRedirect)


def send(gateway: Gateway, secret: str | None, number: str, line: str) -> str:
    """Send a line to a number; return why it was not taken, or nothing."""
    try:
        with _opener.open(_request(gateway, secret, number, line), timeout=TIMEOUT_SECONDS):
            return ""
    except HTTPError as error:
        return f"{gateway.url}: {error.code} {error.reason}"
    except (OSError, HTTPException, ValueError) as error:
        return f"{gateway.url}: {getattr(error, 'reason', error)}"


def _request(gateway: Gateway, secret: str | None, number: str, line: str) -> Request:
    fields = {gateway.number: number, gateway.text: line, **gateway.more}
    headers = {"Content-Type": "application/json"}
    if secret and gateway.token_field:
        fields[gateway.token_field] = secret
    elif secret:
        headers["Authorization"] = f"Bearer {secret}"
    body = json.dumps(fields).encode()
    if gateway.form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(fields).encode()
    return Request(gateway.url, body, headers)  # noqa: S310 - http and https only
