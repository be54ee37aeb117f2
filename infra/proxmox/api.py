"""The API of Proxmox VE: requests, what it answers when it is busy, and tasks that take long.

https://pve.proxmox.com/wiki/Proxmox_VE_API
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from infra.errors import failed
from infra.proxmox.failures import ApiError, explained

Params = Mapping[str, str | int]

ROOT = "/api2/json"
TOKEN = r"^[^\s@!=]+@[A-Za-z0-9.-]+![A-Za-z0-9._-]+=\S+$"  # noqa: S105 - a form
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 120.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 3.0
# A lock of its own is given up by Proxmox after ten seconds; many clones at once need several.
BUSY_SECONDS = 120.0
TASK_SECONDS = 3600.0
WARNINGS = "WARNINGS"


@dataclass(frozen=True, slots=True)
class Api:
    """One cluster, by any of its nodes; `ca_file` is its authority where no public one signed."""

    url: str
    token_file: str
    ca_file: str | None = None

    def get(self, path: str, **params: str | int) -> Any:
        """Return what is at a path; ApiError when it says no."""
        return self._patiently("GET", path, params)

    def post(self, path: str, **params: str | int) -> Any:
        """Do something; its result, or a task's UPID, which `finish` waits for."""
        return self._patiently("POST", path, params)

    def put(self, path: str, **params: str | int) -> Any:
        """Change something."""
        return self._patiently("PUT", path, params)

    def delete(self, path: str, **params: str | int) -> Any:
        """Remove something."""
        return self._patiently("DELETE", path, params)

    def upload(self, path: str, name: str, data: bytes, kind: str) -> Any:
        """Send a file; what it is comes before it, or Proxmox does not know where to put it."""
        return self._ask("POST", path, files={"content": (None, kind), "filename": (name, data)})

    def finish(self, upid: object, subject: str) -> None:
        """Wait for a task; ApiError with its own words when it fails. Anything else is done."""
        if not isinstance(upid, str) or not upid.startswith("UPID:"):
            return
        path = f"/nodes/{upid.split(':')[1]}/tasks/{quote(upid, safe='')}/status"
        deadline, pause = time.monotonic() + TASK_SECONDS, FIRST_PAUSE_SECONDS
        while (status := self.get(path))["status"] == "running":
            if time.monotonic() > deadline:
                raise ApiError(0, f"{subject}: not done after {TASK_SECONDS:g} s (task {upid})")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        result = str(status.get("exitstatus", "no result"))
        if result != "OK" and not result.startswith(WARNINGS):
            raise ApiError(0, f"{subject}: {result} (task {upid})")

    def _patiently(self, method: str, path: str, params: Params) -> Any:
        """Ask again while it is busy: then it has done nothing of what was asked."""
        deadline, pause = time.monotonic() + BUSY_SECONDS, FIRST_PAUSE_SECONDS
        where = "params" if method in ("GET", "DELETE") else "data"
        while True:
            try:
                return self._ask(method, path, **{where: dict(params)})
            except ApiError as error:
                if not error.busy or time.monotonic() > deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)

    def _ask(self, method: str, path: str, **details: Any) -> Any:
        address = f"{self.url.rstrip('/')}{ROOT}{path}"
        with requests.Session() as session:
            session.trust_env = False  # a .netrc would replace the token
            try:
                answer = session.request(
                    method,
                    address,
                    headers={"Authorization": f"PVEAPIToken={self._token()}"},
                    timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                    verify=self.ca_file or True,
                    allow_redirects=False,
                    **details,
                )
            except (requests.RequestException, OSError) as error:
                raise explained(self.url, str(error)) from None
        return _data(answer)

    def _token(self) -> str:
        """Return the token; InfraError, without a word of it, when the file has none."""
        try:
            token = Path(self.token_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise failed(
                f"token of {self.url}",
                expected=f"a file {self.token_file}",
                found=str(error.strerror),
                advice="write user@realm!name=UUID into it, mode 0600 "
                "(pveum user token add shows the UUID once)",
            ) from None
        if not re.match(TOKEN, token):
            raise failed(
                f"token of {self.url} in {self.token_file}",
                expected="one line user@realm!name=UUID",
                found="something else (not shown)",
                advice="write it anew: pveum user token add shows the UUID once",
            )
        return token


def _data(answer: requests.Response) -> Any:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if answer.ok and isinstance(body, dict) and "data" in body:
        return body["data"]
    said = body if isinstance(body, dict) else {}
    wrong = [f"{key}: {str(value).strip()}" for key, value in (said.get("errors") or {}).items()]
    words = str(said.get("message") or answer.reason or "no reason").strip()
    raise ApiError(answer.status_code, "; ".join([words, *wrong]))
