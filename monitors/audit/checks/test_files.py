"""Files whose access bits decide who is in charge.

What needs every file of the host is read from the walk that the host does once a day.
"""
# ruff: noqa: S101

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.linking import takes_orders
from monitors.audit.facts.system import (
    PLAIN,
    SYSTEMD,
    access_lists,
    ask,
    config_lines,
    files,
    kept_result,
    loose_files,
    manager_settings,
)

ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/passwd-", "/etc/group-")
SECRETS = ("/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-")
TIMED_JOBS = (
    "/etc/crontab",
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
    "/etc/cron.yearly",
    "/etc/cron.d",
)
ALLOWED_USERS = ("/etc/cron.allow", "/etc/at.allow")
NAMED_THERE = f"grep -hvE '^[[:space:]]*$' {' '.join(ALLOWED_USERS)}"
WALK = "/var/lib/bastide-file-walk/result.json"
WALK_HOURS = 48.0
APPROVED = Path(__file__).parent / "approved_programs.yml"
NO_LOGIN = ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false", "/bin/sync")
# Of these dot files, whatever their access bits: they let others in without a password.
TRUSTING = (".rhosts", ".shosts", ".forward")
PRIVATE = (".netrc", ".bash_history", ".pgpass", ".ssh")
LOOSE = r"\( -type d -o -type f \) \( -perm /022 -o ! -user root \) -printf '%m %u:%g %p\n'"
UNITS = f"find /etc/systemd /usr/lib/systemd {LOOSE}"
# What is there, then what links lead to.
WRITABLE = r"\( -type d -o -type f \) \( -perm /022 -o ! -user root \) -printf '%m %u:%g %p\n'"
SETTINGS = (
    f"find /etc {WRITABLE} && find /etc -type l -exec sh -c "
    f"'find -L \"$@\" -maxdepth 0 {WRITABLE.replace(chr(39), chr(34))}' - {{}} +"
)
# Services read these as themselves: what is theirs there decides nothing of root's. Elsewhere below
# /etc everything is root's.
OWN_SETTINGS = re.compile(r"/etc/([^/]+)(/|$)")
READ_BY_ROOT = frozenset(
    {
        *("apt", "pam.d", "security", "sudoers.d", "systemd", "profile.d", "ssh", "ssl", "cron.d"),
        *("cron.hourly", "cron.daily", "cron.weekly", "cron.monthly", "cron.yearly", "default"),
        *("init.d", "udev", "network", "netplan", "modprobe.d", "modules-load.d", "sysctl.d"),
        *("ld.so.conf.d", "logrotate.d", "rsyslog.d", "audit", "dbus-1", "polkit-1", "skel"),
        *("alternatives", "update-motd.d", "kernel", "initramfs-tools", "grub.d", "dpkg", "nginx"),
        *("apache2", "php", "ca-certificates", "tmpfiles.d", "sysusers.d", "bastide", "docker"),
        # Files and not folders: whoever has a name like one owns no settings of its own there.
        *("passwd", "passwd-", "group", "group-", "shadow", "shadow-", "gshadow", "gshadow-"),
        *("sudoers", "sudo.conf", "profile", "bash.bashrc", "environment", "crontab", "anacrontab"),
        *("hosts", "fstab", "ld.so.conf", "ld.so.preload", "ld.so.cache", "nsswitch.conf"),
        *("nftables.conf", "pam.conf", "login.defs", "rc.local", "inittab", "shells", "subuid"),
        *(
            "subgid",
            "crypttab",
            "exports",
            "hosts.allow",
            "hosts.deny",
            "doas.conf",
            "adduser.conf",
        ),
        *("polkit", "cron.allow", "at.allow", "logrotate.conf", "rsyslog.conf", "sysctl.conf"),
        *("binfmt.d", "cloud", "systemd-network", "pki", "gai.conf", "resolvconf", "iproute2"),
        *("NetworkManager", "dhcp", "ppp", "opt", "perl", "python3", "python3.11", "environment.d"),
    }
)
# Written by the service whose state it is.
OF_SERVICES = {"/etc/resolv.conf": ("systemd-resolve", "systemd-network")}
SHOWN = 5
PRELOADED, NAME_SERVICES = "/etc/ld.so.preload", "/etc/nsswitch.conf"
# Each other word there is a library, libnss_WORD, in every program that asks for a name.
SOURCES_OF_NAMES = frozenset(
    {
        *(
            "files",
            "compat",
            "db",
            "dns",
            "systemd",
            "myhostname",
            "mymachines",
            "resolve",
            "cache",
        ),
        *("mdns", "mdns_minimal", "mdns4", "mdns4_minimal", "mdns6", "mdns6_minimal", "nis"),
        *("nisplus", "hesiod", "sss", "ldap", "winbind", "wins", "extrausers", "libvirt"),
        *("libvirt_guest", "tcb", "gw_name", "docker", "ato"),
    }
)
# Each may name a library for every program that is started after it.
LINKING = ("/etc/environment", "/etc/security/pam_env.conf", "/etc/default/locale")
# A shell's own, which in these files no application has for its.
SHELLS_FILE = re.compile(r"(export\s+)?ENV\b")
# Services read these before they start.
DEFAULTS = (
    "grep -rsaHE '^[[:space:]]*(export[[:space:]]+)?"
    "(LD_|GCONV_PATH|BASH_ENV|PERL5(OPT|DB)|GLIBC_TUN)' "
    "/etc/default /etc/environment.d"
)
OPEN = "(/tmp|/var/tmp|/dev/shm|/home|/run/user)"
# Of root's processes, not those of a container, what the linker was told, and what is loaded from
# where others write.
LINKED = (
    "cd /proc && own=$(readlink 1/ns/pid) && "
    "set -- $(find [1-9]*/ns/pid -maxdepth 0 -printf '%h %u %l\\n' 2>/dev/null | "
    'awk -v own="$own" \'$2 == "root" && $3 == own { sub("/ns", "", $1); print $1 }\'); '
    f"grep -saozHE '^LD_(PRELOAD|AUDIT)=.+|^LD_LIBRARY_PATH=(.*:)?{OPEN}(/.*)?$' "
    "$(printf '%s/environ ' \"$@\") | tr '\\0' '\\n'; "
    f"grep -sHE '^[^ ]+ ..x. .* {OPEN}/' $(printf '%s/maps ' \"$@\") | "
    "sed -nE 's,^([0-9]+)/maps:.* (/[^ ]*.*),\\1/maps:\\2,p' | sort -u; echo looked"
)
# Folders that the linker's settings name, those that its cache has libraries from, and files of
# settings elsewhere.
LIBRARIES = (
    "{ cat /etc/ld.so.conf /etc/ld.so.conf.d/*.conf | "
    "grep -vE '^[[:space:]]*(include[[:space:]]|#|$)'; ldconfig -p 2>/dev/null | "
    r"sed -nE 's,.* => (/.*)/[^/]*$,\1,p'; } | grep '^/' | sort -u | "
    f"xargs -rd '\\n' sh -c 'find -L \"$@\" -maxdepth 1 {LOOSE.replace(chr(39), chr(34))}' - "
    "2>/dev/null | sort -u; "
    "grep -shE '^[[:space:]]*include[[:space:]]' /etc/ld.so.conf /etc/ld.so.conf.d/*.conf | "
    r"grep -vE '^[[:space:]]*include[[:space:]]+(/etc/)?ld\.so\.conf\.d/\*\.conf[[:space:]]*$'; "
    "echo looked"
)
# Whoever has a program of such a package's name before it decides what root runs.
BASE = (
    "apt auditd bash bsdutils chrony coreutils cron dash dpkg findutils grep iproute2 iptables "
    "kmod libc-bin login mount nftables openssh-client openssh-server passwd perl-base procps "
    "rsyslog sed sudo systemd tar udev unattended-upgrades util-linux"
)
# As their packages bring them: at.
PACKAGED = re.compile(r"6755 daemon:daemon (/usr)?/bin/at(q|rm)?")
# First the path itself, then what is loose in its folders, of which some may not be there.
PROGRAMS = (
    'path=$(sh -l -c \'echo "$PATH"\'); echo "$path"; '
    "for own in /usr/local/sbin/* /usr/local/bin/*; do name=${own##*/}; "
    'if [ -e "/usr/bin/$name" ] || [ -e "/usr/sbin/$name" ]; then '
    f"for package in {BASE}; do cat /var/lib/dpkg/info/$package.list; done 2>/dev/null | "
    'grep -qxE "(/usr)?/s?bin/$name" && echo "before the system\'s: $own"; fi; done; '
    f"find -L $(ls -d $(echo \"$path\" | tr : ' ') 2>/dev/null) -maxdepth 1 {LOOSE}"
)


def test_file_01_account_files(host: Host) -> None:
    """Account files are root's; password files are closed to everyone else."""
    public, secret = files(host, *ACCOUNTS), files(host, *SECRETS)
    assert len(public) >= len(ACCOUNTS) // 2, "/etc/passwd or /etc/group is absent"
    assert len(secret) >= len(SECRETS) // 2, "/etc/shadow or /etc/gshadow is absent"
    listed = tuple(
        f"{path} has an access list for others" for path in access_lists(host, *ACCOUNTS, *SECRETS)
    )
    _none((*loose_files(public, 0o644), *loose_files(secret, 0o640), *listed))


def test_file_02_timed_jobs(host: Host) -> None:
    """Those of cron's files that exist are root's alone."""
    _none(loose_files(files(host, *TIMED_JOBS), 0o700))


def test_file_03_who_may_time_jobs(host: Host) -> None:
    """Root alone may have cron and at start something."""
    facts, named = files(host, *ALLOWED_USERS), host.run(NAMED_THERE).stdout.split()
    absent = sorted(set(ALLOWED_USERS) - {file.path for file in facts})
    others = sorted(set(named) - {"root"})
    assert not absent, f"absent, so everyone may: {', '.join(absent)}"
    assert not others, f"may have jobs started: {', '.join(others)}"
    _none(loose_files(facts, 0o644))


def test_file_04_world_writable_files(host: Host) -> None:
    """No file can be changed by everyone."""
    _judge_walk(host, "world_writable", lambda row: _row(row))


def test_file_05_shared_folders(host: Host) -> None:
    """In a folder that everyone may write to, each may remove only what is theirs."""
    _judge_walk(host, "shared_folders", lambda row: _row(row))


def test_file_06_unowned(host: Host) -> None:
    """Every file belongs to an account and to a group that exist."""
    _judge_walk(host, "unowned", lambda row: _row(row))


def test_file_07_borrowed_rights(host: Host) -> None:
    """Only approved programs run with their owner's rights instead of their user's."""
    approved = _approved()["set_id"]
    _judge_walk(
        host,
        "set_id",
        lambda row: None if approved.get(row["path"]) == _rights(row) else _row(row),
    )


def test_file_08_capabilities(host: Host) -> None:
    """Only approved programs carry a part of root's rights."""
    approved = _approved()["capabilities"]
    _judge_walk(
        host,
        "capable",
        lambda row: (
            None
            if approved.get(row["path"]) == row["capabilities"]
            else f"{row['path']} has capabilities {row['capabilities']:#x}"
        ),
    )


def test_file_09_homes(host: Host) -> None:
    """People's homes are theirs and closed to others; nobody writes to a program's home."""
    _judge_walk(host, "homes", _home)


def test_file_10_dot_files(host: Host) -> None:
    """What steers a person's session can be written, and where private read, by them only."""
    _judge_walk(host, "dot_files", _dot_file)


def test_file_11_units(host: Host) -> None:
    """What systemd starts can be changed by root only."""
    _none(tuple(_found(host, UNITS)))


def test_file_12_settings(host: Host) -> None:
    """Under /etc nothing can be written but by root, and a service's own settings by it."""
    rows = (row.split(" ", 2) for row in _found(host, SETTINGS))
    loose = [
        (mode, owner, path) for mode, owner, path in rows if not _may_be_its_own(owner, mode, path)
    ]
    _none(tuple(f"{mode} {owner} {path}" for mode, owner, path in loose))


def _may_be_its_own(owner: str, mode: str, path: str) -> bool:
    """Whether a path is the settings of the service that owns it, closed to all others."""
    user = owner.partition(":")[0]
    if user in OF_SERVICES.get(path, ()):
        return True
    place = OWN_SETTINGS.match(path)
    if not place or int(mode, 8) & 0o022 or place[1] in READ_BY_ROOT:
        return False
    name, folder = user.lower().strip("_").removeprefix("debian-"), place[1].lower()
    return name.startswith(folder) or folder.startswith(name)


def test_file_13_roots_path(host: Host) -> None:
    """Where root looks for programs, only root can put some."""
    path, *rows = _found(host, PROGRAMS)
    loose = [row for row in rows if not PACKAGED.fullmatch(row)]
    relative = [f or "an empty entry" for f in path.split(":") if not f.startswith("/")]
    assert not relative, f"root's PATH has {', '.join(relative)}"
    _none(tuple(loose))


def test_file_14_libraries(host: Host) -> None:
    """No library is put before those of every program, and only root writes where they lie."""
    ask(host, PLAIN, LIBRARIES, SYSTEMD, DEFAULTS, LINKED)
    strange = [line for line in config_lines(host, NAME_SERVICES) if not _is_known_source(line)]
    preloaded, *named = (config_lines(host, file) for file in (PRELOADED, *LINKING))
    *loose, looked = host.run(LIBRARIES).stdout.splitlines()
    *running, asked = host.run(LINKED).stdout.splitlines() or [""]
    linking = [
        line for lines in named for line in lines if takes_orders(line) or SHELLS_FILE.match(line)
    ]
    linking += host.run(DEFAULTS).stdout.splitlines()
    manager = [w for w in manager_settings(host).get("Environment", "").split() if takes_orders(w)]
    assert looked == "looked", "the host did not show its libraries' folders"
    assert asked == "looked", "the host did not show what its programs have loaded"
    assert not preloaded, f"{PRELOADED} loads {', '.join(preloaded)} into every program"
    everywhere = [*linking, *manager]
    assert not everywhere, f"for every program: {', '.join(everywhere)}"
    assert not strange, f"{NAME_SERVICES} loads what is not known: {'; '.join(strange)}"
    assert not running, f"root's programs run with {', '.join(running[:SHOWN])}"
    _none(tuple(loose))


def _is_known_source(line: str) -> bool:
    """Whether a line of nsswitch.conf(5) names libraries of the distribution's alone."""
    words = re.sub(r"\[[^]]*\]", " ", line.partition("#")[0].partition(":")[2]).split()
    return {*map(str.lower, words)} <= SOURCES_OF_NAMES


def _judge_walk(host: Host, name: str, wrong: Callable[[dict[str, Any]], str | None]) -> None:
    """Judge one list of the last walk; a list that was cut off can fail but never pass."""
    walk, _ = kept_result(host, WALK, WALK_HOURS)
    listing = walk["lists"][name]
    _none(tuple(text for row in listing["entries"] if (text := wrong(row))))
    if walk["problem"]:
        raise UndeterminedError(f"the walk over the files was cut off: {walk['problem']}")
    if listing["truncated"]:
        kept = len(listing["entries"])
        raise UndeterminedError(f"the walk kept {kept} of {listing['count']} entries of {name}")


def _row(row: dict[str, Any]) -> str:
    return f"{row['path']} is {row['mode']} {row['owner']}:{row['group']}"


def _rights(row: dict[str, Any]) -> str:
    return f"{row['mode']} {row['owner']}:{row['group']}"


def _home(row: dict[str, Any]) -> str | None:
    """Return what is wrong with a home; programs' accounts with a shell may show theirs."""
    person = row["uid"] == 0 or 1000 <= row["uid"] < 60000
    if not person and (row["shell"] in NO_LOGIN or not row["mode"]):
        return None
    if not row["mode"]:
        return f"{row['user']} has no home {row['path']}"
    most = 0o750 if person else 0o755
    owners = (row["user"],) if person else (row["user"], "root")
    good = not int(row["mode"], 8) & 0o777 & ~most and row["owner"] in owners
    return None if good else f"{_row(row)}, expected at most {most:o} {row['user']}"


def _dot_file(row: dict[str, Any]) -> str | None:
    name, mode = row["path"].rpartition("/")[2], int(row["mode"], 8)
    if name in TRUSTING:
        return f"{row['path']} is there"
    loose = mode & (0o077 if name in PRIVATE else 0o022)
    return _row(row) if loose or row["owner"] not in (row["user"], "root") else None


@cache
def _approved() -> dict[str, Any]:
    table: dict[str, Any] = yaml.load(APPROVED.read_text(), Loader=yaml.CSafeLoader)
    return table


def _found(host: Host, command: str) -> list[str]:
    out = host.run(command)
    if out.rc != 0:
        raise UndeterminedError(f"find could not look everywhere: {out.stderr.strip()[:200]}")
    return list(out.stdout.splitlines())


def _none(wrong: tuple[str, ...]) -> None:
    more = f" … and {len(wrong) - 10} more" if len(wrong) > 10 else ""
    assert not wrong, "; ".join(wrong[:10]) + more
