"""Requests to Prometheus' and Alertmanager's APIs: TLS by the estate's authority, and the login."""

import json
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from inventory.web_login import USER, authority_file, password_file

TIMEOUT_SECONDS = 5.0
LONGEST_ANSWER = 64 << 20


class Asked(Protocol):
    """An API, however it is reached."""

    def read(self, path: str, posted: bytes | None = None, method: str | None = None) -> bytes:
        """Return the answer's body; ApiError says what was wrong."""


class ApiError(Exception):
    """The API did not answer, or not with what it is documented to answer."""


@dataclass(frozen=True, slots=True)
class WebApi:
    """Where an API is, such as https://10.77.0.10:9090, and what it is asked with.

    `authority`: the file of the certificate that its own must be signed by.
    """

    base: str
    authority: Path | None = None
    password: str = field(default="", repr=False)

    def read(self, path: str, posted: bytes | None = None, method: str | None = None) -> bytes:
        """Return the answer's body; ApiError names the address and what was wrong."""
        url = f"{self.base}{path}"
        headers = {"Content-Type": "application/json", **self._login()}
        request = Request(url, posted, headers, method=method)  # noqa: S310 - http(s) only
        address = url.split("?")[0]
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS, context=self._trust()) as answer:  # noqa: S310 - http(s) only
                return bytes(answer.read(LONGEST_ANSWER))
        except HTTPError as error:
            said = error.read(1000).decode(errors="replace").strip()
            raise ApiError(f"{address}: {error.code} {said}".rstrip()) from None
        except (OSError, ValueError) as error:
            raise ApiError(f"{address}: {getattr(error, 'reason', error)}") from None

    def json(self, path: str, posted: Any = None, method: str | None = None) -> Any:
        """Return the answer read as JSON, None when it is empty; raises as `read` does."""
        text = self.read(path, None if posted is None else json.dumps(posted).encode(), method)
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise ApiError(f"{self.base}{path.split('?')[0]}: {error}") from None

    def _login(self) -> dict[str, str]:
        if not self.password:
            return {}
        both = b64encode(f"{USER}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {both}"}

    def _trust(self) -> ssl.SSLContext | None:
        if not self.authority:
            return None
        return ssl.create_default_context(cafile=self.authority)


def web_api(base: str, state: Path) -> WebApi:
    """Return an API with the login of an estate's state; ApiError when there is none."""
    authority, password = authority_file(state), password_file(state)
    try:
        return WebApi(base, authority, password.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise ApiError(
            f"{base}: no login for it: {password}: {error.strerror}; `bastide up` makes one"
        ) from None
