"""What roles set is what the rows of the controls ask for: a limit stands in its row."""

import re

import pytest

from monitors.audit.model.controls import load_controls
from tests.playbooks.ansible import ROLES

ACCOUNTS = "accounts/files/tree"
PROGRAM = f"{ACCOUNTS}/usr/local/libexec/bastide/bastide_accounts.py"
# Where a role sets what a row limits: the file and the one place in it, its value as a group.
SET = {
    ("ACC-05", "idle_seconds"): (f"{ACCOUNTS}/etc/profile.d/bastide.sh", r"^ +TMOUT=(\d+)$"),
    ("PWD-03", "characters"): (
        f"{ACCOUNTS}/etc/security/pwquality.conf.d/bastide.conf",
        r"^minlen = (\d+)$",
    ),
    ("PWD-04", "failures"): (f"{ACCOUNTS}/etc/security/faillock.conf", r"^deny = (\d+)$"),
    ("PWD-04", "locked_seconds"): (
        f"{ACCOUNTS}/etc/security/faillock.conf",
        r"^unlock_time = (\d+)$",
    ),
    ("PWD-05", "remembered"): (
        f"{ACCOUNTS}/usr/share/pam-configs/bastide-pwhistory",
        r"remember=(\d+)",
    ),
    ("PWD-06", "oldest_days"): (PROGRAM, r'"PASS_MAX_DAYS": "(\d+)"'),
    ("SSH-03", "tries"): ("ssh/defaults/main.yml", r"^ssh_max_auth_tries: (\d+)$"),
    ("SSH-17", "sessions"): ("ssh/templates/sshd.conf.j2", r"^MaxSessions (\d+)$"),
    ("SSH-17", "startups_from"): ("ssh/templates/sshd.conf.j2", r"^MaxStartups (\d+):"),
    ("SSH-17", "startups_all"): ("ssh/templates/sshd.conf.j2", r"^MaxStartups \d+:\d+:(\d+)$"),
    ("SUDO-06", "minutes"): (PROGRAM, r"timestamp_timeout=(\d+)"),
}
# A role is stricter on purpose: it may set what is below, or above, the limit.
BELOW = {
    ("ACC-06", "inactive_days"): (PROGRAM, r'"INACTIVE": "(\d+)"'),
    ("SSH-09", "login_seconds"): ("ssh/defaults/main.yml", r"^ssh_login_grace_seconds: (\d+)$"),
}
ABOVE = {
    ("PWD-06", "warned_days"): (PROGRAM, r'"PASS_WARN_AGE": "(\d+)"'),
    ("MON-02", "days"): ("monitoring/defaults/main.yml", r"^monitoring_retention_time: (\d+)d$"),
}


def values(file: str, pattern: str) -> set[int]:
    """Return what a role's file sets; a test that finds nothing would prove nothing."""
    matches = re.findall(pattern, (ROLES / file).read_text(), re.MULTILINE)
    assert matches, f"{file}: no {pattern}"
    return {int(value) for value in matches}


@pytest.mark.parametrize("limit", SET, ids="-".join)
def test_a_role_sets_the_limit_of_the_row(limit: tuple[str, str]) -> None:
    control, name = limit
    assert values(*SET[limit]) == {load_controls()[control].limits[name]}


@pytest.mark.parametrize("limit", BELOW, ids="-".join)
def test_a_role_sets_less_than_the_row_allows(limit: tuple[str, str]) -> None:
    control, name = limit
    assert max(values(*BELOW[limit])) <= load_controls()[control].limits[name]


@pytest.mark.parametrize("limit", ABOVE, ids="-".join)
def test_a_role_sets_more_than_the_row_asks_for(limit: tuple[str, str]) -> None:
    control, name = limit
    assert min(values(*ABOVE[limit])) >= load_controls()[control].limits[name]
