"""Accounts and passwords as a host's own files and commands write them."""

from typing import Any

import pytest

from monitors.audit.collect.backends import Host, answering_host, recording
from monitors.audit.facts.accounts import (
    FAILLOCK,
    LOGIN_DEFS,
    QUALITY,
    Account,
    Group,
    LoginShell,
    Password,
    account_settings,
    accounts,
    groups,
    groups_with_passwords,
    login_shell,
    passwords,
    today,
    unshadowed,
    within,
)
from monitors.collection.bundle import Answer


def answering(text: str) -> Host:
    host, _ = answering_host("any", recording(Answer(0, text)))
    return host


def account(**changed: Any) -> Account:
    row = {"name": "ana", "uid": 1001, "gid": 1001, "home": "/home/ana", "shell": "/bin/sh"}
    return Account(**{**row, **changed})


def password(**changed: Any) -> Password:
    row = {"name": "ana", "scheme": "y", "changed": 20000, "oldest": 365}
    return Password(**{**row, "warned": 14, "inactive": 30, **changed})


@pytest.mark.parametrize(
    "shell",
    [
        "",  # login(1) takes /bin/sh
        # What Debian's packages of shells add to /etc/shells.
        *("/bin/sh", "/bin/bash", "/bin/rbash", "/usr/bin/dash", "/usr/bin/zsh", "/bin/ksh"),
        *("/bin/mksh", "/usr/bin/fish", "/bin/tcsh", "/bin/csh", "/usr/bin/screen"),
        *("/usr/bin/tmux", "sh"),
    ],
)
def test_every_shell_of_debian_gives_a_command_line(shell: str) -> None:
    assert account(shell=shell).has_shell


@pytest.mark.parametrize("shell", ["/srv/nologin", "/usr/bin/python3", "/opt/x", "/bin/nologin "])
def test_whatever_is_not_known_to_refuse_gives_one(shell: str) -> None:
    assert account(shell=shell).has_shell


def test_a_group_with_a_password_is_open() -> None:
    said = "1795305600\nana:unshadowed\nroot:y:20778:365:14:\nsudo:open\nsudo:open\n"
    assert groups_with_passwords(answering(said)) == ("sudo",)
    assert [one.name for one in passwords(answering(said))] == ["root"]


@pytest.mark.parametrize("shell", ["/usr/sbin/nologin", "/bin/false", "/usr/lib/sftp-server"])
def test_what_refuses_or_only_copies_files_is_no_shell(shell: str) -> None:
    assert not account(shell=shell).has_shell


@pytest.mark.parametrize(
    ("uid", "is_person"),
    [(0, False), (999, False), (1000, True), (65533, True), (65534, False), (65535, True)],
)
def test_people_have_numbers_from_1000_and_nobody_is_no_person(uid: int, is_person: bool) -> None:
    assert account(uid=uid).is_person is is_person


@pytest.mark.parametrize(
    ("oldest", "expires"),
    [(None, False), (-1, False), (0, True), (99_998, True), (99_999, False)],
)
def test_a_password_without_end_is_written_in_three_ways(oldest: int | None, expires: bool) -> None:
    assert password(oldest=oldest).expires is expires


@pytest.mark.parametrize(
    ("scheme", "is_usable"), [("y", True), ("des", True), ("empty", True), ("locked", False)]
)
def test_only_a_locked_password_opens_nothing(scheme: str, is_usable: bool) -> None:
    assert password(scheme=scheme).is_usable is is_usable


def test_accounts_and_groups_come_from_one_answer() -> None:
    host = answering(
        "root::0:0:root:/root:/bin/bash\nana::1001:1002:Ana, clerk:/home/ana:\n\n"
        "sudo::27:ana,petar\nana::1002:\n"
    )
    assert accounts(host) == (
        Account("root", 0, 0, "/root", "/bin/bash"),
        Account("ana", 1001, 1002, "/home/ana", ""),
    )
    assert groups(host) == (Group("sudo", 27, ("ana", "petar")), Group("ana", 1002, ()))


def test_of_a_password_its_scheme_and_ages_are_read_and_the_hosts_own_day() -> None:
    host = answering("1795305599\nroot:y:20778:365:14:30\nana:locked::::\nold:unshadowed\n")
    assert passwords(host) == (
        Password("root", "y", 20778, 365, 14, 30),
        Password("ana", "locked", None, None, None, None),
    )
    assert unshadowed(host) == ("old",)
    assert today(host) == 20778


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (LOGIN_DEFS, {"UMASK": "027", "ENCRYPT_METHOD": "YESCRYPT"}),
        (QUALITY, {"minlen": "15", "enforcing": "1"}),
        (FAILLOCK, {"deny": "5", "audit": ""}),
    ],
)
def test_settings_are_read_with_or_without_a_sign_and_the_last_value_counts(
    file: str, expected: dict[str, str]
) -> None:
    host = answering(
        f"{LOGIN_DEFS}:UMASK\t\t027\n{LOGIN_DEFS}:ENCRYPT_METHOD YESCRYPT\n"
        f"{FAILLOCK}:deny = 5\n{FAILLOCK}:audit\n"
        f"{QUALITY}.d/50-site.conf:minlen=8\n{QUALITY}.d/50-site.conf:enforcing=1\n"
        f"{QUALITY}:minlen = 15\n"
    )
    assert account_settings(host, file) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0027\n900\n1\n", LoginShell(0o027, "900", timeout_is_fixed=True)),
        ("0022\n\n0\n", LoginShell(0o022, "", timeout_is_fixed=False)),
    ],
)
def test_a_login_shell_has_a_umask_and_a_timeout(text: str, expected: LoginShell) -> None:
    assert login_shell(answering(text)) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(None, False), (-1, False), (0, True), (30, True), (31, False)],
)
def test_a_number_of_days_that_is_not_set_is_within_nothing(
    days: int | None, expected: bool
) -> None:
    assert within(days, 30) is expected
