"""File shares as Samba itself reads its settings, all includes in place."""
# ruff: noqa: S101

import re
from collections.abc import Iterator

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.model.declared import Declared

# What differs from Samba's own defaults, by section.
SETTINGS = "testparm --suppress-prompt 2>/dev/null"
GLOBAL = "global"
ON = ("yes", "true", "1")
OLD_PROTOCOL = re.compile(r"(nt|lanman|core|cifs|smb1)", re.IGNORECASE)
# smb.conf(5): of these settings only such values, where one is set.
ONLY = {
    "ntlm auth": ("ntlmv2-only", "no", "disabled", "mschapv2-and-ntlmv2-only"),
    "lanman auth": ("no",),
    "null passwords": ("no",),
    "raw ntlmv2 auth": ("no",),
    "client use spnego": ("yes",),
    "security": ("auto", "user", "ads", "domain"),
    "guest account": ("nobody",),
    "wide links": ("no",),
    "allow insecure wide links": ("no",),
    "passdb expand explicit": ("no",),
    "root directory": ("",),
}
GUESTS = ("guest ok", "public", "guest only", "only guest")
# Each starts a program, most of them as root.
STARTING = re.compile(
    r"((root )?(pre|post)exec|exec|.* (command|script|program|action)|.*command|exec script)"
)
PACKAGED = {
    "panic action": ("/usr/share/samba/panic-action %d",),
    "passwd program": ("/usr/bin/passwd %u",),
}
MODULES = frozenset(
    {
        *("acl_xattr", "acl_tdb", "catia", "fruit", "streams_xattr", "streams_depot", "recycle"),
        *(
            "full_audit",
            "extd_audit",
            "audit",
            "shadow_copy2",
            "btrfs",
            "snapper",
            "worm",
            "zfsacl",
        ),
        *("io_uring", "aio_pthread", "virusfilter", "xattr_tdb", "dfs_samba4", "default_quota"),
        *("nfs4acl_xattr", "cap", "readahead", "readonly", "commit", "glusterfs", "ceph"),
    }
)
# Whoever reads or writes one of these as a share has the host.
SYSTEM = re.compile(
    r"/|/(etc|root|usr|boot|bin|sbin|lib\w*|proc|sys|dev|run|var|var/(lib|spool|log)|home)"
    r"|/(etc|root|usr|boot|proc|sys|dev)/.*|/var/(lib/(?!samba/)|spool/cron|log).*"
)
OURS = "/etc/samba/bastide.conf"
SHOWN = 5


def test_smb_01_known_and_new_only(host: Host) -> None:
    """No share is for guests, every connection is signed, none by an old protocol or proof."""
    sections = _sections(host)
    ours = sections[GLOBAL]
    guests = [n for n, values in sections.items() if any(values.get(k) in ON for k in GUESTS)]
    weak = [
        f"{section}: {name} = {value}"
        for section, values in sections.items()
        for name, value in values.items()
        if name in ONLY and value not in ONLY[name]
    ]
    oldest = ours.get("server min protocol", ours.get("min protocol", "smb2_02"))
    signing, anonymous = ours.get("server signing", "default"), ours.get("restrict anonymous", "0")
    assert not guests, f"open to guests: {', '.join(guests)}"
    assert not weak, "; ".join(weak[:SHOWN])
    assert not OLD_PROTOCOL.match(oldest), (
        f"server min protocol is {oldest}, expected SMB2 or newer"
    )
    assert signing in ("mandatory", "required"), f"server signing is {signing}, expected required"
    assert anonymous == "2", f"restrict anonymous is {anonymous}, expected 2"


def test_smb_02_nothing_of_roots(host: Host, declared: Declared) -> None:
    """No share gives root's rights, root's files or a program that Samba starts."""
    wrong = [
        f"{section}: {name} = {value}"
        for section, values in _sections(host).items()
        for name, value in values.items()
        if value not in declared.timed_jobs and _gives_more(name, value)
    ]
    assert not wrong, f"not known: {'; '.join(wrong[:SHOWN])}"


def _gives_more(name: str, value: str) -> bool:
    if not value:
        return False
    if name in ("include", "config file"):
        return value != OURS
    if name in ("admin users", "username map", "root directory", "preload modules"):
        return True
    if name in ("force user", "force group", "valid users", "write list"):
        return name.startswith("force") and value.lstrip("+") in ("root", "shadow", "disk", "sudo")
    if name == "vfs objects":
        return not set(value.split()) <= MODULES
    if name == "path":
        return bool(SYSTEM.fullmatch(value)) or ".." in value
    return bool(STARTING.fullmatch(name)) and value not in PACKAGED.get(name, ())


def _sections(host: Host) -> dict[str, dict[str, str]]:
    """Return names and values by section, in lower case but for what names files and programs."""
    out = host.run(SETTINGS)
    sections = dict(_parsed(out.stdout))
    if out.rc != 0 or GLOBAL not in sections:
        raise UndeterminedError("Samba does not tell its settings: testparm refuses them")
    return sections


def _parsed(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for part in re.split(r"^\[", text, flags=re.MULTILINE)[1:]:
        head, _, rest = part.partition("]\n")
        pairs = (line.partition("=") for line in rest.splitlines() if "=" in line)
        values = {name.strip().lower(): value.strip() for name, _, value in pairs}
        yield (
            head.lower(),
            {
                n: v if n in ("path", "include") or STARTING.fullmatch(n) else v.lower()
                for n, v in values.items()
            },
        )
