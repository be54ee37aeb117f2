"""Who can log in: accounts, their groups, the state of their passwords, and their keys."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from monitors.inspection.model import Account, AuthorizedKey
from monitors.inspection.values import bounded, number, sections

NO_SHELLS = ("nologin", "false", "sync", "halt", "shutdown")
KEY = re.compile(
    r"^(?P<options>.*?)(?:^|[ \t])"
    r"(?P<kind>(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+)[ \t]+(?P<key>[A-Za-z0-9+/]+=*)"
    r"(?:[ \t]+(?P<comment>.*))?$"
)


def read_accounts(passwd: str, group: str, shadow: str, keys: str) -> tuple[Account, ...]:
    """Return the accounts of the host's own files; no hash of a password comes this far."""
    passwords = dict(_pairs(shadow))
    authorized = _authorized(keys)
    rows = [row for row in (line.split(":") for line in passwd.splitlines()) if len(row) == 7]
    groups = _groups(group)
    return bounded(
        Account(
            name=row[0],
            uid=number(row[2]) or 0,
            shell=row[6],
            has_shell=row[6].rpartition("/")[2] not in NO_SHELLS,
            password=passwords.get(row[0], ""),
            groups=tuple(sorted({n for n, gid, who in groups if row[0] in who or gid == row[3]})),
            keys=tuple(authorized.get(row[0], ())),
        )
        for row in rows
        if number(row[2]) is not None
    )


def read_account_sources(name_sources: str) -> tuple[str, ...]:
    """Return where accounts come from (nsswitch.conf): `sss` and the like are not listed here."""
    for line in name_sources.splitlines():
        if line.startswith("passwd:"):
            return tuple(word for word in line.split()[1:] if not word.startswith("["))
    return ()


def _groups(text: str) -> list[tuple[str, str, frozenset[str]]]:
    rows = (line.split(":") for line in text.splitlines())
    return [(r[0], r[2], frozenset(r[3].split(","))) for r in rows if len(r) == 4]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, state = line.partition(" ")
        if state in ("set", "locked", "empty"):
            yield name, state


def _authorized(text: str) -> dict[str, list[AuthorizedKey]]:
    keys: dict[str, list[AuthorizedKey]] = {}
    for title, lines in sections(text):
        user, _, file = title.partition(" ")
        found = filter(None, map(read_key, lines))
        keys.setdefault(user, []).extend(k.model_copy(update={"file": file}) for k in found)
    return keys


def read_key(line: str) -> AuthorizedKey | None:
    """Return the key of a line of authorized_keys (sshd(8)), or None when there is none."""
    match = KEY.match(line.strip())
    if match is None or line.lstrip().startswith("#"):
        return None
    try:
        blob = base64.b64decode(match["key"], validate=True)
    except binascii.Error:
        return None
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return AuthorizedKey(
        kind=match["kind"],
        fingerprint=f"SHA256:{digest}",
        comment=match["comment"] or "",
        options=match["options"],
    )
