"""Accounts: who there is, what their sessions are, and which keys open them."""
# ruff: noqa: S101

import re
from collections import Counter
from collections.abc import Callable

import pytest

from inventory.logins import AUDITOR
from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.accounts import (
    FIRST_PERSON,
    LOGIN_DEFS,
    LOGIN_KEYS,
    USERADD,
    account_settings,
    accounts,
    groups,
    login_shell,
    passwords,
    today,
    within,
)
from monitors.audit.facts.sshd import Setting, sshd_lines
from monitors.audit.facts.sshd_settings import is_allowed
from monitors.audit.facts.system import (
    PLAIN,
    WATCHED_FILES,
    ask,
    config_lines,
    files,
    loose_files,
    unit_state,
)
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared
from monitors.text import escaped_line

STRICT_UMASK = 0o027
# As good as root: each lets its members read or write what is root's.
# In these a declared administrator may be: by sudo they may do as much, and it is written down.
ADMINISTRATORS = ("sudo", "admin", "wheel", "lpadmin")
POWERFUL = (
    *("root", "sudo", "shadow", "disk", "kmem", "docker", "lxd", "incus-admin", "libvirt"),
    *("admin", "wheel", "lpadmin", "incus", "podman", "microk8s"),
)
# Who may write to one of these has containers started that are root on the host.
SOCKETS = tuple(path for path in WATCHED_FILES if path.endswith((".sock", ".socket")))
# What pam_group and pam_cap give to whom, at each login.
AT_LOGIN, CAPABLE = "/etc/security/group.conf", "/etc/security/capability.conf"
NOT_INSTALLED = 127  # of a shell's command (POSIX, 2.8.2)
NO_LAST_LOGINS = (
    "the host keeps no record of last logins (neither lastlog nor lastlog2); Debian 13 has the "
    "packages lastlog2 and libpam-lastlog2; all else of this control is well"
)
PRIVATE_KEYS = "grep -lsE 'BEGIN .*PRIVATE[ ]KEY' /root/.ssh/* /home/*/.ssh/*"
# What sshd runs for the auditor's key, whatever is asked; a line without it is another account's.
FORCED = (
    r"restrict,command=\"/usr/bin/sudo --non-interactive "
    r"/usr/local/libexec/bastide/bastide-collector\" "
)
# Of every key its fingerprint and the account or file that it is in; `given`: by a playbook.
# Whatever looks like a key counts, within options too: nothing can stand before it to hide it, and
# no sign in it that sshd passes over.
FINGERPRINTS = (
    r"""{ getent passwd | awk -F: -v OFS='\t' """
    r"""'{ f = $6 "/.ssh/authorized_keys"; print $1, f; print $1, f "2" }'; """
    r"""for f in /etc/ssh/*keys; do printf '%s\t%s\n' "$f" "$f"; done; """
    rf"""printf 'given\t{LOGIN_KEYS}\n'; }} | awk -F'\t' '{{ """
    r"""while ((getline line < $2) > 0) { if (line ~ /^[ \t]*#/) continue; """
    r"""gsub(/[^ \t!-~]/, "", line); n = split(line, w, /[ \t"]+/); """
    rf"""whose = $1; if ($1 == "{AUDITOR}" && index(line, "{FORCED}") != 1) """
    r"""whose = $1 ":any-command"; for (i = 1; i < n; i++) if (w[i + 1] ~ /^AAAA/) """
    r"""print w[i], w[i + 1], whose, w[i + 2] } """
    r"""close($2) }' | ssh-keygen -l -f -"""
)


def test_acc_01_one_root(host: Host) -> None:
    """Root is the only account with user id 0."""
    zero = [account.name for account in accounts(host) if account.uid == 0]
    assert zero == ["root"], f"accounts with user id 0: {', '.join(zero)}"


def test_acc_02_unique(host: Host) -> None:
    """No two accounts or groups share a name or a number, and every account's group exists."""
    people, group_rows = accounts(host), groups(host)
    asked: dict[str, list[str]] = {
        "account name": [account.name for account in people],
        "user id": [str(account.uid) for account in people],
        "group name": [group.name for group in group_rows],
        "group id": [str(group.gid) for group in group_rows],
    }
    for what, values in asked.items():
        twice = [value for value, count in Counter(values).items() if count > 1]
        assert not twice, f"{what} used more than once: {', '.join(twice)}"
    orphans = [a.name for a in people if str(a.gid) not in asked["group id"]]
    assert not orphans, f"group does not exist of: {', '.join(orphans)}"


def test_acc_03_system_accounts(host: Host, declared: Declared) -> None:
    """A service's account has neither login shell nor password, unless declared to log in."""
    expected = {"root", *(login.account for login in declared.logins)}
    services = [a for a in accounts(host) if not a.is_person and a.name not in expected]
    open_to = {password.name for password in passwords(host) if password.is_usable}
    shells = [f"{a.name}: {a.shell}" for a in services if a.has_shell]
    unlocked = [a.name for a in services if a.name in open_to]
    assert not shells, f"service with a login shell: {', '.join(shells)}"
    assert not unlocked, f"service with a password: {', '.join(unlocked)}"


def test_acc_04_umask(host: Host) -> None:
    """A login shell takes write access from the group and all access from others."""
    homes, umask = account_settings(host, LOGIN_DEFS).get("UMASK", "022"), login_shell(host).umask
    assert umask & STRICT_UMASK == STRICT_UMASK, f"umask is {umask:03o}, expected 027 or stricter"
    assert int(homes, 8) & STRICT_UMASK == STRICT_UMASK, (
        f"UMASK of /etc/login.defs is {homes}, expected 027 or stricter"
    )


def test_acc_05_idle_shells(host: Host, limits: Limits) -> None:
    """A login shell that waits too long for a command ends, and its user cannot change that."""
    shell = login_shell(host)
    assert shell.timeout.isdecimal(), "TMOUT is not set in login shells"
    assert 0 < int(shell.timeout) <= limits["idle_seconds"], (
        f"TMOUT is {shell.timeout}, expected 1 to {limits['idle_seconds']} seconds"
    )
    assert shell.timeout_is_fixed, "TMOUT is not readonly"


def test_acc_06_forgotten_accounts(host: Host, limits: Limits) -> None:
    """Accounts that nobody uses any more are closed."""
    unused, open_for = limits["unused_days"], limits["inactive_days"]
    is_idle = _idle_accounts(host, unused)
    default = account_settings(host, USERADD).get("INACTIVE", "-1")
    people = {account.name for account in accounts(host) if account.is_person and account.has_shell}
    hashes, now = passwords(host), today(host)
    new = {p.name for p in hashes if p.changed is not None and now - p.changed < unused}
    stale = sorted(name for name in people - new if is_idle and is_idle(name))
    endless = [p.name for p in hashes if p.is_usable and not within(p.inactive, open_for)]
    assert not stale, f"not logged in for {unused} days: {', '.join(stale)}"
    assert not endless, f"stays open after its password has expired: {', '.join(endless)}"
    assert within(int(default), open_for), (
        f"INACTIVE of new accounts is {default}, expected 0 to {open_for} days"
    )
    if is_idle is None:
        pytest.skip(NO_LAST_LOGINS)


def _idle_accounts(host: Host, days: int) -> Callable[[str], bool] | None:
    """Return who has not logged in for so many days; None where the host keeps no such record."""
    old = host.run(f"lastlog -b {days} -u {FIRST_PERSON}-60000")
    if old.rc == 0:
        return _first_words(old.stdout).__contains__
    # Debian 13 has lastlog2 in its place, if anything; it knows only those who have logged in.
    recent = host.run(f"lastlog2 -t {days}")
    if recent.rc == 0:
        active = _first_words(recent.stdout)
        return lambda name: name not in active
    if (old.rc, recent.rc) == (NOT_INSTALLED, NOT_INSTALLED):
        return None
    said = escaped_line((recent.stderr or old.stderr).strip())
    raise UndeterminedError(f"neither lastlog nor lastlog2 tells who has logged in: {said}")


def _first_words(table: str) -> frozenset[str]:
    """Return the first word of every line below the heading."""
    return frozenset(line.split()[0] for line in table.splitlines()[1:] if line.split())


def test_acc_07_keys(host: Host, declared: Declared) -> None:
    """Every key that opens an account is one that the playbook's run gave to that account."""
    lines, listing = sshd_lines(host), files(host, LOGIN_KEYS)
    # Bits, fingerprint, then the comment: account or file, and what stood behind the key.
    rows = [row.split() for row in host.run(FINGERPRINTS).stdout.splitlines()]
    loose = loose_files(listing, 0o644)
    given = {(row[3], row[1]) for row in rows if row[2] == "given"}
    accepted = {(_user(lines, row[2]), row[1]) for row in rows if row[2] != "given"}
    elsewhere = sorted({line.value for line in lines if not _is_searched(line)})
    assert given, f"{LOGIN_KEYS} is absent or empty: run `bastide playbook run harden`"
    assert not loose, "; ".join(loose)
    assert not elsewhere, f"keys are read from elsewhere too: {', '.join(elsewhere)}"
    unknown = sorted(f"{account}: {key}" for account, key in accepted - given)
    assert not unknown, f"key that no playbook gave: {'; '.join(unknown)}"
    expected = {login.account: len(login.keys + login.lines) for login in declared.logins}
    many = Counter(account for account, _ in accepted)
    extra = [f"{account}: {n}" for account, n in many.items() if n > expected.get(account, 0)]
    assert not extra, f"more keys than the inventory declares: {', '.join(extra)}"


def _is_searched(line: Setting) -> bool:
    """Whether a line names no file of keys but those whose keys are looked at here."""
    places = line.value.split() if line.setting == "authorizedkeysfile" else ()
    return all(is_allowed("authorizedkeysfile", place) for place in places)


def _user(lines: tuple[Setting, ...], file: str) -> str:
    """Return whose Match block names a file of keys; the file itself when none does."""
    named = (line.match.split() for line in lines if line.value == file and line.match)
    return next((words[1] for words in named if words[0].lower() == "user"), file)


def test_acc_08_declared_people(host: Host, declared: Declared) -> None:
    """Every account of a person is one that the inventory declares."""
    people = {account.name for account in accounts(host) if account.is_person and account.has_shell}
    unknown = sorted(people - {login.account for login in declared.logins})
    assert not unknown, f"not in the inventory: {', '.join(unknown)}"


def test_acc_09_no_private_keys(host: Host) -> None:
    """No home holds a private key that opens something elsewhere."""
    keys = host.run(PRIVATE_KEYS).stdout.split()
    assert not keys, f"private keys: {', '.join(keys)}"


def test_acc_10_rescue(host: Host) -> None:
    """Rescue mode asks for root's password, or stays shut where root has none."""
    root = [password for password in passwords(host) if password.name == "root"]
    modes = [unit_state(host, unit) for unit in ("rescue.service", "emergency.service")]
    starts = [line for mode in modes for line in mode.get("ExecStart", "").splitlines()]
    units = [mode.get("Environment", "") + mode.get("ExecStart", "") for mode in modes]
    assert root, "root is not in the shadow file"
    assert root[0].scheme != "empty", "root has an empty password"
    assert starts, "there is neither rescue nor emergency mode"
    assert all("sulogin" in line for line in starts), "rescue mode does not start sulogin"
    forced = any("SYSTEMD_SULOGIN_FORCE=1" in text for text in units)
    assert not forced, "rescue mode opens a shell without a password"


def test_acc_11_powerful_groups(host: Host, declared: Declared) -> None:
    """Nobody but root is in a group that is as good as root; declared administrators use sudo."""
    ask(host, PLAIN)
    people, group_rows = accounts(host), groups(host)
    given = [line for line in config_lines(host, AT_LOGIN) if _gives_power(line)]
    capable = [line for line in config_lines(host, CAPABLE) if line.split()[0] != "none"]
    powerful = [group for group in group_rows if group.name in POWERFUL or group.gid == 0]
    members = {(name, group.name) for group in powerful for name in group.members}
    members |= {(a.name, group.name) for a in people for group in powerful if a.gid == group.gid}
    people_in = {login.account for login in declared.logins if login.may_become_root}
    allowed = {(account, group) for account in people_in for group in ADMINISTRATORS}
    powerful_members = sorted(
        f"{name} in {group}" for name, group in members - allowed if name != "root"
    )
    doors = [
        f"{file.path} is {file.mode:04o} {file.owner}:{file.group}"
        for file in files(host, *SOCKETS)
        if file.mode & 0o007 or file.owner != "root" or file.group not in POWERFUL
    ]
    second = [group.name for group in group_rows if group.gid == 0 and group.name != "root"]
    assert not powerful_members, f"as good as root: {', '.join(powerful_members)}"
    assert not second, f"groups with id 0 beside root's: {', '.join(second)}"
    assert not doors, f"as good as root's: {'; '.join(doors)}"
    assert not given, f"{AT_LOGIN} gives whoever logs in: {'; '.join(given)}"
    assert not capable, f"{CAPABLE} gives parts of root's rights: {'; '.join(capable)}"


def _gives_power(line: str) -> bool:
    """Whether a line of pam_group's, or the end of one, names a powerful group."""
    return not {*re.split(r"[\s,;]+", line.rpartition(";")[2])}.isdisjoint(POWERFUL)
