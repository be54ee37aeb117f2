"""Readings of accounts, groups and passwords, shared by the checks of who may do what."""

import re
from dataclasses import dataclass

from monitors.audit.collect.backends import Host

FIRST_PERSON, NOBODY = 1000, 65534
# What gives no command line, by its place: a program of such a name elsewhere may be anything.
NO_SHELL = re.compile(
    r"(/usr)?/s?bin/(nologin|false|true|sync|halt|shutdown)|/usr/bin/git-shell"
    r"|/usr/lib/(openssh/)?sftp-server|/usr/local/sbin/bastide-vault(-give)?"
)
# Of a password hash only its scheme is printed, and `getent` would print one that has no business
# in /etc/passwd: no hash leaves the host. The first line of SHADOW is the time in seconds.
SHADOW = (
    r"""date +%s; awk -F: -v OFS=: '{ split($2, p, "$"); s = "des"; if ($2 == "") s = "empty"; """
    r"""if ($2 ~ /^[!*]/) s = "locked"; if ($2 ~ /^[$]/) s = p[2] } """
    r"""FILENAME ~ /passwd/ { if ($2 != "x") print $1, "unshadowed" } """
    r"""FILENAME ~ /g(roup|shadow)/ { if ($2 ~ /^[^x!*]/) print $1, "open"; """
    r"""next } FILENAME ~ /shadow/ { print $1, s, $3, $5, $6, $7 }' """
    r"""/etc/passwd /etc/shadow /etc/group $(ls /etc/gshadow 2>/dev/null)"""
)
ACCOUNTS = "{ getent passwd; echo; getent group; } | sed 's/:[^:]*:/::/'"
LOGIN_DEFS, USERADD = "/etc/login.defs", "/etc/default/useradd"
FAILLOCK, QUALITY = "/etc/security/faillock.conf", "/etc/security/pwquality.conf"
# In the order in which libpwquality reads its files: the last value counts.
SETTINGS = f"grep -sHE '^[A-Za-z_]' {LOGIN_DEFS} {USERADD} {FAILLOCK} {QUALITY}.d/*.conf {QUALITY}"
# As a person gets it: what the profile sets, and what of it cannot be taken back.
LOGIN_SHELL = 'bash -l -c \'umask; echo "$TMOUT"; readonly -p | grep -c " TMOUT="\''
LOGIN_KEYS, SUDO_LOG = "/etc/bastide/login_keys", "/var/log/sudo.log"
DAY_SECONDS = 86_400
NEVER_DAYS = 99_999


@dataclass(frozen=True, slots=True)
class Account:
    """A row of the account database."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str

    @property
    def has_shell(self) -> bool:
        """Whether a login gives it a command line."""
        return not NO_SHELL.fullmatch(self.shell)

    @property
    def is_person(self) -> bool:
        """Whether its number is one that people get."""
        return self.uid >= FIRST_PERSON and self.uid != NOBODY


@dataclass(frozen=True, slots=True)
class Group:
    """A row of the group database."""

    name: str
    gid: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Password:
    """An account's password: the scheme of its hash, days since 1970 and days; None: not set."""

    name: str
    scheme: str
    changed: int | None
    oldest: int | None
    warned: int | None
    inactive: int | None

    @property
    def is_usable(self) -> bool:
        """Whether somebody can log in with it."""
        return self.scheme != "locked"

    @property
    def expires(self) -> bool:
        """Whether there is a day after which it, and every key with it, is refused."""
        return self.oldest is not None and 0 <= self.oldest < NEVER_DAYS


@dataclass(frozen=True, slots=True)
class LoginShell:
    """What a login shell is given: its umask, and after how many seconds without a word it ends."""

    umask: int
    timeout: str
    timeout_is_fixed: bool


def accounts(host: Host) -> tuple[Account, ...]:
    """Return every account, those of directories too."""
    rows = [row.split(":") for row in _databases(host)[0].splitlines()]
    return tuple(Account(r[0], int(r[2]), int(r[3]), r[5], r[6]) for r in rows)


def groups(host: Host) -> tuple[Group, ...]:
    """Return every group with the members that it names."""
    rows = [row.split(":") for row in _databases(host)[1].splitlines()]
    return tuple(Group(r[0], int(r[2]), tuple(filter(None, r[3].split(",")))) for r in rows)


def _databases(host: Host) -> tuple[str, str]:
    passwd, _, group = host.check_output(ACCOUNTS).partition("\n\n")
    return passwd, group


def passwords(host: Host) -> tuple[Password, ...]:
    """Return what the shadow file says of every local account, hashes left out."""
    rows = [line.split(":") for line in host.check_output(SHADOW).splitlines()[1:]]
    return tuple(
        Password(r[0], r[1], *(int(d) if d else None for d in r[2:])) for r in rows if len(r) > 2
    )


def unshadowed(host: Host) -> tuple[str, ...]:
    """Return the accounts whose password is in the file that all can read."""
    rows = [line.split(":") for line in host.check_output(SHADOW).splitlines()[1:]]
    return tuple(row[0] for row in rows if row[1] == "unshadowed")


def groups_with_passwords(host: Host) -> tuple[str, ...]:
    """Return the groups that whoever knows a word may join (newgrp(1))."""
    rows = [line.split(":") for line in host.check_output(SHADOW).splitlines()[1:]]
    return tuple(sorted({row[0] for row in rows if row[1] == "open"}))


def today(host: Host) -> int:
    """Return the host's own date in days since 1970, as the shadow file counts."""
    return int(host.check_output(SHADOW).partition("\n")[0]) // DAY_SECONDS


def account_settings(host: Host, file: str) -> dict[str, str]:
    """Return the settings of one of SETTINGS' files and of the files in its own folder `.d`."""
    # Not all of the files are on every host, and grep's exit status says so.
    rows = [line.partition(":") for line in host.run(SETTINGS).stdout.splitlines()]
    mine = [text.replace("=", " ") for path, _, text in rows if path.startswith(file)]
    return {words[0]: words[1] if len(words) > 1 else "" for words in map(str.split, mine)}


def login_shell(host: Host) -> LoginShell:
    """Return what root's login shell is given."""
    # `grep -c` that counts none ends with 1.
    umask, timeout, fixed = host.run(LOGIN_SHELL).stdout.splitlines()
    return LoginShell(int(umask, 8), timeout, fixed != "0")


def within(days: int | None, most: int) -> bool:
    """Whether a number of days is set and at most so many."""
    return days is not None and 0 <= days <= most
