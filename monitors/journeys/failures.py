"""Why a journey ends before its end, in kinds that are few enough for a label."""

from enum import StrEnum


class Failure(StrEnum):
    """What was wrong, for the label `reason`."""

    SERVER = "server"  # leads to a server that it may not go to, or out of TLS
    CONNECTION = "connection"
    TLS = "tls"
    ANSWER = "answer"  # no HTTP, or a redirect without end
    STATUS = "status"
    SIZE = "size"
    TIME = "time"
    TEXT = "text"  # the page does not show what it must
    LINK = "link"
    FORM = "form"
    SECRET = "secret"  # noqa: S105 - a kind of failure


class JourneyError(Exception):
    """A step that cannot be done, with its kind and the reason in words; no secret is in them."""

    def __init__(self, failure: Failure, reason: str) -> None:
        """Keep both."""
        self.failure, self.reason = failure, reason
        super().__init__(reason)
