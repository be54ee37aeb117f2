"""Edits in place what packages own: defaults of accounts, PAM's stacks, sudo, shells.

`bastide_accounts [--check] [FILE]` reads one JSON object, prints one line a change. Afterwards PAM
is asked whether everybody who may log in, or use sudo, still may; if not, its files are put back
and the program fails. `--return-shells FILE` undoes what was done to shells since FILE was made by
`getent passwd`.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SUDOERS = """\
# Managed by Bastide, role accounts.
Defaults use_pty
Defaults logfile="/var/log/sudo.log"
Defaults timestamp_timeout=15
"""
# Of accounts that are made from now on; who has one keeps what it has.
LOGIN_DEFS = {
    "UMASK": "027",
    "PASS_MAX_DAYS": "365",
    "PASS_MIN_DAYS": "1",
    "PASS_WARN_AGE": "14",
    "ENCRYPT_METHOD": "YESCRYPT",
    # Where a program asks for SHA-512 by name (chpasswd -c): what yescrypt costs, about.
    "SHA_CRYPT_MIN_ROUNDS": "65536",
    "SHA_CRYPT_MAX_ROUNDS": "65536",
}
USERADD = {"INACTIVE": "30"}
EDITED = (
    (Path("/etc/login.defs"), LOGIN_DEFS, "\t"),
    (Path("/etc/default/useradd"), USERADD, "="),
)
# Nobody is a member of root's group: who has to become another uses sudo, which is logged.
WHEEL = "auth       required   pam_wheel.so use_uid group=root"
ROOT_OK = re.compile(r"^auth\s+sufficient\s+pam_rootok\.so.*$", re.MULTILINE)
# Its scripts would run as root at every login, the auditor's too, for a greeting.
GREETING = re.compile(r"^(session\s+optional\s+pam_motd\.so\s+motd=\S+)$", re.MULTILINE)
LOGIN_KEYS = Path("/etc/bastide/login_keys")
REVOKED_KEYS = Path("/etc/bastide/revoked_keys")
# sshd refuses every key when the file that it names is missing: no setting without a file.
REVOKING = Path("/etc/ssh/sshd_config.d/00-bastide-revoked.conf")
SUDO = Path("/etc/sudoers.d/bastide")
PAM = Path("/etc/pam.d")
STACKS = ("auth", "account", "password")
PROFILES = {
    "bastide-faillock": ("auth", "pam_faillock.so authfail"),
    "bastide-faillock-notify": ("auth", "pam_faillock.so preauth"),
    "bastide-pwhistory": ("password", "pam_pwhistory.so"),
}
NO_SHELL = "/usr/sbin/nologin"
SERVICES = ("sshd", "sudo", "login")
PAM_SUCCESS, PAM_CONV_ERR = 0, 19


def assigned(text: str, values: Mapping[str, str], between: str) -> str:
    """Return a file's text in which each name has the value: in place, in an example's, or last."""
    for name, value in values.items():
        line = name + between + value
        example = re.compile(rf"^#\s*{re.escape(name)}[\s=]+\S*$", re.MULTILINE)
        active = re.compile(rf"^{re.escape(name)}(?:\s|=).*$", re.MULTILINE)
        chosen = active if active.search(text) else example
        if chosen.search(text):
            text = chosen.sub(line, text, count=1)
        else:
            text = text.rstrip("\n") + "\n" + line + "\n"
    return text


def with_wheel(text: str) -> str:
    """Return su's stack in which only root passes; ValueError when root would not."""
    if re.search(r"^auth\s+required\s+pam_wheel\.so", text, re.MULTILINE):
        return text
    if not ROOT_OK.search(text):
        raise ValueError("/etc/pam.d/su: no line `auth sufficient pam_rootok.so` to build on")
    return ROOT_OK.sub(lambda line: line[0] + "\n" + WHEEL, text, count=1)


def without_greeting(text: str) -> str:
    """Return a service's stack in which no script runs at login for the message of the day."""
    return GREETING.sub(r"\1 noupdate", text)


def read(path: Path) -> str:
    """Return a file's text, empty when there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def write(path: Path, text: str, mode: int = 0o644, check: Sequence[str] = ()) -> None:
    """Replace a file whole where it differs, after a program has approved of the new one."""
    if read(path) == text:
        return
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".bastide-")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        fresh.chmod(mode)
        if check:
            subprocess.run([*check, name], check=True, stdout=subprocess.DEVNULL)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    print(path)


def stacks() -> dict[Path, str]:
    """Return the text of PAM's files that this program changes, by path."""
    paths = [PAM / "su", *(PAM / f"common-{stack}" for stack in STACKS)]
    return {path: read(path) for path in paths}


def missing_profiles() -> list[str]:
    """Return the profiles of ours that are not in PAM's stacks."""
    text = {stack: read(PAM / f"common-{stack}") for stack in STACKS}
    return [name for name, (stack, line) in PROFILES.items() if line not in text[stack]]


class Conversation(ctypes.Structure):
    """pam_conv(3)."""

    CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, *[ctypes.c_void_p] * 3)
    _fields_ = (("ask", CALLBACK), ("data", ctypes.c_void_p))


def may(service: str, user: str) -> bool:
    """Whether PAM lets in a user who has proved who they are, as sshd and sudo ask it to."""
    pam, handle = ctypes.CDLL("libpam.so.0"), ctypes.c_void_p()
    silent = Conversation(Conversation.CALLBACK(lambda *_: PAM_CONV_ERR), None)
    if pam.pam_start(service.encode(), user.encode(), ctypes.byref(silent), ctypes.byref(handle)):
        return False
    answer = int(pam.pam_acct_mgmt(handle, 0))
    pam.pam_end(handle, answer)
    return answer == PAM_SUCCESS


def let_in(users: Collection[str]) -> set[tuple[str, str]]:
    """Return which of the users may now pass which services."""
    return {(s, user) for user in users for s in SERVICES if may(s, user)}


def set_pam(users: Collection[str]) -> None:
    """Put our profiles into PAM's stacks; put the old ones back when that shuts anyone out."""
    before = stacks()
    su = with_wheel(before[PAM / "su"])
    profiles = missing_profiles()
    if not profiles and su == before[PAM / "su"]:
        return
    passed = let_in(users)
    write(PAM / "su", su)
    if profiles:
        subprocess.run(["pam-auth-update", "--enable", *profiles], check=True, stdout=sys.stderr)
        print(f"{PAM}/common-*: {', '.join(profiles)}")
    shut_out = sorted(passed - let_in(users))
    if shut_out or missing_profiles():
        for path, text in before.items():
            write(path, text)
        sys.exit(
            "PAM's files are back as they were: with ours it "
            + (f"lets in no more: {shut_out}" if shut_out else f"lacks: {missing_profiles()}")
            + "; run `pam-auth-update` on the host to see whether its files were edited by hand"
        )


def with_shell(names: Collection[str]) -> list[pwd.struct_passwd]:
    """Return the accounts of these names that have a login shell."""
    without = ("/nologin", "/false")
    return [
        entry
        for entry in pwd.getpwall()
        if entry.pw_name in names and not entry.pw_shell.endswith(without)
    ]


def take_shells(names: Collection[str]) -> None:
    """Take the login shell of system accounts that need none."""
    for entry in with_shell(names):
        subprocess.run(["usermod", "--shell", NO_SHELL, entry.pw_name], check=True)
        print(f"{entry.pw_name}: no login shell")


def return_shells(before: str) -> None:
    """Give accounts the login shells that they had, by the lines of passwd(5) of that time."""
    shells = {fields[0]: fields[6] for line in before.splitlines() if (fields := line.split(":"))}
    for entry in pwd.getpwall():
        shell = shells.get(entry.pw_name, entry.pw_shell)
        if entry.pw_shell == NO_SHELL != shell:
            subprocess.run(["usermod", "--shell", shell, entry.pw_name], check=True)


def revoked(declared: str) -> str:
    """Return the keys that were declared once and are no more, one `TYPE KEY` a line.

    An account may be several people's: who leaves it loses the key, the others stay. Where no key
    at all is declared, nobody has left.
    """
    now = set(keys_of(declared))
    once = f"{read(REVOKED_KEYS)}\n{read(LOGIN_KEYS) if now else ''}"
    return "".join(f"{key}\n" for key in keys_of(once) if key not in now)


def keys_of(text: str) -> list[str]:
    """Return each `TYPE KEY` of lines that begin with one."""
    lines = (line.split()[:2] for line in text.splitlines())
    return list(dict.fromkeys(" ".join(words) for words in lines if len(words) == 2))


def planned(settings: Mapping[str, Any]) -> Iterator[tuple[Path, str, int, Sequence[str]]]:
    """Yield the files but PAM's stacks: path, text, mode, and the program that approves."""
    for path, values, between in EDITED:
        yield path, assigned(read(path), values, between), 0o644, ()
    withdrawn = revoked(settings["keys"])
    yield REVOKED_KEYS, withdrawn, 0o644, ()
    setting = f"RevokedKeys {REVOKED_KEYS}\n" if withdrawn or REVOKED_KEYS.exists() else ""
    yield REVOKING, setting, 0o600, ()
    yield LOGIN_KEYS, settings["keys"], 0o644, ()
    yield SUDO, SUDOERS, 0o440, ("visudo", "--check", "--file")
    for path in (PAM / "sshd", PAM / "login"):
        yield path, without_greeting(read(path)), 0o644, ()


def predict(settings: Mapping[str, Any]) -> None:
    """Print what would change, one JSON object a line; change nothing."""
    su = (PAM / "su", with_wheel(read(PAM / "su")), 0o644, ())
    for path, text, *_ in (*planned(settings), su):
        if read(path) != text:
            print(json.dumps({"path": str(path), "before": read(path), "after": text}))
    if profiles := missing_profiles():
        change = f"pam-auth-update --enable {' '.join(profiles)}"
        print(json.dumps({"path": f"{PAM}/common-*", "change": change}))
    for entry in with_shell(settings["without_shell"]):
        print(json.dumps({"account": entry.pw_name, "change": "no login shell"}))


def main() -> None:
    """Bring the host to the state that a file or standard input describes, or only `--check` it."""
    options = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    files = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    text = Path(files[0]).read_text(encoding="utf-8") if files else sys.stdin.read()
    if options == ["--return-shells"]:
        return_shells(text)
        return
    settings = json.loads(text)
    if options == ["--check"]:
        predict(settings)
        return
    for path, text, mode, check in planned(settings):
        write(path, text, mode, check)
    take_shells(settings["without_shell"])
    set_pam(settings["logins"])


if __name__ == "__main__":
    main()
