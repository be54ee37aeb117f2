"""Why a host could not be logged in to, or a command not be run there, as a value."""

from dataclasses import dataclass
from enum import StrEnum

from monitors.text import escaped_line


class Kind(StrEnum):
    """What went wrong, one word for each thing that has its own remedy."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    NO_SSH = "no-ssh"
    HOST_KEY_UNKNOWN = "host-key-unknown"
    HOST_KEY_CHANGED = "host-key-changed"
    KEY_UNUSABLE = "key-unusable"
    LOGIN_REFUSED = "login-refused"
    LOGIN_INCOMPLETE = "login-incomplete"
    FORWARDING_REFUSED = "forwarding-refused"
    NO_SHELL = "no-shell"
    NOT_ROOT = "not-root"
    SUDO_MISSING = "sudo-missing"
    SUDO_REFUSED = "sudo-refused"
    SUDO_ASKS = "sudo-asks"
    SUDO_PASSWORD = "sudo-password"  # noqa: S105 (a kind of failure)
    SECRET = "secret"  # noqa: S105
    CUT_OFF = "cut-off"


@dataclass(frozen=True, slots=True)
class SshFailure:
    """What failed on the way to a host.

    `name` is where: the host's name, or that of a jump host before it. `problem` is one line that
    is safe to show: what was expected, what was found, what to do. `shown_key` is the host key that
    the server proved to hold, `offered_key` the public half of the key that it was offered, each as
    a line of OpenSSH, where there was one.
    """

    kind: Kind
    name: str
    problem: str
    shown_key: str | None = None
    offered_key: str | None = None


class SshError(Exception):
    """A failure on its way up to where it becomes a value."""

    def __init__(
        self,
        kind: Kind,
        name: str,
        problem: str,
        shown_key: str | None = None,
        offered_key: str | None = None,
    ) -> None:
        """Take what the failure says; texts of the server are made safe to show here."""
        super().__init__(problem)
        line = escaped_line(problem)
        self.failure = SshFailure(kind, name, line, shown_key, offered_key)
