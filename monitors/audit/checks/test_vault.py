"""The backup target: what clients' keys can do there, and whether copies arrive."""
# ruff: noqa: S101

import re
from collections import Counter

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.authorized_keys import AuthorizedKey, authorized_key
from monitors.audit.facts.promises import promise_of
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

FOLDER = "/srv/backups"
CLIENTS, DRILLS, PULLS = "bastide-backup", "bastide-drill", "bastide-pull"
SERVE = "rclone serve restic --stdio --append-only"
KEYS = "/etc/ssh/bastide_backup_keys"
# Every line that sshd may take for a key; public keys are no secret.
GRANTS = f"grep -avE '^[ \t]*(#|$)' {KEYS}"
DRILL_GRANTS = "grep -avE '^[ \t]*(#|$)' /etc/ssh/bastide_drill_keys"
EFFECTIVE = "sshd -C user={},host=client,addr=192.0.2.1 -T"
ACCOUNTS = f"getent passwd {CLIENTS} {DRILLS}; passwd -S {CLIENTS}; passwd -S {DRILLS}"
MODES = f"find {FOLDER} -mindepth 1 -maxdepth 3 -printf '%d %u %m %p\\n'"
ROOM = f"df --output=pcent,ipcent {FOLDER}"
DELIVERED = f"date +%s; stat -c '%Y %n' {FOLDER}/*/*/snapshots 2>/dev/null"
SHELLS = ("/usr/local/sbin/bastide-vault", "/usr/sbin/nologin", "/sbin/nologin", "/bin/false")
LOCKED = ("L", "LK")
CLOSED = {
    "passwordauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "disableforwarding": "yes",
    "permittty": "no",
}
REPOSITORY_DEPTH = 2


def test_vlt_01_append_only(host: Host, declared: Declared) -> None:
    """sshd reads one root-owned file of keys, each forced to append to one declared repository."""
    grants = [authorized_key(line) for line in host.run(GRANTS).stdout.split("\n") if line]
    keys = _sshd(host, CLIENTS).get("authorizedkeysfile")
    drills = [authorized_key(line) for line in host.run(DRILL_GRANTS).stdout.split("\n") if line]
    allowed = {f'restrict,command="{SERVE} {FOLDER}/{kept}"': kept for kept in declared.keeps}
    other = sorted({key.options or "no forced command" for key in grants} - set(allowed))
    other += sorted({k.options or "no restriction" for k in drills} - {"restrict"})
    named = {re.sub(r"\W+", "-", kept): kept for kept in declared.keeps}
    foreign = [
        f"the key of {named[owner]} adds to {allowed[key.options]}"
        for key in grants
        if key.options in allowed
        for owner in _owners(key.comment, named)
        if named[owner] != allowed[key.options]
    ]
    twice = [kept for kept, n in Counter(map(_repository, grants)).items() if n > 1]
    blobs = [name for name, n in Counter(key.blob for key in grants).items() if n > 1]
    assert keys == KEYS, f"sshd takes keys from {keys}"
    assert grants, "no client has a key"
    assert not other, f"keys that may do more, or more than declared: {'; '.join(other)}"
    assert not foreign, "; ".join(foreign)
    assert not twice, f"more than one key adds to {', '.join(twice)}"
    assert not blobs, "one key adds to several repositories"


def _repository(key: AuthorizedKey) -> str:
    return key.options.rpartition(f"{FOLDER}/")[2].rstrip('"')


def _owners(comment: str, named: dict[str, str]) -> list[str]:
    """Return which declared repository the comment of a key names, if any."""
    said = re.sub(r"\W+", "-", comment)
    return [owner for owner in named if said == owner or said.endswith(f"-{owner}")]


def test_vlt_02_accounts_lead_nowhere(host: Host) -> None:
    """Neither account has a shell or password; sshd gives them no tunnel and no terminal."""
    lines = host.run(ACCOUNTS).stdout.splitlines()
    effective = {name: _sshd(host, name) for name in (CLIENTS, DRILLS)}
    shells = {row[0]: row[-1] for row in (line.split(":") for line in lines if ":" in line)}
    states = {row[0]: row[1] for row in (line.split() for line in lines if ":" not in line)}
    wrong = [
        f"{name} has the shell {shell}" for name, shell in shells.items() if shell not in SHELLS
    ]
    wrong += [f"{name} has a password" for name, state in states.items() if state not in LOCKED]
    wrong += [
        f"{key} is {settings.get(key)} for {name}"
        for name, settings in effective.items()
        for key, wanted in CLOSED.items()
        if settings.get(key) != wanted
    ]
    drill = effective[DRILLS]
    assert set(shells) == {CLIENTS, DRILLS}, f"accounts there are: {', '.join(shells) or 'none'}"
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
    rpo = {kept: promise_of(declared, kept).rpo_hours for kept in ages}
    late = [
        f"{kept} {ages[kept]:.0f} h of {rpo[kept]:g}" for kept in ages if ages[kept] > rpo[kept]
    ]
    assert not never, f"has taken nothing in from {', '.join(never)}"
    assert not late, f"nothing for too long from {', '.join(late)}"


def _sshd(host: Host, user: str) -> dict[str, str]:
    lines = host.check_output(EFFECTIVE.format(user)).splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)
