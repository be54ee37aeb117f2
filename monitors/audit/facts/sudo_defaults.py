"""What each default of sudo may be, as sudoers(5) of 1.9 has them.

Closed: one that stands in no table is not known, and not harmless.
"""

from fnmatch import fnmatchcase
from typing import Any

# Whatever they are: how a message looks, what more is logged, or what asks for more.
HARMLESS = frozenset(
    {
        *("mail_badpass", "mail_no_user", "mail_no_host", "mail_no_perms", "mail_always"),
        *("mail_all_cmnds", "mailto", "mailfrom", "mailsub", "noninteractive_auth"),
        *(
            "lecture",
            "lecture_status_dir",
            "cmddenial_message",
            "json_compact",
            "badpass_message",
            "passprompt",
        ),
        *("passprompt_override", "insults", "authfail_message", "long_otp_prompt", "pwfeedback"),
        *("use_pty", "timestamp_timeout", "passwd_timeout", "loglinelen", "log_year"),
        *("log_host", "log_format", "log_exit_status", "log_subcmds", "log_input", "log_output"),
        *("log_stdin", "log_stdout", "log_stderr", "log_ttyin", "log_ttyout", "log_servers"),
        *("log_passwords", "iolog_file", "iolog_flush"),
        *(
            "compress_io",
            "maxseq",
            "syslog_goodpri",
            "syslog_badpri",
            "syslog_maxlen",
        ),
        *("syslog_pid", "requiretty", "umask_override", "fqdn", "set_logname"),
        *("set_utmp", "set_home", "always_set_home", "stay_setuid", "utmp_runas", "rootpw"),
        *("command_timeout", "user_command_timeouts", "noexec", "closefrom", "ignore_dot"),
        *("sudoers_locale", "netgroup_tuple", "match_group_by_gid", "case_insensitive_user"),
        *("case_insensitive_group", "use_netgroups", "rlimit_core"),
        *("rlimit_nofile", "rlimit_nproc"),
        *("passwd_tries", "root_sudo", "shell_noargs", "path_info", "preserve_groups", "targetpw"),
        *("runaspw", "intercept", "log_children"),
    }
)
# These only.
ONLY: dict[str, tuple[Any, ...]] = {
    "env_reset": (True,),
    "authenticate": (True,),
    "tty_tickets": (True,),
    "timestamp_type": ("tty", "ppid"),
    "syslog": ("auth", "authpriv"),
    "log_allowed": (True,),
    "log_denied": (True,),
    "setenv": (False,),
    "visiblepw": (False,),
    "fast_glob": (False,),
    "sudoedit_checkdir": (True,),
    "sudoedit_follow": (False,),
    "env_editor": (False,),
    # root runs it, with these arguments.
    "mailerpath": ("/usr/sbin/sendmail", "/usr/lib/sendmail", False),
    "mailerflags": ("-t",),
    "pam_session": (True,),
    "pam_setcred": (True,),
    "iolog_user": ("root", False),
    "iolog_group": ("root", "adm", False),
    "pam_service": ("sudo",),
    "pam_login_service": ("sudo-i", "sudo"),
    "pam_acct_mgmt": (True,),
    "pam_askpass_service": ("sudo",),
    "runas_default": ("root",),
    "verifypw": ("all", "always", "any"),
    "listpw": ("all", "always", "any"),
    "noexec_file": ("/usr/lib/sudo/sudo_noexec.so", "/usr/libexec/sudo/sudo_noexec.so"),
    "timestampdir": ("/run/sudo/ts",),
    "exempt_group": (False,),
    "group_plugin": (False,),
    "env_file": (False,),
    "runas_allow_unknown_id": (False,),
    "ignore_iolog_errors": (False,),
    "ignore_logfile_errors": (True, False),
    "ignore_audit_errors": (True, False),
}
ROOTS_FOLDERS = frozenset(
    ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/snap/bin")
)
EDITORS = frozenset(f"/usr/bin/{name}" for name in ("editor", "nano", "vi", "vim", "vim.tiny"))
# Files and folders: what root shows to everybody, and where it writes what was typed.
PLACES: dict[str, tuple[str, ...]] = {
    "lecture_file": ("/etc/*lecture*", "/usr/share/*", "/usr/local/share/*"),
    "iolog_dir": ("/var/log/*",),
    "logfile": ("/var/log/*",),
    "restricted_env_file": ("/etc/*",),
}
# Bits: of those that are named others have none, of those that are masked all are taken.
OCTAL: dict[str, tuple[int, int]] = {"iolog_mode": (0o007, 0), "umask": (0o022, 0o022)}
# Variables that no program takes orders from.
KEPT = (
    *(
        "LANG",
        "LANGUAGE",
        "LC_*",
        "TERM",
        "COLORS",
        "COLORTERM",
        "NO_COLOR",
        "DISPLAY",
        "XAUTHORITY",
    ),
    *("SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "SSH_AUTH_SOCK", "SUDO_*", "TZ", "HOSTNAME"),
    *("*_proxy", "*_PROXY", "GIT_AUTHOR_*", "GIT_COMMITTER_*", "EMAIL", "DEBIAN_FRONTEND", "MAIL"),
    *(
        "INPUTRC",
        "LS_COLORS",
        "QTDIR",
        "USERNAME",
        "XDG_*",
        "KRB5CCNAME",
        "DEBEMAIL",
        "DEBFULLNAME",
    ),
    *("HISTSIZE", "KDEDIR", "PS1", "PS2", "XMODIFIERS", "GTK_IM_MODULE", "QT_IM_MODULE", "LINGUAS"),
    *("DEBUGINFOD_URLS", "DEBUGINFOD_PROGRESS", "CHARSET", "SYSTEMD_*COLORS"),
)


def is_harmless_default(name: str, value: Any, operation: str | None = None) -> bool:
    """Whether a default as cvtsudoers prints it weakens nothing; False when it is not known.

    A list has an `operation` beside it: what is taken from one adds nothing.
    """
    if name == "secure_path":
        return isinstance(value, str) and set(value.split(":")) <= ROOTS_FOLDERS
    if name == "env_keep":
        kept = value if isinstance(value, list) else [value]
        harmless = all(any(fnmatchcase(str(v), p) for p in KEPT) for v in kept)
        return value is False or operation == "list_remove" or harmless
    if name in ("env_check", "env_delete"):
        return operation == "list_add"
    if name == "editor":
        return isinstance(value, str) and set(value.split(":")) <= EDITORS
    if name in PLACES:
        return value is False or any(_lies_in(str(value), place) for place in PLACES[name])
    if name in OCTAL:
        bits, wanted = OCTAL[name]
        return value is False or _octal(str(value)) & bits == wanted
    if name in ONLY:
        return value in ONLY[name]
    return name in HARMLESS


def _lies_in(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern) and ".." not in path


def _octal(text: str) -> int:
    """Return access bits; what is no number has those that are never allowed."""
    try:
        return int(text, 8)
    except ValueError:
        return 0o007
