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

    `comes`: they may also be there in one of the pictures only. `for_new`: they may differ only
    when a file whose name matches it has come into them, so that nothing was there for a while.
    """

    subject: str
    pattern: str
    fields: frozenset[str]
    reason: str
    comes: bool = False
    for_new: str = ""


# What sshd, PAM, logind and sudo write by themselves when somebody logs in and uses sudo.
LOGIN = (
    Allowance("file", "/var/log/(wtmp|btmp|lastlog)", LOG, "PAM and sshd: records of logins"),
    # The outside look asks which logins are offered. The first refusal goes into a file of the
    # image, which is copied up.
    Allowance("file", "/var/log", frozenset({"changed"}), "sshd: btmp was written first"),
    Allowance("file", "/var/lib/lastlog/.+", LOG, "PAM of Debian 13: the last login", comes=True),
    Allowance("file", "/var/log/journal/.+", LOG, "journald: the log of logins", comes=True),
    Allowance("file", "/var/lib/sudo/lectured", FOLDER, "sudo: whom it has lectured", for_new=".+"),
    Allowance("file", "/var/lib/sudo/lectured/.+", LOG, "sudo: whom it has lectured", comes=True),
    Allowance(
        "file",
        "/home/[^/]+/.sudo_as_admin_successful",
        LOG,
        "sudo: its note of a first use by a member of the group sudo",
        comes=True,
    ),
    Allowance(
        "file",
        "/home/[^/]+",
        FOLDER,
        "the folder of that note",
        for_new=".sudo_as_admin_successful",
    ),
    Allowance(
        "unit",
        r"session-c?\d+\.scope|user@\d+\.service|user-runtime-dir@\d+\.service|user-\d+\.slice"
        r"|run-user-\d+\.mount|user\.slice",
        RAN,
        "logind: a session lasts some seconds longer than its login",
        comes=True,
    ),
)
# What a host writes while nobody but its own users asks its services.
OWN = (
    Allowance(
        "unit",
        r"systemd-tmpfiles-clean\.(timer|service)",
        RAN,
        "systemd: it runs a quarter of an hour after the boot",
    ),
    Allowance(
        "file",
        "/var/lib/fail2ban/fail2ban.sqlite3",
        LOG,
        "fail2ban: how far it has read the log of logins",
    ),
    Allowance("file", "/var/log/nginx/access.log", LOG, "nginx: the log of requests"),
    Allowance("file", "/var/log/postgresql/.+", LOG, "PostgreSQL: its log"),
    Allowance(
        "file",
        r"/var/lib/postgresql/\d+/main"
        r"(/global(/pg_control|/pg_internal\.init)?|/pg_(wal|logical|multixact|subtrans|xact)(/.+)?)?",
        LOG,
        "PostgreSQL: a checkpoint, its cache of catalogues; not its tables",
        comes=True,
    ),
    Allowance(
        "file",
        r"/var/lib/postgresql/\d+/main/base/[145](/.+)?",
        LOG,
        "PostgreSQL: autovacuum of its own databases (template1, template0, postgres)",
        comes=True,
    ),
    Allowance("file", "/var/log/samba/.+", LOG, "Samba: its log"),
    Allowance(
        "file",
        "/var/cache/samba(/.+)?",
        LOG,
        "Samba: counters, and the list of neighbours, which nmbd writes anew every few minutes",
        comes=True,
    ),
)


def unexplained(before: Picture, after: Picture) -> tuple[Difference, ...]:
    """Return what differs between two pictures and has no allowance."""
    return tuple(found for found, why in explained(before, after) if why is None)


def explained(before: Picture, after: Picture) -> tuple[tuple[Difference, str | None], ...]:
    """Return all that differs, each with the reason why it may, or None."""
    found = differences(before, after)
    return tuple((difference, _reason(difference, found)) for difference in found)


def _reason(difference: Difference, found: tuple[Difference, ...]) -> str | None:
    for allowance in (*LOGIN, *OWN):
        if _covers(allowance, difference) and _has_new(allowance, difference, found):
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


def _has_new(allowance: Allowance, difference: Difference, found: tuple[Difference, ...]) -> bool:
    if not allowance.for_new:
        return True
    pattern = f"{re.escape(difference.name)}/{allowance.for_new}"
    return any(other.before is None and re.fullmatch(pattern, other.name) for other in found)
