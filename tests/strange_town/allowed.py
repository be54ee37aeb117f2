"""What may differ between two pictures of a host on which nothing was changed, each with why."""

import re
from dataclasses import dataclass

from tests.strange_town.picture import Difference, Picture, differences

LOG = frozenset({"size", "modified", "changed", "content"})
FOLDER = frozenset({"size", "modified", "changed"})
RAN = frozenset({"active", "sub", "invocation"})


@dataclass(frozen=True, slots=True)
class Allowance:
    """Things of a subject that may differ in some fields.

    `comes`: they may also be there in one of the pictures only.
    """

    subject: str
    pattern: str
    fields: frozenset[str]
    reason: str
    comes: bool = False


# What sshd, PAM and sudo write by themselves when somebody logs in and uses sudo.
LOGIN = (
    Allowance("file", "/var/log/(wtmp|btmp|lastlog)", LOG, "PAM and sshd: records of logins"),
    Allowance("file", "/var/log/journal/.+", LOG, "journald: the log of logins", comes=True),
    Allowance("file", "/var/lib/sudo/lectured", FOLDER, "sudo: whom it has lectured"),
)


def unexplained(before: Picture, after: Picture) -> tuple[Difference, ...]:
    """Return what differs between two pictures and has no allowance."""
    return tuple(found for found in differences(before, after) if reason(found) is None)


def reason(difference: Difference) -> str | None:
    """Return why a difference is nobody's change, or None."""
    for allowance in LOGIN:
        if _covers(allowance, difference):
            return allowance.reason
    return None


def _covers(allowance: Allowance, difference: Difference) -> bool:
    if allowance.subject != difference.subject:
        return False
    if not re.fullmatch(allowance.pattern, difference.name):
        return False
    if not difference.fields:
        return allowance.comes
    return difference.fields <= allowance.fields
