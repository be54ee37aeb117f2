"""What files that no package brought have root's daemons do, each kind in its own language."""

import re
from collections.abc import Callable, Iterator

from monitors.audit.facts.apt_programs import is_known_option
from monitors.audit.facts.linking import takes_orders

# Where root's daemons, login shells and package manager find orders. Links to what a package has
# elsewhere are its own. `wants` folders hold links that say which units start, and no orders.
FOLDERS = (
    "/usr/lib/systemd/system /usr/lib/systemd/system-generators /usr/lib/systemd/system- "
    "environment-generators /usr/lib/systemd/system-sleep /usr/lib/systemd/system-shutdown "
    "/usr/lib/systemd/user /usr/lib/udev/rules.d /usr/lib/tmpfiles.d /usr/lib/modprobe.d "
    "/usr/lib/binfmt.d /usr/lib/NetworkManager/dispatcher.d /usr/lib/networkd-dispatcher "
    "/usr/share/polkit-1/rules.d /usr/share/polkit-1/actions /usr/share/dbus-1/system-services "
    "/usr/share/dbus-1/system.d /usr/local/share/dbus-1/system-services /etc/systemd/system- "
    "sleep /etc/systemd/system-shutdown /etc/systemd/user /run/systemd/user "
    "/usr/local/lib/systemd/user /root/.config/systemd/user /root/.local/share/systemd/user "
    "/etc/polkit-1/rules.d /etc/polkit-1/localauthority /var/lib/polkit-1/localauthority "
    "/etc/dbus-1/system.d /etc/ld.so.conf.d /etc/profile.d /etc/udev/rules.d /run/udev/rules.d "
    "/usr/local/lib/udev/rules.d /etc/modprobe.d /run/modprobe.d /etc/tmpfiles.d "
    "/run/tmpfiles.d /usr/local/lib/tmpfiles.d /etc/binfmt.d /etc/dpkg/dpkg.cfg.d "
    "/etc/logrotate.d /etc/network/interfaces.d /var/lib/cloud/scripts/per-boot"
)
FILES = (
    "/etc/network/interfaces /etc/dpkg/dpkg.cfg /etc/logrotate.conf /etc/ssh/sshrc /root/.ssh/rc "
    "/root/.pam_environment /etc/dhcpcd.enter-hook /etc/dhcpcd.exit-hook /root/.dpkg.cfg"
)
# Of folders that root's daemons read by name, which names they read.
READ = {
    "rules.d": (".rules",),
    "tmpfiles.d": (".conf",),
    "modprobe.d": (".conf",),
    "binfmt.d": (".conf",),
    "ld.so.conf.d": (".conf",),
    "system.d": (".conf",),
    "profile.d": (".sh",),
    "actions": (".policy",),
    "system-services": (".service",),
    "system": (
        *(".service", ".timer", ".socket", ".path", ".mount", ".automount", ".target", ".swap"),
        ".slice",
    ),
}
PLAIN_VALUE = r"[\w.,:/@%+ -]*"
QUOTED = rf"\"{PLAIN_VALUE}\"|'{PLAIN_VALUE}'|[\w.,:/@%+-]*"
# Of a login shell's: masks, limits, and variables of a plain value.
PROFILE = re.compile(
    rf"umask [0-7]+|ulimit [\w -]+|if \[ [\w\"'${{}} !=-]+ \]; then|fi|(readonly|export) \w+"
    rf"|((readonly|export) )?(?P<name>\w+)=({QUOTED})"
)
STARTING = re.compile(r"\b(RUN|PROGRAM|IMPORT\{program\}|ENV\{SYSTEMD_(USER_)?WANTS\})")
MODULES = re.compile(r"(install|remove)\s+\S+\s+(.*)")
NOTHING = re.compile(r"(/usr)?/bin/(true|false)")
# Lines that Debian's own files of interfaces have.
INTERFACE = re.compile(r"(?:pre-up|up|post-up|pre-down|down|post-down)\s+(.*)")
NETWORKING = re.compile(
    r"(/usr)?(/s?bin/)?(ip|ifconfig|route|ethtool|sysctl|bridge|brctl|echo|true|vconfig|iw|tc)"
    r"( [^;&|`$()<>]*)?( \|\| true| > /(proc|sys)/[\w./-]+)?"
)
ROTATING = re.compile(r"(prerotate|postrotate|firstaction|lastaction|preremove)\b")
# Programs that tell a service to open its log anew, or that only look.
ROTATING_PROGRAMS = frozenset(
    {
        *("invoke-rc.d", "systemctl", "service", "kill", "killall", "pkill", "rsyslog-rotate"),
        *("nginx", "apachectl", "apache2ctl", "chronyc", "fail2ban-client", "smbcontrol", "rndc"),
        *("postfix", "varnishreload", "mysqladmin", "mariadb-admin", "test", "[", "true", "exit"),
        *("cat", "echo", "pgrep", "pidof", "touch", "chmod", "chown", "return", "run-parts"),
    }
)
SHELL_WORDS = frozenset(("if", "then", "else", "elif", "fi", "!", "{", "}", "for", "do", "done"))
# What makes, opens or links files is told where; there nobody but root may do so.
GUARDED = re.compile(
    r"/(etc|usr|root|boot|bin|sbin|lib\w*|var/spool/cron|var/lib/(dpkg|apt|polkit-1|systemd)"
    r"|home/[^/]+/\.ssh)(/|$)"
)
SET_ID = re.compile(r"[~:]*[24-7][0-7]{3}")


def is_read(path: str) -> bool:
    """Whether the name of a file is one that is read where it lies."""
    *folders, name = path.split("/")
    folder = folders[-1]
    if "systemd" in folders and folder.endswith((".wants", ".requires")):
        return False
    if "systemd" in folders and folder.endswith(".d"):
        return name.endswith(".conf")
    if folder == "dpkg.cfg.d":
        return bool(re.fullmatch(r"[A-Za-z0-9_-]+", name))
    return name.endswith(READ.get(folder, ("",)))


def orders(path: str, text: str) -> Iterator[str]:
    """Yield what a file has root's daemons do; its path, where its language is not read here."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    plain = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    read = next((read for place, read in LANGUAGES if re.search(place, path)), None)
    if read is None:
        yield path
    else:
        yield from read(plain)


def _of_profile(lines: list[str]) -> Iterator[str]:
    for line in lines:
        match = PROFILE.fullmatch(line)
        if not match or takes_orders(line) or match["name"] in ("PATH", "ENV"):
            yield line


def _of_udev(lines: list[str]) -> Iterator[str]:
    yield from (line for line in lines if STARTING.search(line))


def _of_modules(lines: list[str]) -> Iterator[str]:
    for line in lines:
        match = MODULES.fullmatch(line)
        if match and not NOTHING.fullmatch(match[2]):
            yield line


def _of_tmpfiles(lines: list[str]) -> Iterator[str]:
    for line in lines:
        kind, path, mode = (*line.split(), "", "", "")[:3]
        borrowed = SET_ID.fullmatch(mode) and kind[:1] not in "dDeqQv"
        if GUARDED.match(path.strip("\"'")) or kind[:1] in ("a", "A") or borrowed:
            yield line


def _of_dpkg(lines: list[str]) -> Iterator[str]:
    yield from (line for line in lines if not is_known_option(re.sub(r"\s*=\s*|\s+", "=", line)))


def _of_interfaces(lines: list[str]) -> Iterator[str]:
    for line in lines:
        match = INTERFACE.fullmatch(line)
        if match and not NETWORKING.fullmatch(match[1].strip()):
            yield line


def _of_logrotate(lines: list[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if ROTATING.match(line):
            inside = True
        elif line == "endscript":
            inside = False
        elif (inside and not _is_rotating(line)) or line.startswith(("compresscmd", "mailscript")):
            yield line


def _is_rotating(line: str) -> bool:
    """Whether a line of a script starts nothing but programs that open logs anew."""
    line = re.sub(r"`cat /(var/)?run/[\w./-]+`|\$\(cat /(var/)?run/[\w./-]+\)", "1", line)
    if re.search(r"`|\$\(|<\(|\.\.|/(var/)?tmp/|/dev/shm|/home/", line):
        return False
    parts = re.split(r"[;&|]+", re.sub(r"\d?>>?\s*(/dev/null|&\d)|&>\s*/dev/null", " ", line))
    return ">" not in "".join(parts) and all(map(_is_rotating_part, map(str.split, parts)))


def _is_rotating_part(words: list[str]) -> bool:
    while words and words[0] in SHELL_WORDS:
        words = words[1:]
    folder, _, name = (words or ["true"])[0].rpartition("/")
    known = not folder or re.fullmatch(r"(/usr)?/(s?bin|lib(exec)?(/[\w-]+)?)", folder)
    return bool(known) and name in ROTATING_PROGRAMS


LANGUAGES: tuple[tuple[str, Callable[[list[str]], Iterator[str]]], ...] = (
    (r"^/etc/profile\.d/", _of_profile),
    (r"/udev/rules\.d/", _of_udev),
    (r"/modprobe\.d/", _of_modules),
    (r"/tmpfiles\.d/", _of_tmpfiles),  # noqa: S108
    (r"^/etc/dpkg/|^/root/\.dpkg\.cfg$", _of_dpkg),
    (r"^/etc/network/interfaces", _of_interfaces),
    (r"^/etc/logrotate\.", _of_logrotate),
)
