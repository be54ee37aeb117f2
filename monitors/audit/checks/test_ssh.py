"""The SSH server, judged by what `sshd -T` says is in force with every drop-in."""
# ruff: noqa: S101

from fnmatch import fnmatchcase

from monitors.audit.collect.backends import Host
from monitors.audit.facts.sshd import FOLDER, SERVER_FILES, sshd_lines
from monitors.audit.facts.system import (
    SSHD_EFFECTIVE,
    files,
    loose_files,
    sshd_settings,
    unit_state,
)
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

KEYS_ONLY_FOR_ROOT = {"no", "prohibit-password", "without-password", "forced-commands-only"}
TOLD_BY_DEFAULT = ("\\", "debian", "ubuntu", "linux")

CIPHERS = {
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
}
MACS = {
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "umac-128-etm@openssh.com",
}
KEY_EXCHANGES = {
    "mlkem768x25519-sha256",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
}
# What a Match block may say where it says it at all; `sshd -T` shows one user's side only.
IN_MATCH_BLOCKS: dict[str, set[str]] = {
    "permitrootlogin": KEYS_ONLY_FOR_ROOT,
    "passwordauthentication": {"no"},
    "kbdinteractiveauthentication": {"no"},
    "challengeresponseauthentication": {"no"},
    "gssapiauthentication": {"no"},
    "kerberosauthentication": {"no"},
    "hostbasedauthentication": {"no"},
    "ignorerhosts": {"yes"},
    "permitemptypasswords": {"no"},
    "permituserenvironment": {"no"},
    "allowtcpforwarding": {"no"},
    "allowagentforwarding": {"no"},
    "allowstreamlocalforwarding": {"no"},
    "x11forwarding": {"no"},
    "permittunnel": {"no"},
    "gatewayports": {"no"},
    "disableforwarding": {"yes"},
    "authorizedkeyscommand": {"none"},
    "trustedusercakeys": {"none"},
    "allowusers": set(),
    "allowgroups": set(),
}


def allowed_users(host: Host) -> tuple[str, ...]:
    """Return the patterns of AllowUsers; sshd prints one a line."""
    rows = (line.partition(" ") for line in host.check_output(SSHD_EFFECTIVE).splitlines())
    return tuple(value for setting, _, value in rows if setting.lower() == "allowusers")


def test_ssh_01_root_needs_a_key(host: Host) -> None:
    """Root logs in with a key or not at all."""
    value = sshd_settings(host)["permitrootlogin"]
    assert value in KEYS_ONLY_FOR_ROOT, (
        f"permitrootlogin is {value}, expected no or prohibit-password"
    )


def test_ssh_02_keys_only(host: Host) -> None:
    """No password, no keyboard-interactive login and no ticket; public keys work."""
    _expect(
        sshd_settings(host),
        passwordauthentication="no",
        kbdinteractiveauthentication="no",
        gssapiauthentication="no",
        kerberosauthentication="no",
        pubkeyauthentication="yes",
    )


def test_ssh_03_few_tries(host: Host, limits: Limits) -> None:
    """A connection is closed after a few tries to log in."""
    tries = int(sshd_settings(host)["maxauthtries"])
    assert tries <= limits["tries"], f"maxauthtries is {tries}, expected at most {limits['tries']}"


def test_ssh_04_strong_algorithms(host: Host) -> None:
    """Only algorithms of the allow-lists are offered."""
    settings = sshd_settings(host)
    allowed = {"ciphers": CIPHERS, "macs": MACS, "kexalgorithms": KEY_EXCHANGES}
    for setting, good in allowed.items():
        weak = sorted(set(settings[setting].split(",")) - good)
        assert not weak, f"{setting} also offers {', '.join(weak)}"


def test_ssh_05_no_forwarding(host: Host, declared: Declared) -> None:
    """No port, agent, screen or tunnel is forwarded; a jump host forwards to its hosts only."""
    settings = sshd_settings(host)
    if declared.jumped_to and settings.get("allowtcpforwarding") == "local":
        beyond = set(settings.get("permitopen", "any").split()) - set(declared.jumped_to)
        assert not beyond, f"permitopen has {', '.join(sorted(beyond))}, no host jumps there"
    else:
        _expect(settings, allowtcpforwarding="no")
    _expect(
        settings,
        allowagentforwarding="no",
        allowstreamlocalforwarding="no",
        x11forwarding="no",
        permittunnel="no",
        gatewayports="no",
    )


def test_ssh_06_no_empty_password(host: Host) -> None:
    """An account without a password cannot be logged in to."""
    _expect(sshd_settings(host), permitemptypasswords="no")


def test_ssh_07_root_stays_out(host: Host) -> None:
    """Root does not log in at all: administrators have accounts of their own and use sudo."""
    _expect(sshd_settings(host), permitrootlogin="no")


def test_ssh_08_no_trusted_hosts(host: Host) -> None:
    """Nobody gets in on another host's word."""
    _expect(sshd_settings(host), hostbasedauthentication="no", ignorerhosts="yes")


def test_ssh_09_slow_and_silent(host: Host, limits: Limits) -> None:
    """A login takes a short time, and a connection that has gone silent is noticed."""
    settings = sshd_settings(host)
    grace, interval = int(settings["logingracetime"]), int(settings["clientaliveinterval"])
    count = int(settings["clientalivecountmax"])
    assert 0 < grace <= limits["login_seconds"], (
        f"logingracetime is {grace}, expected 1 to {limits['login_seconds']} seconds"
    )
    assert interval > 0, "clientaliveinterval is 0, expected a positive number of seconds"
    assert count > 0, "clientalivecountmax is 0, expected at least 1"


def test_ssh_10_sessions_by_pam(host: Host) -> None:
    """PAM opens every session, and nobody brings an environment of their own."""
    _expect(sshd_settings(host), permituserenvironment="no", usepam="yes")


def test_ssh_11_declared_accounts_only(host: Host, declared: Declared) -> None:
    """Who may log in is listed: the administrator, and nobody whom the inventory does not know."""
    patterns, denied = allowed_users(host), sshd_settings(host).get("denyusers", "")
    names = [login.account for login in declared.logins]
    assert patterns, "AllowUsers is not set: every account with a key may log in"
    outside = [n for n in names if not any(fnmatchcase(n, p.split("@")[0]) for p in patterns)]
    assert not outside, f"AllowUsers shuts out {', '.join(outside)}"
    assert not denied, f"DenyUsers is {denied}, expected none"
    others = sorted(p for p in patterns if p.split("@")[0] not in names)
    assert not others, f"AllowUsers also lets in {', '.join(others)}, not declared"


def test_ssh_12_logins_are_logged(host: Host) -> None:
    """The log tells who logged in with which key."""
    level = sshd_settings(host)["loglevel"]
    assert level in ("info", "verbose"), f"loglevel is {level}, expected INFO or VERBOSE"


def test_ssh_13_files(host: Host) -> None:
    """The server's configuration and private host keys are closed to everyone but root."""
    server_files = [file for file in files(host, *SERVER_FILES) if file.path != FOLDER]
    public = tuple(file for file in server_files if file.path.endswith(".pub"))
    closed = tuple(file for file in server_files if file not in public)
    names = [file.path for file in closed]
    assert "/etc/ssh/sshd_config" in names, "/etc/ssh/sshd_config is absent"
    assert any(name.endswith("_key") for name in names), "there is no private host key in /etc/ssh"
    wrong = (*loose_files(closed, 0o600), *loose_files(public, 0o644))
    assert not wrong, "; ".join(wrong)


def test_ssh_14_no_loose_match_block(host: Host) -> None:
    """No Match block opens for some what is closed for all, and no file is read from elsewhere."""
    lines = sshd_lines(host)
    looser = [
        f"Match {line.match} in {line.file}: {line.setting} {line.value}"
        for line in lines
        if line.match
        and line.value.lower() not in IN_MATCH_BLOCKS.get(line.setting, {line.value.lower()})
    ]
    elsewhere = [
        f"{line.file} includes {line.value}"
        for line in lines
        if line.setting == "include" and line.value != f"{FOLDER}/*.conf"
    ]
    assert any(line.setting == "include" for line in lines), f"{FOLDER} is not included"
    assert not looser, "; ".join(looser)
    assert not elsewhere, "; ".join(elsewhere)


def test_ssh_15_in_force(host: Host) -> None:
    """The server was started or reloaded after its files were last written."""
    server_files = files(host, *SERVER_FILES)
    read = int(unit_state(host, "ssh.service")["StateChangeTimestamp"].removeprefix("@"))
    newer = [
        file.path for file in server_files if "_host_" not in file.path and file.written > read
    ]
    assert server_files, "/etc/ssh/sshd_config is absent"
    assert not newer, f"written after the server last read it: {', '.join(newer)}"


def test_ssh_16_banner(host: Host) -> None:
    """Before a login stands a warning that does not tell what the system is."""
    text = host.run("cat /etc/issue.net").stdout
    file = sshd_settings(host)["banner"]
    words = [word for word in TOLD_BY_DEFAULT if word in text.lower()]
    assert file == "/etc/issue.net", f"banner is {file}, expected /etc/issue.net"
    assert text.strip(), "/etc/issue.net is empty or absent"
    assert not words, f"/etc/issue.net tells what the system is: {', '.join(words)}"


def test_ssh_17_bounded(host: Host, limits: Limits) -> None:
    """The number of connections that have not logged in, and of sessions in one, is bounded."""
    settings = sshd_settings(host)
    sessions = int(settings["maxsessions"])
    startups = tuple(int(part) for part in settings["maxstartups"].split(":"))
    most = limits["sessions"]
    assert 0 < sessions <= most, f"maxsessions is {sessions}, expected 1 to {most}"
    assert startups[0] <= limits["startups_from"], (
        f"maxstartups is {settings['maxstartups']}: starts late"
    )
    assert startups[2] <= limits["startups_all"], (
        f"maxstartups is {settings['maxstartups']}: ends late"
    )


def test_ssh_18_keys_from_safe_files(host: Host) -> None:
    """Keys come from one file an account, which nobody else can write, and from nowhere else."""
    _expect(
        sshd_settings(host),
        strictmodes="yes",
        authorizedkeysfile=".ssh/authorized_keys",
        authorizedkeyscommand="none",
        trustedusercakeys="none",
    )


def _expect(settings: dict[str, str], **expected: str) -> None:
    wrong = [
        f"{setting} is {settings.get(setting, 'not set')}, expected {value}"
        for setting, value in expected.items()
        if settings.get(setting) != value
    ]
    assert not wrong, "; ".join(wrong)
