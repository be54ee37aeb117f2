"""Who may become root by sudo or su, how far, and whether it is written down."""
# ruff: noqa: S101

import json
import re
from fnmatch import fnmatchcase
from typing import Any

from monitors.audit.collect.backends import Host
from monitors.audit.facts.accounts import SUDO_LOG, accounts, groups
from monitors.audit.facts.pam import pam_options, stack_lines
from monitors.audit.facts.sudo_defaults import is_harmless_default
from monitors.audit.facts.system import config_lines, files
from monitors.audit.model.controls import Limits
from monitors.audit.model.declared import Declared

# sudo's own parser, all files included, aliases replaced by what they stand for.
POLICY = "cvtsudoers -e -f json /etc/sudoers"
# Who needs no password for what: the auditor's account for the collector, without arguments.
AUTOMATION = {("bastide-audit", '/usr/local/libexec/bastide/bastide-collector ""')}
DEFAULT_TIMEOUT_MINUTES = 15
# Administrators may do anything, knowingly; every other rule names what.
FULL = "ALL"
ADMINISTRATORS = ("root", "%sudo")
# Only root writes below these.
PROGRAM_FOLDERS = ("/usr/", "/bin/", "/sbin/", "/opt/")
# Whoever runs one of these runs anything, whatever arguments a rule names.
SHELLS = (
    *("*sh", "busybox", "python*", "perl*", "ruby*", "lua*", "node", "php*", "awk", "*awk", "env"),
    *(
        "su",
        "sudo*",
        "doas",
        "pkexec",
        "vi",
        "vim*",
        "view",
        "nano",
        "emacs*",
        "ed",
        "less",
        "more",
    ),
    *(
        "man",
        "find",
        "xargs",
        "tar",
        "rsync",
        "scp",
        "sftp",
        "ssh",
        "gdb",
        "strace",
        "screen",
        "tmux",
    ),
    *(
        "nsenter",
        "unshare",
        "chroot",
        "systemd-run",
        "setpriv",
        "runuser",
        "script",
        "expect",
        "make",
    ),
    # They show what is long in a pager, ask an editor, or are consoles of their own.
    *("journalctl", "systemctl", "git", "crontab", "visudo", "vipw", "vigr", "edquota", "mysql"),
    *("psql", "sqlite3", "ftp", "docker", "podman", "lxc*", "kubectl", "pip*", "npm", "gem"),
    *("ansible*", "mount", "dd", "tee", "cp", "mv", "ln", "install", "chmod", "chown", "setfacl"),
)
# Of these, with exactly such arguments, none does.
PLAIN_COMMANDS = re.compile(
    r"/(usr/)?bin/systemctl (start|stop|restart|reload|try-restart|reload-or-restart|is-active)"
    r"( [A-Za-z0-9@:._-]+)+"
)
SUDO_CONF, NAME_SERVICES = "/etc/sudo.conf", "/etc/nsswitch.conf"
OWN_PLUGINS = ("sudoers_policy", "sudoers_io", "sudoers_audit")


def policy(host: Host) -> dict[str, Any]:
    """Return sudo's rules and defaults as its own parser reads them."""
    rules: dict[str, Any] = json.loads(host.check_output(POLICY))
    return rules


def defaults(rules: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults that hold for all, the last value of each."""
    return {
        name: value
        for part in rules.get("Defaults", [])
        if "Binding" not in part
        for option in part["Options"]
        for name, value in option.items()
    }


def _options_of_all(rules: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every default, those for some users, hosts or programs too."""
    return [option for part in rules.get("Defaults", []) for option in part["Options"]]


def grants(rules: dict[str, Any]) -> list[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Return every grant: to whom, its options, its commands; once for each who is named."""
    return [
        (_who(user), _options(grant), grant["Commands"])
        for spec in rules.get("User_Specs", [])
        for user in spec["User_List"]
        if not user.get("negated")
        for grant in spec["Cmnd_Specs"]
    ]


def _who(user: dict[str, Any]) -> str:
    signs = {
        **{"usergroup": "%", "netgroup": "+", "usergid": "%#", "userid": "#"},
        **{"nonunixgroup": "%:", "nonunixgid": "%:#"},
    }
    return next(
        signs.get(kind, "") + str(value) for kind, value in user.items() if kind != "negated"
    )


def _options(grant: dict[str, Any]) -> dict[str, Any]:
    return {name: value for option in grant.get("Options", []) for name, value in option.items()}


def test_sudo_01_terminal_of_its_own(host: Host) -> None:
    """sudo is there and runs what it is asked in a terminal of its own, for everybody."""
    rules = policy(host)
    options = _options_of_all(rules)
    assert defaults(rules).get("use_pty") is True, "use_pty is not among sudo's defaults"
    assert {"use_pty": False} not in options, "use_pty is taken back for some"


def test_sudo_02_log_file(host: Host) -> None:
    """Every use of sudo is written to a log of its own, which root alone reads."""
    rules, log = policy(host), files(host, SUDO_LOG)
    name = defaults(rules).get("logfile")
    others = [o["logfile"] for o in _options_of_all(rules) if o.get("logfile", name) != name]
    loose = [f for f in log if f.mode & 0o037 or f.owner != "root"]
    assert name == SUDO_LOG, f"logfile is {name or 'not set'}, expected {SUDO_LOG}"
    assert not others, f"logfile is another for some: {others[0] or 'none'}"
    assert not loose, f"{SUDO_LOG} is {loose[0].mode:04o} {loose[0].owner}, expected 0600 root"


def test_sudo_03_password_asked(host: Host) -> None:
    """sudo skips the password for automation's single programs only."""
    rules = policy(host)
    free = [
        f"{who} for {', '.join(_command(c) for c in commands)}"
        for who, options, commands in grants(rules)
        if options.get("authenticate") is False
        and not {(who, _command(command)) for command in commands} <= AUTOMATION
    ]
    off = [part for part in rules.get("Defaults", []) if {"authenticate": False} in part["Options"]]
    assert not free, f"sudo asks for no password: {'; '.join(free)}"
    assert not off, "sudo's defaults switch the password off"


def _command(command: dict[str, Any]) -> str:
    return str(command.get("command", "alias"))


def test_sudo_04_exact_rules(host: Host, declared: Declared) -> None:
    """No rule says what is forbidden, and a rule for one program says with which arguments."""
    rules, people, group_rows = grants(policy(host)), accounts(host), groups(host)
    administrators = {login.account for login in declared.logins if login.may_become_root}
    # A group of administrators only is as good as naming them.
    for group in group_rows:
        members = {*group.members, *(a.name for a in people if a.gid == group.gid)}
        if members <= {*administrators, "root"}:
            administrators.add(f"%{group.name}")
    negated = [f"{who}: !{_command(c)}" for who, _, cs in rules for c in cs if c.get("negated")]
    open_ended = [
        f"{who}: {_command(command)}"
        for who, _, commands in rules
        for command in commands
        if not (_command(command) == FULL and (who in ADMINISTRATORS or who in administrators))
        if not _is_exact(_command(command))
    ]
    changing = [
        f"{who}: {_command(commands[0])}"
        for who, options, commands in rules
        if options.get("setenv") is True and FULL not in map(_command, commands)
    ]
    assert not negated, f"a forbidden program can be copied to another name: {'; '.join(negated)}"
    assert not open_ended, f"any program or argument is allowed: {'; '.join(open_ended)}"
    assert not changing, f"a program gets any environment (SETENV): {'; '.join(changing)}"


def _is_exact(command: str) -> bool:
    """Whether a rule names one program that only root writes, is no shell, and its arguments."""
    program, _, arguments = command.partition(" ")
    plain = not any(sign in command for sign in "*?[\\^")
    known = program.startswith(PROGRAM_FOLDERS) and ".." not in program
    if PLAIN_COMMANDS.fullmatch(command):
        return True
    name = program.rpartition("/")[2]
    return bool(arguments and plain and known) and not any(fnmatchcase(name, s) for s in SHELLS)


def test_sudo_05_su_is_roots(host: Host) -> None:
    """Only root passes su without being in its group, so that nobody gets around sudo."""
    stack = stack_lines(host, "su", "auth")
    rows = groups(host)
    wheel = [i for i, line in enumerate(stack) if "pam_wheel.so" in line and _is_needed(line)]
    password = [i for i, line in enumerate(stack) if "pam_unix.so" in line]
    assert password, "su asks for no password"
    assert wheel, "su asks for no group: pam_wheel is not in its stack"
    assert wheel[0] < password[0], "su asks for its group too late"
    assert "use_uid" in stack[wheel[0]].split(), "pam_wheel looks at who logged in, not who asks"
    group = pam_options([stack[wheel[0]]]).get("group", "wheel")
    members = [name for row in rows if row.name == group for name in row.members]
    assert not members, f"may use su: {', '.join(members)}"


def _is_needed(line: str) -> bool:
    words = line.split()
    return words[1] in ("required", "requisite") and not {"trust", "deny"} & set(words)


def test_sudo_06_asks_again(host: Host, limits: Limits) -> None:
    """A password counts for a short time."""
    rules = policy(host)
    named = [o["timestamp_timeout"] for o in _options_of_all(rules) if "timestamp_timeout" in o]
    for timeout in (defaults(rules).get("timestamp_timeout", DEFAULT_TIMEOUT_MINUTES), *named):
        minutes = float(timeout)
        assert 0 <= minutes <= limits["minutes"], (
            f"timestamp_timeout is {timeout}, expected 0 to {limits['minutes']} minutes"
        )


def test_sudo_07_known_defaults(host: Host) -> None:
    """Every default of sudo is known and weakens nothing, and rules come from its files only."""
    rules = policy(host)
    plugins, services = config_lines(host, SUDO_CONF), config_lines(host, NAME_SERVICES)
    weak = [
        f"{name}={value}"
        for option in _options_of_all(rules)
        for name, value in option.items()
        if name != "operation" and not is_harmless_default(name, value, option.get("operation"))
    ]
    foreign = [line for line in plugins if not _is_own_plugin(line.split())]
    elsewhere = [
        line
        for line in services
        for name, _, where in [line.partition(":")]
        if name.strip().lower() == "sudoers" and where.split("#")[0].split() != ["files"]
    ]
    assert not weak, f"sudo's defaults are weakened, or not known: {'; '.join(weak)}"
    assert not foreign, f"{SUDO_CONF}: {'; '.join(foreign)}"
    assert not elsewhere, f"rules that nobody sees here come from elsewhere: {elsewhere[0]}"


def _is_own_plugin(words: list[str]) -> bool:
    """Whether a line of sudo.conf(5) loads sudo's own plugin or sets what lets nobody do more."""
    if words[0] == "Plugin":
        # Further words would be arguments: another file of rules, another owner of it.
        return words[1] in OWN_PLUGINS and words[2:] == ["sudoers.so"]
    return words[0] == "Set" and words[1] != "plugin_dir"
