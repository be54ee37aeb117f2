"""Readings of accounts, groups, passwords and PAM, shared by the checks of who may do what."""

from collections.abc import Iterable
from dataclasses import dataclass

from monitors.security.backends import Host

FIRST_PERSON, NOBODY = 1000, 65534
SHELLS = frozenset(
    ("sh", "bash", "dash", "rbash", "zsh", "ksh", "mksh", "fish", "tcsh", "csh", "screen", "tmux")
)
# Of a password hash only its scheme is printed: the hash itself never leaves the host.
SHADOW = (
    r"""awk -F: -v OFS=: '{ split($2, p, "$"); s = "des"; if ($2 == "") s = "empty"; """
    r"""if ($2 ~ /^[!*]/) s = "locked"; if ($2 ~ /^[$]/) s = p[2]; """
    r"""print $1, s, $3, $4, $5, $6, $7 }' /etc/shadow"""
)
LOGIN_DEFS = "grep -hE '^[A-Z_]+[[:space:]]' /etc/login.defs"
# No colon after the file's name: `common-password:` looks like a secret to the collector.
PAM_LINES = "awk '!/^[[:space:]]*(#|$)/ { print FILENAME, $0 }' /etc/pam.d/*"
TODAY = "date +%s"
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
        return self.shell == "" or self.shell.rpartition("/")[2] in SHELLS

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
    youngest: int | None
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


def accounts(host: Host) -> tuple[Account, ...]:
    """Return every account, those of directories too."""
    rows = [line.split(":") for line in host.check_output("getent passwd").splitlines()]
    return tuple(Account(r[0], int(r[2]), int(r[3]), r[5], r[6]) for r in rows)


def groups(host: Host) -> tuple[Group, ...]:
    """Return every group with the members that it names."""
    rows = [line.split(":") for line in host.check_output("getent group").splitlines()]
    return tuple(Group(r[0], int(r[2]), tuple(filter(None, r[3].split(",")))) for r in rows)


def passwords(host: Host) -> tuple[Password, ...]:
    """Return what the shadow file says of every local account, hashes left out."""
    rows = [line.split(":") for line in host.check_output(SHADOW).splitlines()]
    return tuple(Password(r[0], r[1], *(int(d) if d else None for d in r[2:7])) for r in rows)


def login_defs(host: Host) -> dict[str, str]:
    """Return the defaults of new accounts."""
    return dict(line.split(None, 1) for line in host.check_output(LOGIN_DEFS).splitlines())


def today(host: Host) -> int:
    """Return the host's own date in days since 1970, as the shadow file counts."""
    return int(host.check_output(TODAY)) // DAY_SECONDS


def pam_stack(host: Host, service: str, kind: str) -> tuple[str, ...]:
    """Return a service's PAM lines of a kind (auth, password …), included files in place."""
    rows = [line.partition(" ") for line in host.check_output(PAM_LINES).splitlines()]
    by_file: dict[str, list[str]] = {}
    for path, _, line in rows:
        by_file.setdefault(path.rpartition("/")[2], []).append(line.strip())
    return tuple(_stack(by_file, service, kind, ()))


def _stack(
    by_file: dict[str, list[str]], name: str, kind: str, within: tuple[str, ...]
) -> list[str]:
    found = []
    for line in by_file.get(name, []) if name not in within else []:
        words = line.split()
        if words[0] == "@include":
            found += _stack(by_file, words[1], kind, (*within, name))
        elif words[0].lstrip("-") == kind and words[1:2] in (["include"], ["substack"]):
            found += _stack(by_file, words[2], kind, (*within, name))
        elif words[0].lstrip("-") == kind:
            found.append(line)
    return found


def within(days: int | None, most: int) -> bool:
    """Whether a number of days is set and at most so many."""
    return days is not None and 0 <= days <= most


def pam_options(lines: Iterable[str]) -> dict[str, str]:
    """Return the `name=value` options of PAM lines."""
    words = (word.partition("=") for line in lines for word in line.split() if "=" in word)
    return {name: value for name, _, value in words if not name.startswith("[")}
