"""The backup target: what clients' keys can do there, and whether copies arrive."""
# ruff: noqa: S101

import re
from collections import Counter

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.authorized_keys import AuthorizedKey, authorized_key
from monitors.audit.facts.copy_keys import CLIENTS, DRILLS, FOLDER, PULLS, foreign, uses
from monitors.audit.facts.promises import declared_promise
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

KEY_FILES = {
    CLIENTS: "/etc/ssh/bastide_backup_keys",
    DRILLS: "/etc/ssh/bastide_drill_keys",
    PULLS: "/etc/ssh/bastide_pull_keys",
}
# Every line that sshd may take for a key; public keys are no secret.
GRANTS = "grep -avE '^[ \t]*(#|$)' {}"
EFFECTIVE = "sshd -C user={},host=client,addr=192.0.2.1 -T"
ACCOUNTS = f"getent passwd {' '.join(KEY_FILES)}; " + "; ".join(
    f"passwd -S {account}" for account in KEY_FILES
)
MODES = f"find {FOLDER} -mindepth 1 -maxdepth 3 -printf '%d %u %m %p\\n'"
ROOM = f"df --output=pcent,ipcent {FOLDER}"
DELIVERED = f"date +%s; stat -c '%Y %n' {FOLDER}/*/*/snapshots 2>/dev/null"
# Each runs one forced command and nothing else; an account of none has a shell that ends at once.
SHELLS = {CLIENTS: "/usr/local/sbin/bastide-vault", PULLS: "/usr/local/sbin/bastide-vault-give"}
NO_SHELLS = ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false")
LOCKED = ("L", "LK")
CLOSED = {
    "passwordauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "disableforwarding": "yes",
    "permittty": "no",
}
REPOSITORY_DEPTH = 2


def test_vlt_01_append_only(host: Host, declared: Declared) -> None:
    """sshd reads one file of keys an account, each key forced to the one thing that it is for."""
    given = {account: _keys(host, file) for account, file in KEY_FILES.items()}
    read = {account: _sshd(host, account).get("authorizedkeysfile") for account in KEY_FILES}
    elsewhere = [
        f"{a} takes keys from {read[a]}" for a, file in KEY_FILES.items() if read[a] != file
    ]
    allowed = uses(declared)
    every = [(account, key) for account, keys in given.items() for key in keys]
    other = {
        f"{account}: {key.options or 'no forced command'}"
        for account, key in every
        if key.options not in allowed[account]
    }
    used = [(key, use) for account, key in every if (use := allowed[account].get(key.options))]
    twice = [str(use) for use, n in Counter(use for _, use in used).items() if n > 1]
    blobs = Counter(key.blob for _, key in every)
    assert not elsewhere, "; ".join(elsewhere)
    assert given[CLIENTS], "no client has a key"
    assert not other, f"keys that may do more, or more than declared: {'; '.join(sorted(other))}"
    wrong = "; ".join(foreign(used, allowed))
    assert not wrong, wrong
    assert not twice, f"more than one key {', '.join(twice)}"
    assert max(blobs.values()) == 1, "one key is given more than once"


def _keys(host: Host, file: str) -> list[AuthorizedKey]:
    lines = host.run(GRANTS.format(file)).stdout.split("\n")
    return [authorized_key(line) for line in lines if line]


def test_vlt_02_accounts_lead_nowhere(host: Host, declared: Declared) -> None:
    """No account has a shell or password; sshd gives them no tunnel and no terminal."""
    lines = host.run(ACCOUNTS).stdout.splitlines()
    effective = {name: _sshd(host, name) for name in KEY_FILES}
    shells = {row[0]: row[-1] for row in (line.split(":") for line in lines if ":" in line)}
    states = {row[0]: row[1] for row in (line.split() for line in lines if ":" not in line)}
    wrong = [
        f"{name} has the shell {shell}"
        for name, shell in shells.items()
        if shell not in (SHELLS.get(name), *NO_SHELLS)
    ]
    wrong += [f"{name} has a password" for name, state in states.items() if state not in LOCKED]
    wrong += [
        f"{key} is {effective[name].get(key)} for {name}"
        for name in shells
        for key, wanted in CLOSED.items()
        if effective[name].get(key) != wanted
    ]
    pulling = {PULLS} if declared.pulls or declared.pulled_by else set()
    absent = {CLIENTS, DRILLS, *pulling} - set(shells)
    drill = effective[DRILLS]
    assert not absent, f"there is no account {', '.join(sorted(absent))}"
    assert not wrong, "; ".join(wrong)
    assert drill.get("forcecommand") == "internal-sftp -R", f"{DRILLS} can do more than read"
    assert drill.get("chrootdirectory") == FOLDER, f"{DRILLS} sees more than {FOLDER}"


def test_vlt_03_repositories_closed(host: Host, declared: Declared) -> None:
    """Repositories belong to the account that fills them, and no other may enter or write."""
    rows = [line.split(" ", 3) for line in host.run(MODES).stdout.splitlines()]
    wrong = []
    for depth, owner, mode, path in rows:
        inside = int(depth) >= REPOSITORY_DEPTH
        # What is pulled from another target is not the clients' to write: they read it at most.
        pulled = any(f"{path}/".startswith(f"{FOLDER}/{name}/") for name in declared.pulls)
        filler = PULLS if pulled else CLIENTS
        wanted, forbidden = (filler, 0o027) if inside else ("root", 0o022)
        if owner != wanted or int(mode, 8) & forbidden:
            wrong.append(f"{path} is {owner}'s with mode {mode}")
    assert rows, f"{FOLDER} holds nothing"
    assert not wrong, "; ".join(wrong[:5])


def test_vlt_04_room_left(host: Host, limits: Limits) -> None:
    """Enough of the space and of the inodes is unused."""
    used = [int(n) for n in re.findall(r"(\d+)%", host.check_output(ROOM))]
    if not used:
        raise UndeterminedError(f"df tells nothing of {FOLDER}")
    assert max(used) < limits["used_percent"], f"{FOLDER} is {max(used)} % full"


def test_vlt_05_every_plan_delivers(host: Host, declared: Declared) -> None:
    """Each declared repository has taken a snapshot in within what may be lost of its plan."""
    now, *rows = host.run(DELIVERED).stdout.splitlines()
    times = {path: int(at) for at, path in (row.split(" ", 1) for row in rows)}
    ages = {
        kept: (int(now) - times[path]) / 3600
        for kept in declared.keeps
        if (path := f"{FOLDER}/{kept}/snapshots") in times
    }
    never = [kept for kept in declared.keeps if kept not in ages]
    rpo = {kept: declared_promise(declared, kept).rpo_hours for kept in ages}
    late = [
        f"{kept} {ages[kept]:.0f} h of {rpo[kept]:g}" for kept in ages if ages[kept] > rpo[kept]
    ]
    assert not never, f"has taken nothing in from {', '.join(never)}"
    assert not late, f"nothing for too long from {', '.join(late)}"


def _sshd(host: Host, user: str) -> dict[str, str]:
    lines = host.check_output(EFFECTIVE.format(user)).splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)
