"""The SSH server, judged by what `sshd -T` says is in force with every drop-in and option."""
# ruff: noqa: S101

import re
from fnmatch import fnmatchcase

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.accounts import accounts, groups
from monitors.audit.facts.sshd import (
    FOLDER,
    ROOT,
    SERVER_FILES,
    Setting,
    SshServer,
    ssh_server,
    sshd_lines,
    strange_options,
)
from monitors.audit.facts.sshd_settings import (
    ALGORITHMS,
    KEYS_ONLY_FOR_ROOT,
    LOG_LEVELS,
    is_allowed,
    weak_algorithms,
)
from monitors.audit.facts.system import access_lists, files, loose_files, unit_state, unit_time
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

TOLD_BY_DEFAULT = ("\\", "debian", "ubuntu", "linux")
# In a block: who is let in past the list, and what bounds a jump host.
NEVER_IN_BLOCKS = ("allowusers", "allowgroups", "permitopen", "permitlisten")
# Judged by the controls before SSH-19.
JUDGED = frozenset(
    {
        *("permitrootlogin", "passwordauthentication", "kbdinteractiveauthentication", "usepam"),
        *("gssapiauthentication", "kerberosauthentication", "hostbasedauthentication", "loglevel"),
        *("ignorerhosts", "permitemptypasswords", "permituserenvironment", "allowtcpforwarding"),
        *("allowagentforwarding", "allowstreamlocalforwarding", "x11forwarding", "permittunnel"),
        *("gatewayports", "strictmodes", "authorizedkeysfile", "authorizedkeyscommand"),
        *("trustedusercakeys", *ALGORITHMS),
    }
)


def test_ssh_01_root_needs_a_key(host: Host) -> None:
    """Root logs in with a key or not at all."""
    wrong = _values_beyond(ssh_server(host), "permitrootlogin", KEYS_ONLY_FOR_ROOT)
    assert not wrong, f"{'; '.join(wrong)}, expected no or prohibit-password"


def test_ssh_02_keys_only(host: Host) -> None:
    """No password, no keyboard-interactive login and no ticket; public keys work."""
    _expect(
        ssh_server(host),
        passwordauthentication="no",
        kbdinteractiveauthentication="no",
        gssapiauthentication="no",
        kerberosauthentication="no",
        pubkeyauthentication="yes",
    )


def test_ssh_03_few_tries(host: Host, limits: Limits) -> None:
    """A connection is closed after a few tries to log in."""
    many = [
        f"maxauthtries is {value}{_for(account)}"
        for account, value in _values(ssh_server(host), "maxauthtries")
        if not 0 < int(value) <= limits["tries"]
    ]
    assert not many, f"{'; '.join(many)}, expected at most {limits['tries']}"


def test_ssh_04_strong_algorithms(host: Host, limits: Limits) -> None:
    """Only algorithms of the allow-lists are offered and taken, and no short RSA key."""
    server = ssh_server(host)
    weak = [
        f"{setting} also offers {', '.join(names)}{_for(account)}"
        for setting in ALGORITHMS
        for account, value in _values(server, setting, required=setting in ("ciphers", "macs"))
        if (names := weak_algorithms(setting, value))
    ]
    # OpenSSH before 9.1 has no such setting.
    weak += [
        f"requiredrsasize is {value}{_for(account)}, expected at least {limits['rsa_bits']}"
        for account, value in _values(server, "requiredrsasize", required=False)
        if int(value) < limits["rsa_bits"]
    ]
    assert not weak, "; ".join(weak)


def test_ssh_05_no_forwarding(host: Host, declared: Declared) -> None:
    """No port, agent, screen or tunnel is forwarded; a jump host forwards to its hosts only."""
    server = ssh_server(host)
    if declared.jumped_to and server.accounts[ROOT].get("allowtcpforwarding") == ("local",):
        targets = {word for _, value in _values(server, "permitopen") for word in value.split()}
        beyond = targets - set(declared.jumped_to)
        assert not beyond, f"permitopen has {', '.join(sorted(beyond))}, no host jumps there"
        wrong = _values_beyond(server, "allowtcpforwarding", {"local", "no"})
        assert not wrong, "; ".join(wrong)
    else:
        _expect(server, allowtcpforwarding="no")
    _expect(
        server,
        allowagentforwarding="no",
        allowstreamlocalforwarding="no",
        x11forwarding="no",
        permittunnel="no",
        gatewayports="no",
    )


def test_ssh_06_no_empty_password(host: Host) -> None:
    """An account without a password cannot be logged in to."""
    _expect(ssh_server(host), permitemptypasswords="no")


def test_ssh_07_root_stays_out(host: Host) -> None:
    """Root does not log in at all: administrators have accounts of their own and use sudo."""
    _expect(ssh_server(host), permitrootlogin="no")


def test_ssh_08_no_trusted_hosts(host: Host) -> None:
    """Nobody gets in on another host's word."""
    _expect(ssh_server(host), hostbasedauthentication="no", ignorerhosts="yes")


def test_ssh_09_slow_and_silent(host: Host, limits: Limits) -> None:
    """A login takes a short time, and a connection that has gone silent is noticed."""
    server = ssh_server(host)
    for account, grace in _values(server, "logingracetime"):
        assert 0 < int(grace) <= limits["login_seconds"], (
            f"logingracetime is {grace}{_for(account)}, expected 1 to {limits['login_seconds']} "
            "seconds"
        )
    for account, interval in _values(server, "clientaliveinterval"):
        assert int(interval) > 0, (
            f"clientaliveinterval is 0{_for(account)}, expected a positive number of seconds"
        )
    for account, count in _values(server, "clientalivecountmax"):
        assert int(count) > 0, f"clientalivecountmax is 0{_for(account)}, expected at least 1"


def test_ssh_10_sessions_by_pam(host: Host) -> None:
    """PAM opens every session, and nobody brings an environment of their own."""
    _expect(ssh_server(host), permituserenvironment="no", usepam="yes")


def test_ssh_11_declared_accounts_only(host: Host, declared: Declared) -> None:
    """Who may log in is listed: the administrator, and nobody whom the inventory does not know."""
    server, people, group_rows = ssh_server(host), accounts(host), groups(host)
    names = [login.account for login in declared.logins]
    listed = {
        setting: [word for line in server.accounts[ROOT].get(setting, ()) for word in line.split()]
        for setting in ("allowusers", "allowgroups", "denyusers")
    }
    patterns = listed["allowusers"]
    # `*`, as the role writes it, is every group: no more than if none were listed.
    listed["allowgroups"] = [] if "*" in listed["allowgroups"] else listed["allowgroups"]
    denied = [p for p in listed["denyusers"] if any(_matches(name, p) for name in names)]
    assert patterns or listed["allowgroups"], (
        "AllowUsers is not set: every account with a key may log in"
    )
    assert not denied, f"DenyUsers is {', '.join(denied)}, expected none"
    if patterns:
        outside = [n for n in names if not any(_matches(n, p) for p in patterns)]
        others = sorted(p for p in patterns if p.split("@")[0] not in names)
        assert not outside, f"AllowUsers shuts out {', '.join(outside)}"
        assert not others, f"AllowUsers also lets in {', '.join(others)}, not declared"
    if listed["allowgroups"]:
        admitted = [
            g for g in group_rows if any(_matches(g.name, p) for p in listed["allowgroups"])
        ]
        members = {name for group in admitted for name in group.members}
        members |= {a.name for a in people for group in admitted if a.gid == group.gid}
        outside = sorted(set(names) - members)
        others = [] if patterns else sorted(members - set(names))
        assert not outside, f"AllowGroups shuts out {', '.join(outside)}"
        assert not others, f"AllowGroups also lets in {', '.join(others)}, not declared"


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.split("@")[0])


def test_ssh_12_logins_are_logged(host: Host) -> None:
    """The log tells who logged in with which key."""
    wrong = _values_beyond(ssh_server(host), "loglevel", LOG_LEVELS)
    assert not wrong, f"{'; '.join(wrong)}, expected INFO or VERBOSE"


def test_ssh_13_files(host: Host) -> None:
    """The server's configuration and private host keys are closed to everyone but root."""
    server_files = [file for file in files(host, *SERVER_FILES) if file.path != FOLDER]
    public = tuple(file for file in server_files if file.path.endswith(".pub"))
    closed = tuple(file for file in server_files if file not in public)
    names = [file.path for file in closed]
    assert "/etc/ssh/sshd_config" in names, "/etc/ssh/sshd_config is absent"
    assert any(name.endswith("_key") for name in names), "there is no private host key in /etc/ssh"
    listed = [f"{path} has an access list for others" for path in access_lists(host, *SERVER_FILES)]
    wrong = (*loose_files(closed, 0o600), *loose_files(public, 0o644), *listed)
    assert not wrong, "; ".join(wrong)


def test_ssh_14_no_loose_match_block(host: Host, limits: Limits) -> None:
    """No Match block opens for some what is closed for all, and no file is read from elsewhere."""
    lines = sshd_lines(host)
    bounds = {"maxauthtries": limits["tries"], "maxsessions": limits["sessions"]}
    looser = [
        f"Match {line.match} in {line.file}: {line.setting} {line.value}"
        for line in lines
        if line.match and not _narrows(line, bounds)
    ]
    includes = [line for line in lines if line.setting == "include"]
    elsewhere = [
        f"{line.file} includes {word}"
        for line in includes
        for word in line.value.split()
        if not _is_drop_in(word)
    ]
    everywhere = [
        line for line in includes if not line.match and f"{FOLDER}/*.conf" in _paths(line)
    ]
    assert everywhere, f"{FOLDER} is not included"
    assert not looser, "; ".join(looser)
    assert not elsewhere, "; ".join(elsewhere)


def _narrows(line: Setting, bounds: dict[str, int]) -> bool:
    """Whether a line of a block lets nobody do more; False for a setting that is not known."""
    value = line.value.lower()
    if line.setting in ("match", "include"):
        return True
    if line.setting in NEVER_IN_BLOCKS:
        return value == "none"
    if line.setting in bounds:
        return value.isdecimal() and int(value) <= bounds[line.setting]
    if line.setting == "requiredrsasize":
        return False
    return is_allowed(line.setting, value)


def _paths(line: Setting) -> list[str]:
    return [w if w.startswith("/") else f"/etc/ssh/{w}" for w in line.value.split()]


def _is_drop_in(word: str) -> bool:
    """Whether an include is of files that are looked at here: none hidden or in another folder."""
    path = word if word.startswith("/") else f"/etc/ssh/{word}"
    return bool(re.fullmatch(rf"{FOLDER}/(?!\.)[A-Za-z0-9_.*?-]+\.conf", path))


def test_ssh_15_in_force(host: Host) -> None:
    """The server has its files' settings: no other by options, and none that it has not read."""
    server, server_files = ssh_server(host), files(host, *SERVER_FILES)
    state = unit_state(host, "ssh.service")
    read = unit_time(state)
    newer = [
        file.path for file in server_files if "_host_" not in file.path and file.changed > read
    ]
    options = strange_options(server, state.get("ExecStart", ""))
    assert server_files, "/etc/ssh/sshd_config is absent"
    assert not options, "; ".join(options)
    assert not newer, f"written after the server last read it: {', '.join(newer)}"


def test_ssh_16_banner(host: Host) -> None:
    """Before a login stands a warning that does not tell what the system is."""
    text = host.run("cat /etc/issue.net").stdout
    file = ssh_server(host).accounts[ROOT].get("banner", ("not set",))[0]
    words = [word for word in TOLD_BY_DEFAULT if word in text.lower()]
    assert file == "/etc/issue.net", f"banner is {file}, expected /etc/issue.net"
    assert text.strip(), "/etc/issue.net is empty or absent"
    assert not words, f"/etc/issue.net tells what the system is: {', '.join(words)}"


def test_ssh_17_bounded(host: Host, limits: Limits) -> None:
    """The number of connections that have not logged in, and of sessions in one, is bounded."""
    server, most = ssh_server(host), limits["sessions"]
    for account, sessions in _values(server, "maxsessions"):
        assert 0 < int(sessions) <= most, (
            f"maxsessions is {sessions}{_for(account)}, expected 1 to {most}"
        )
    ((_, value),) = list(_values(server, "maxstartups"))[:1]
    startups = tuple(int(part) for part in value.split(":"))
    assert startups[0] <= limits["startups_from"], f"maxstartups is {value}: starts late"
    assert startups[2] <= limits["startups_all"], f"maxstartups is {value}: ends late"


def test_ssh_18_keys_from_safe_files(host: Host) -> None:
    """Keys come from one file an account, which nobody else can write, and from nowhere else."""
    server = ssh_server(host)
    # The second name is OpenSSH's own default.
    usual = {".ssh/authorized_keys", ".ssh/authorized_keys .ssh/authorized_keys2"}
    root = server.accounts[ROOT].get("authorizedkeysfile", ("not set",))[0].replace("%h/", "")
    elsewhere = [
        f"authorizedkeysfile is {value}{_for(account)}"
        for account, value in _values(server, "authorizedkeysfile", required=False)
        if value not in usual and not is_allowed("authorizedkeysfile", value)
    ]
    assert root in usual, f"authorizedkeysfile is {root}, expected .ssh/authorized_keys"
    assert not elsewhere, "; ".join(elsewhere)
    _expect(server, strictmodes="yes", authorizedkeyscommand="none", trustedusercakeys="none")


def test_ssh_19_known_settings(host: Host) -> None:
    """Every setting in force is known, and has a value that lets nobody do more."""
    unknown = [
        f"{setting} {value}{_for(account)}"
        for account, setting, value in ssh_server(host).settings()
        if setting not in JUDGED and not is_allowed(setting, value.lower())
    ]
    assert not unknown, f"not known to let nobody do more: {'; '.join(unknown)}"


def _for(account: str) -> str:
    return "" if account == ROOT else f" for {account}"


def _values(server: SshServer, setting: str, *, required: bool = True) -> list[tuple[str, str]]:
    """Return account and value, in lower case, of a setting that root has at least."""
    if required and setting not in server.accounts[ROOT]:
        raise UndeterminedError(f"sshd -T says nothing of {setting}")
    return [
        (account, value.lower())
        for account, values in server.accounts.items()
        for value in values.get(setting, ())
    ]


def _values_beyond(server: SshServer, setting: str, allowed: set[str]) -> list[str]:
    return [
        f"{setting} is {value}{_for(account)}"
        for account, value in _values(server, setting)
        if value not in allowed
    ]


def _expect(server: SshServer, **expected: str) -> None:
    wrong = []
    for setting, value in expected.items():
        said = _values(server, setting, required=False)
        wrong += [] if said else [f"{setting} is not set, expected {value}"]
        wrong += [
            f"{setting} is {other}{_for(account)}, expected {value}"
            for account, other in said
            if other != value
        ]
    assert not wrong, "; ".join(wrong)
