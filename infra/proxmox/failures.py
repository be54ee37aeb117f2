"""What Proxmox refuses, said so that an administrator can act on it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from infra.errors import InfraError, failed

# It gives up its own locks after ten seconds, and answers so: nothing was done then.
BUSY = re.compile(r"got timeout|is locked|can't lock|please try again|try again later")
BUSY_STATUS = frozenset({503, 595})  # no worker; no connection to the other node
TAKEN = re.compile(r"already exists|is already used")
GONE = re.compile(r"does not exist|no such (vm|volume|file)")
DENIED = re.compile(r"\((?P<path>/[^,)]*), (?P<rights>[^)]*)\)")


class ApiError(Exception):
    """The API said no; `status` is HTTP's, or 0 when a task failed."""

    def __init__(self, status: int, message: str) -> None:
        """Keep what it answered."""
        super().__init__(message)
        self.status, self.message = status, message

    @property
    def busy(self) -> bool:
        """Whether it did nothing since it is busy: the same again may succeed."""
        return self.status in BUSY_STATUS or bool(BUSY.search(self.message.lower()))

    @property
    def taken(self) -> bool:
        """Whether somebody else took the number first."""
        return bool(TAKEN.search(self.message.lower()))

    @property
    def gone(self) -> bool:
        """Whether what is meant is not there."""
        return bool(GONE.search(self.message.lower()))


# Pieces of messages, and what to do about each.
ADVICE: tuple[tuple[str, str], ...] = (
    ("storage", "compare `storage` and `iso_storage` with: pvesm status"),
    ("bridge", "compare the bridges of `sites` with: ip -br link show type bridge"),
    ("pool", "compare `pool` with: pvesh get /pools"),
    ("detected modified configuration", "somebody else changed it meanwhile: run it again"),
    ("locked", "wait for the backup or migration; if none runs: qm unlock, at its node"),
    ("got timeout", "too much is going on there: run it again"),
)
ELSE = "look at the task in Proxmox's own log, at the bottom of its page"


@contextmanager
def failures_explained(subject: str, url: str) -> Iterator[None]:
    """Raise InfraError for what the API refuses."""
    try:
        yield
    except ApiError as error:
        raise failed(
            subject,
            expected=f"{url} to do this",
            found=f"{error.status or 'a task'}: {error.message}",
            advice=_advice(error),
        ) from None


def explained(url: str, message: str) -> InfraError:
    """Return the error for an API that could not be asked at all."""
    advice = "look whether it is on, and its port reached from here"
    if "certificate" in message.lower():
        advice = "copy /etc/pve/pve-root-ca.pem of the cluster here, and name it with `ca`"
    elif "name or service" in message.lower() or "resolve" in message.lower():
        advice = "correct the name in `url`"
    return failed(f"Proxmox at {url}", expected="an answer", found=message, advice=advice)


def _advice(error: ApiError) -> str:
    if error.status == 401:
        return "make sure that the token exists and has not expired: pveum user token list USER"
    if error.status == 403:
        return _rights(error.message)
    lower = error.message.lower()
    return next((advice for piece, advice in ADVICE if piece in lower), ELSE)


def _rights(message: str) -> str:
    """A token with privilege separation has only what its user has and it was given as well."""
    found = DENIED.search(message)
    path, rights = (found["path"], found["rights"]) if found else ("PATH", "what is missing")
    return (
        f"give token and user the right {rights} there: pveum acl modify {path} --tokens "
        "'USER@REALM!NAME' --roles ROLE (docs/providers.md lists all rights)"
    )
