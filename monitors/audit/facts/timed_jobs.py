"""What starts as root by the clock or an event, beside what packages and Bastide brought."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.orders import FILES, FOLDERS, is_read, orders

# Where whoever runs the folder starts each program in it as root: at a login, when a network comes
# up, when a kernel is installed.
HOOKS = (
    "/etc/update-motd.d /etc/network/if-pre-up.d /etc/network/if-up.d /etc/network/if-down.d "
    "/etc/network/if-post-down.d /etc/NetworkManager/dispatcher.d /etc/dhcp/dhclient-enter-hooks.d "
    "/etc/dhcp/dhclient-exit-hooks.d /etc/ppp/ip-up.d /etc/ppp/ip-down.d /etc/kernel/postinst.d "
    "/etc/kernel/postrm.d /etc/kernel/preinst.d /etc/kernel/install.d /etc/networkd-dispatcher "
    "/etc/init.d /etc/ca-certificates/update.d /etc/resolvconf/update.d /etc/pm/sleep.d "
    "/etc/resolvconf/update-libc.d /etc/needrestart/hook.d /etc/needrestart/notify.d "
    "/etc/needrestart/restart.d /etc/smartmontools/run.d /etc/smartmontools/smartd_warning.d "
    "/etc/zfs/zed.d /etc/initramfs-tools/hooks /etc/initramfs-tools/scripts /etc/grub.d "
    "/etc/letsencrypt/renewal-hooks /etc/libvirt/hooks /etc/xen/scripts"
)
# What the roles of Bastide install themselves; each plan of backups has a timer of its name.
OWN_TIMERS = (
    *("audit", "backup-timers", "backups-seen", "changes", "file-walk", "gateways", "heartbeat"),
    *("integrity", "look", "names", "received-logs", "time", "updates", "vault-tidy"),
)
OWN_UNITS = (
    rf"bastide-({'|'.join(OWN_TIMERS)}|backup-[a-z0-9-]+|revert)[.]timer|bastide-changes[.]path"
    "|bastide-signer[.]socket"
)
OWN = re.compile(OWN_UNITS)
# Of the files with orders, those that no package has, or not so: with their lines, or as a script
# where these are too many. What is masked, or a link to what a package has, is none.
UNPACKAGED = (
    f"all=$(find {FOLDERS} {FILES} -maxdepth 2 ! -type d 2>/dev/null); "
    "{ printf '%s\n' \"$packaged\"; printf '%s\n' \"$all\" | "
    "sed -n '/^.\\(etc\\|root\\|run\\)\\//d;p;s,^/usr/,/,p' | "
    "grep -shxFf - /var/lib/dpkg/info/*.list; echo; printf '%s\n' \"$all\"; } | "
    'awk \'{ plain = $0; sub(/^\\/usr\\//, "/", plain) } '
    '!listed { if ($0 == "") listed = 1; known[plain]; next } !(plain in known)\' | '
    'while read -r file; do [ -f "$file" ] && [ -s "$file" ] || continue; '
    'if [ -L "$file" ]; then target=$(realpath -m "$file"); '
    'grep -sqxF -e "$target" -e "${target#/usr}" /var/lib/dpkg/info/*.list && continue; fi; '
    'echo "$file"; done | xargs -rd "\n" awk \'FNR == 1 { print "# orders " FILENAME; size = 0 } '
    "/^[[:space:]]*(#|$)/ || size > 20000 { next } { size += length } "
    'size > 20000 { print "# script " FILENAME; next } { print " " $0 }\'; '
)
# Files of cron, anacron and such folders that are not as their package brought them. cron passes
# over names with dots in /etc/cron.d, run-parts in the others; what is empty starts nothing, and a
# link into /usr/lib or /usr/share is a package's own. Then `at`'s jobs, what /etc/rc.local is, and
# timers and path units that lie elsewhere than the distribution's.
JOBS = (
    "line='\n'; packaged=$(sed -nE "
    r"'s,^ (/etc/(cron|anacrontab|rc\.local|update-motd|network/|NetworkManager/|dhcp/|ppp/"
    r"|kernel/|networkd-|init\.d/|ca-certificates/|resolvconf/|needrestart/|smartmontools/|zfs/"
    r"|initramfs-tools/|grub\.d/|letsencrypt/|libvirt/|xen/|pm/|systemd/user|polkit-1/|dbus-1/"
    r"|ld\.so\.conf\.d/|profile\.d/|udev/|modprobe\.d/|tmpfiles\.d/|binfmt\.d/|dpkg/|logrotate"
    r")[^ ]*) ([0-9a-f]{32})$,\3  \1,p' /var/lib/dpkg/status | "
    "md5sum -c 2>/dev/null | sed -n 's/: OK$//p'); "
    "for file in /etc/crontab /etc/anacrontab /etc/cron.d/* /etc/cron.hourly/* /etc/cron.daily/* "
    "/etc/cron.weekly/* /etc/cron.monthly/* /etc/cron.yearly/* /var/spool/cron/crontabs/root "
    f"$(find {HOOKS} -mindepth 1 ! -type d 2>/dev/null) "
    "$(find /var/spool/cron/atjobs -maxdepth 1 -type f -user root 2>/dev/null) /etc/rc.local; do "
    '[ -s "$file" ] || continue; case $file in '
    "/etc/rc.local|/etc/N*|/etc/networkd*|/etc/needrestart/*|/etc/letsencrypt/*|/etc/zfs/*|/etc/grub.d/*|"
    "/etc/libvirt/*|/var/*) ;; "
    "*) case ${file##*/} in *[!A-Za-z0-9_-]*) continue;; esac;; esac; "
    'case "$line$packaged$line" in *"$line$file$line"*) continue;; esac; '
    'case $file in /var/spool/cron/atjobs/*) echo "# script $file";; '
    "/etc/crontab|/etc/anacrontab|/etc/cron.d/*|/var/*) "
    'echo "# table $file"; sed "s/^/ /" "$file"; echo;; '
    '*) case $(realpath -m "$file") in /usr/lib/*|/usr/share/*) continue;; esac; '
    '[ -x "$file" ] && echo "# script $file";; esac; done; '
    f"{UNPACKAGED}"
    # systemd-ssh-generator's (Debian 13), where they start the package's sshd@.service.
    "generated=$(cd /run/systemd/generator 2>/dev/null && "
    "for name in sshd-unix-local sshd-vsock; do "
    '[ "$(realpath "$name@.service")" = /usr/lib/systemd/system/sshd@.service ] && '
    'printf " %s.socket" "$name"; done); '
    "timers=$(systemctl show '*.timer' '*.path' '*.socket' "
    "--property=Id,FragmentPath,Unit,Triggers "
    '2>/dev/null | awk -v RS= -v generated="$generated " \'{ id = unit = path = ""; '
    'n = split($0, rows, "\\n"); '
    'for (i = 1; i <= n; i++) { name = rows[i]; sub(/=.*/, "", name); '
    "value = substr(rows[i], length(name) + 2); "
    'if (name == "Id") id = value; if (name == "FragmentPath") path = value; '
    'if (name == "Unit" || (name == "Triggers" && !unit)) unit = value } '
    f"if (id ~ /^({OWN_UNITS})$/) next; "
    'if (path ~ /^\\/run\\/systemd\\/generator\\// && index(generated, " " id " ")) next; '
    # A slice starts nothing: what is told of it is that systemd does not show what is started.
    'if (path !~ /^(\\/usr)?\\/lib\\//) print id " " (unit ~ /^[^ ]+$/ ? unit : "-.slice") }\'); '
    # One question for all: the answers come in the order of the units, each with its name.
    '[ -z "$timers" ] || { echo "$timers"; echo; systemctl show --property=Id,User,ExecStart -- '
    '$(echo "$timers" | cut -d" " -f2); } | awk -v RS= \'NR == 1 { split($0, ids, "\\n"); next } '
    '{ sub(/ .*/, "", ids[NR - 1]); gsub(/\\n/, "\\n "); '
    'print "# timer " ids[NR - 1] "\\n " $0 }\'; '
    'echo "# looked"'
)
ASSIGNMENT = re.compile(r"""["']?[A-Za-z_][A-Za-z0-9_]*["']?\s*=.*""")
# Minute, hour, day, month, weekday or a name for them; in /etc then the account.
TIMES = r"(?:@\w+|(?:[0-9*/,~A-Za-z-]+\s+){4}[0-9*/,~A-Za-z-]+)\s+"
WITH_ACCOUNT = re.compile(rf"{TIMES}(?P<account>\S+)\s+(?P<command>.*)")
OF_ROOT = re.compile(rf"{TIMES}(?P<command>.*)")
ANACRON = re.compile(r"(?:\d+|@\w+)\s+\d+\s+\S+\s+(?P<command>.*)")
# What a table may set without changing what its commands are.
HARMLESS = ("MAILTO", "MAILFROM", "LOGNAME", "RANDOM_DELAY", "CRON_TZ", "TZ", "LANG", "HOME")
# Of these every Debian sets one in /etc/crontab, where others may not write.
ROOTS_PATH = re.compile(r"(/usr/local)?(/usr)?/s?bin(:(/usr/local)?(/usr)?/s?bin)*")
SHELLS = ("/bin/sh", "/bin/bash", "/usr/bin/bash", "/bin/dash")


@dataclass(frozen=True, slots=True)
class Job:
    """What is started as root, or set for what is, and the file that says so."""

    file: str
    command: str


def root_jobs(host: Host) -> list[Job]:
    """Return root's timed jobs; UndeterminedError for a line that cron would not take."""
    parts = re.split(
        r"^# (?=script /|table /|orders /|timer |looked$)",
        host.check_output(JOBS),
        flags=re.MULTILINE,
    )
    if parts[-1].strip() != "looked":
        raise UndeterminedError("the host did not show its timed jobs to the end")
    return [job for part in parts[1:-1] for job in _jobs(part)]


def _jobs(part: str) -> Iterator[Job]:
    head, _, text = part.partition("\n")
    kind, _, file = head.partition(" ")
    if kind == "script":
        yield Job(file, file)
    elif kind == "timer":
        yield from _of_timer(file, text)
    elif kind == "orders":
        own = "\n".join(line.removeprefix(" ") for line in text.splitlines())
        yield from (Job(file, order) for order in (orders(file, own) if is_read(file) else ()))
    else:
        yield from _of_table(file, text)


def _of_table(file: str, text: str) -> Iterator[Job]:
    for line in (row.strip() for row in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if ASSIGNMENT.fullmatch(line):
            name, _, value = (part.strip().strip("\"'") for part in line.partition("="))
            if not _is_harmless(name, value):
                yield Job(file, line)
        elif command := _of_root(file, line):
            yield Job(file, command)


def _of_timer(unit: str, text: str) -> Iterator[Job]:
    """Yield what a timer, or a unit that waits for a file, starts as root."""
    lines = [line.strip().partition("=") for line in text.splitlines()]
    user = next((value for name, _, value in lines if name == "User"), "")
    if OWN.fullmatch(unit) or user not in ("", "root", "0"):
        return
    commands = [
        command
        for name, _, value in lines
        if name == "ExecStart"
        for command in re.findall(r"argv\[\]=(.*?) ; ", value)
    ]
    yield from (Job(unit, command) for command in commands or ["what systemd does not show"])


def _is_harmless(name: str, value: str) -> bool:
    if name == "PATH":
        return bool(ROOTS_PATH.fullmatch(value))
    return name in HARMLESS or (name == "SHELL" and value in SHELLS)


def _of_root(file: str, line: str) -> str:
    """Return the command that root starts by a line, nothing for somebody else's."""
    form = WITH_ACCOUNT
    if file.startswith("/var/"):
        form = OF_ROOT
    elif file.endswith("/anacrontab"):
        form = ANACRON
    match = form.fullmatch(line)
    if not match:
        raise UndeterminedError(f"{file}: not understood: {line[:80]!r}")
    fields = match.groupdict()
    return fields["command"] if fields.get("account", "root") in ("root", "0") else ""
