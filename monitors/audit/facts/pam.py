"""PAM's stacks, run as Linux-PAM runs them for somebody who knows no password.

Every module that proves who asks fails for them; the others may succeed or be ignored. A way to
success then is one past the password. Controls and results: pam.conf(5).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from monitors.audit.collect.backends import Host, UndeterminedError

# As files are read, without comments. No colon after the file's name: `common-password:` looks
# like a secret to the collector.
PAM_LINES = (
    "awk '!/^[[:space:]]*(#|$)/ { print FILENAME, $0 }' /etc/pam.d/* "
    "$(ls -d /usr/lib/pam.d/* 2>/dev/null)"
)
# What is not in the first is looked for in the second.
FOLDER, BROUGHT = "/etc/pam.d/", "/usr/lib/pam.d/"
KINDS = ("auth", "account", "password", "session")
SUBSTACK = "substack"
LINE = re.compile(r"-?(\w+)\s+(\[[^\]]*\]|\S+)\s+(\S+)\s*(.*)")
# They fail for whoever cannot prove who they are.
PROOFS = {
    "auth": frozenset(
        {
            *("pam_unix", "pam_sss", "pam_ldap", "pam_krb5", "pam_winbind", "pam_systemd_home"),
            *("pam_google_authenticator", "pam_u2f", "pam_pkcs11", "pam_oath", "pam_yubico"),
            *("pam_fprintd", "pam_userdb", "pam_ssh_agent_auth", "pam_radius_auth", "pam_tacplus"),
            *("pam_duo", "pam_deny", "pam_p11", "pam_privacyidea"),
        }
    ),
    "account": frozenset(
        {
            *("pam_unix", "pam_sss", "pam_ldap", "pam_krb5", "pam_winbind", "pam_systemd_home"),
            *("pam_deny", "pam_userdb"),
        }
    ),
}
# They let nobody in and start no program of others. Their success proves nothing.
OTHERS = frozenset(
    {
        *("pam_permit", "pam_faillock", "pam_faildelay", "pam_nologin", "pam_env", "pam_group"),
        *("pam_shells", "pam_securetty", "pam_wheel", "pam_limits", "pam_lastlog", "pam_lastlog2"),
        *("pam_mail", "pam_motd", "pam_keyinit", "pam_loginuid", "pam_selinux", "pam_systemd"),
        *("pam_umask", "pam_mkhomedir", "pam_access", "pam_time", "pam_tty_audit", "pam_warn"),
        *("pam_pwquality", "pam_pwhistory", "pam_cracklib", "pam_passwdqc", "pam_cap", "pam_echo"),
        *("pam_localuser", "pam_succeed_if", "pam_listfile", "pam_rootok", "pam_namespace"),
        *("pam_xauth", "pam_timestamp", "pam_gnome_keyring", "pam_kwallet5", "pam_ecryptfs"),
        *("pam_tally2", "pam_apparmor", "pam_usertype", "pam_issue", "pam_setquota", "pam_mount"),
        *("pam_ck_connector", "pam_elogind", "pam_cgfs", "pam_tmpdir"),
    }
)
# Where the files lie that a module may be told to read, or to show to whoever logs in.
TO_SHOW = ("/run/motd*", "/etc/motd*", "/etc/issue*", "/usr/lib/motd*", "/usr/share/*")
PLACES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("pam_motd", "pam_issue", "pam_echo"), TO_SHOW),
    "pam_env": ("/etc/default/locale", "/etc/environment", "/etc/security/pam_env.conf"),
}
ROOTS_PLACES = ("/etc/*", "/usr/*", "/var/lib/*", "/var/log/*", "/run/*", "/var/run/*")
# It compares the words of the account with these, and reads none of them.
COMPARING = "pam_succeed_if"
# For root alone: programs with root's rights that ask who really calls.
ASK_WHO_CALLS = frozenset(
    {
        *("su", "su-l", "chsh", "chfn", "runuser", "runuser-l", "chpasswd", "newusers"),
        *("useradd", "userdel", "usermod", "groupadd", "groupdel", "groupmod"),
    }
)
# Sessions of no person: a screen that asks for the login.
SCREENS = re.compile(r".*(-autologin|-greeter|-launch-environment)$")
WORDS = {
    "required": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "bad"},
    "requisite": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "die"},
    "sufficient": {"success": "done", "new_authtok_reqd": "done", "default": "ignore"},
    "optional": {"success": "ok", "new_authtok_reqd": "ok", "default": "ignore"},
}
SUCCESS, FAILURE = "success", "failure"
ACTIONS = ("ignore", "bad", "die", "ok", "done", "reset")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a stack: what a result does (`default` for those not named), module, arguments."""

    text: str
    actions: tuple[tuple[str, str], ...]
    module: str
    arguments: tuple[str, ...]
    # A substack's own lines: `done` and `die` end it and not the stack.
    inner: tuple["Line", ...] = ()

    def action(self, result: str) -> str:
        """Return what a result of the module leads to."""
        table = dict(self.actions)
        return table.get(result, table.get("default", "bad"))


@cache
def pam_services(text: str) -> dict[str, dict[str, tuple[Line, ...]]]:
    """Return the stacks by service and kind; UndeterminedError for a line that PAM would refuse."""
    files: dict[str, list[str]] = {}
    for row in _joined(text):
        path, _, line = row.partition(" ")
        files.setdefault(path.removeprefix(FOLDER), []).append(line.strip())
    for path in [path for path in files if path.startswith(BROUGHT)]:
        files.setdefault(path.removeprefix(BROUGHT), files.pop(path))
    return {name: {kind: tuple(_stack(files, name, kind, ())) for kind in KINDS} for name in files}


def stacks(host: Host) -> dict[str, dict[str, tuple[Line, ...]]]:
    """Return every stack of the host, by service and kind, included files in place."""
    return pam_services(host.check_output(PAM_LINES))


def _joined(text: str) -> Iterator[str]:
    """Yield file and line, those that end with a backslash with what follows."""
    open_line = ""
    for row in text.split("\n"):
        path, _, line = row.partition(" ")
        line = re.sub(r"(?<!\\)#.*", "", line).rstrip()
        whole = f"{open_line or path} {line}"
        open_line = whole[:-1].rstrip() if whole.endswith("\\") else ""
        if not open_line and line.strip():
            yield whole
    if open_line:
        yield open_line


def _stack(
    files: dict[str, list[str]], name: str, kind: str, within: tuple[str, ...]
) -> Iterator[Line]:
    if name in within:
        raise UndeterminedError(f"{FOLDER}{name} includes itself")
    if name not in files:
        raise UndeterminedError(f"{FOLDER}{within[-1]} includes {name}, which is not in {FOLDER}")
    for text in files[name]:
        if text.startswith("@include"):
            yield from _stack(files, text.split()[1], kind, (*within, name))
            continue
        match = LINE.fullmatch(text)
        if not match or match[1].lower() not in KINDS:
            raise UndeterminedError(f"{FOLDER}{name}: not understood: {text}")
        if match[1].lower() == kind:
            yield from _lines(files, match, kind, (*within, name))


def _lines(
    files: dict[str, list[str]], match: re.Match[str], kind: str, within: tuple[str, ...]
) -> Iterator[Line]:
    """Yield what one line of a file stands for."""
    text, control, module = match[0], match[2], match[3]
    if control.lower() == "include":
        yield from _stack(files, module, kind, within)
    elif control.lower() == SUBSTACK:
        yield Line(text, (), SUBSTACK, (), tuple(_stack(files, module, kind, within)))
    else:
        yield Line(text, _actions(control, text), _module(module), tuple(match[4].split()))


def _actions(control: str, text: str) -> tuple[tuple[str, str], ...]:
    if not control.startswith("["):
        if control.lower() not in WORDS:
            raise UndeterminedError(f"{FOLDER}: not understood: {text}")
        return tuple(WORDS[control.lower()].items())
    pairs = [word.partition("=") for word in control.strip("[]").replace(" =", "=").split()]
    if any(not (action in ACTIONS or action.isdecimal()) for _, _, action in pairs):
        raise UndeterminedError(f"{FOLDER}: not understood: {text}")
    return tuple((result, action) for result, _, action in pairs)


def _module(path: str) -> str:
    """Return a module's name; one from a folder of its own keeps its path, so it is not known."""
    usual = re.fullmatch(
        r"(?:(?:/usr)?/lib(?:/[a-z0-9_]+-linux-gnu\w*)?/security/)?(pam_\w+)\.so", path
    )
    return usual[1] if usual else path


def stack_lines(host: Host, service: str, kind: str) -> tuple[str, ...]:
    """Return the lines of a service's stack of a kind (auth, password …), substacks in place."""
    return tuple(_texts(stacks(host).get(service, {}).get(kind, ())))


def _texts(stack: tuple[Line, ...]) -> Iterator[str]:
    for line in stack:
        yield from _texts(line.inner) if line.module == SUBSTACK else (line.text,)


def pam_options(lines: Iterable[str]) -> dict[str, str]:
    """Return the `name=value` options of PAM lines."""
    words = (word.partition("=") for line in lines for word in line.split() if "=" in word)
    return {name: value for name, _, value in words if not name.startswith("[")}


def strange_modules(stack: tuple[Line, ...], kind: str) -> list[str]:
    """Return the lines of a stack whose module is not known."""
    known = OTHERS | PROOFS.get(kind, frozenset()) | PROOFS["auth"]
    strange = []
    for line in stack:
        strange += strange_modules(line.inner, kind)
        unknown = line.module not in known and line.module != SUBSTACK
        strange += [line.text] if unknown or _reads_elsewhere(line) else []
    return strange


def _reads_elsewhere(line: Line) -> bool:
    """Whether a module is told of a file that others than root may write, or should not see."""
    values = [word.strip("[]").rpartition("=")[2] for word in line.arguments]
    paths = [p for v in values if not re.match(r"[a-z]+://", v) for p in v.split(":") if "/" in p]
    if line.module == COMPARING:
        return False
    # A home's own file (`~`, `${HOME}`, `%h`) is its owner's.
    named = [path for path in paths if not path.startswith(("~", "$", "%"))]
    places = PLACES.get(line.module, ROOTS_PLACES)
    return any(
        ".." in path or not any(fnmatchcase(path, place) for place in places) for path in named
    )


def way_past(service: str, kind: str, stack: tuple[Line, ...]) -> str | None:
    """Return the line by which somebody without a proof is let in; None when there is no way."""
    if not stack or SCREENS.fullmatch(service):
        return None
    return next((by for outcome, by in _ends(stack, service, kind) if outcome == SUCCESS), None)


def _results(line: Line, service: str, kind: str) -> tuple[str, ...]:
    """Return what a module may say of somebody who can prove nothing."""
    if line.module in PROOFS[kind]:
        return ("auth_err", "user_unknown", "authinfo_unavail")
    if line.module == "pam_permit":
        return (SUCCESS,)
    if line.module == "pam_rootok" and service in ASK_WHO_CALLS:
        return ("auth_err",)
    if line.module == "pam_wheel" and "trust" not in line.arguments:
        return (SUCCESS, "ignore", "perm_denied") if "deny" in line.arguments else ("ignore",)
    if line.module == "pam_faillock" and "authfail" in line.arguments:
        return ("auth_err",)
    return (SUCCESS, "ignore", "perm_denied")


def _ends(stack: tuple[Line, ...], service: str, kind: str) -> set[tuple[str, str]]:
    """Return every end that a stack may come to, with the line that led there.

    Between two lines there is an impression: None, success or failure.
    """
    seen: set[tuple[int, str | None, str]] = set()
    waiting: list[tuple[int, str | None, str]] = [(0, None, "")]
    ends: set[tuple[str, str]] = set()
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        at, state, by = place
        if at >= len(stack):
            ends.add((state or FAILURE, by))
            continue
        for step, new, new_by in _steps(stack[at], service, kind, state, by):
            if step is None:
                ends.add((new or FAILURE, new_by))
            else:
                waiting.append((at + step, new, new_by))
    return ends


def _steps(
    line: Line, service: str, kind: str, state: str | None, by: str
) -> Iterator[tuple[int | None, str | None, str]]:
    """Yield how many lines further a line leads (None: to the end), and with what impression."""
    if line.module == SUBSTACK:
        for outcome, inner_by in _ends(line.inner, service, kind):
            yield 1, _worse(state, outcome), by or inner_by
        return
    for result in _results(line, service, kind):
        action, named = line.action(result), by or (line.text if result == SUCCESS else "")
        outcome = SUCCESS if result == SUCCESS else FAILURE
        if action.isdecimal():
            # Newer Linux-PAM takes a jump after success for `ok`, older ones do not.
            yield 1 + int(action), state, by
            if result == SUCCESS:
                yield 1 + int(action), _worse(state, SUCCESS), named
        elif action == "ignore":
            yield 1, state, by
        elif action == "reset":
            yield 1, None, ""
        else:
            failed = action in ("bad", "die")
            last = None if action in ("die", "done") else 1
            yield last, FAILURE if failed else _worse(state, outcome), named


def _worse(state: str | None, outcome: str) -> str:
    return FAILURE if FAILURE in (state, outcome) else SUCCESS
