"""Readings that several checks share: one command each, its output as plain Python values.

Two rules keep the recorded bundle complete. A check asks everything before it judges anything,
and no command is built from another command's output.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from monitors.audit.collect.backends import Host, UndeterminedError

TIME_SERVICES = ("chrony", "systemd-timesyncd", "ntpsec", "ntp", "openntpd")
UPDATE_TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")
# The tables below are asked by one command each: on a host, starting a program is what costs.
WATCHED_UNITS = (
    *(*TIME_SERVICES, *UPDATE_TIMERS, "snmpd"),
    *("nftables.service", "bastide-firewall.service", "ufw.service", "firewalld.service"),
    *("apt-daily.service", "apt-daily-upgrade.service"),
    *("auditd", "systemd-journal-upload", "rescue.service", "emergency.service", "ssh.service"),
    *("bastide-changes.path", "bastide-changes.timer"),
)
# First, and before an empty line, the manager's own settings.
SYSTEMD = (
    "systemctl show --property=DefaultLimitCORE,CtrlAltDelBurstAction,Environment && echo && "
    # A timer's next run is printed in the host's own time zone, whatever --timestamp says.
    "TZ=UTC systemctl show --timestamp=us+utc "
    "--property=Names,ActiveState,UnitFileState,Environment,ExecStart,StateChangeTimestamp,"
    "LoadState,NextElapseUSecRealtime "
    f"{' '.join(WATCHED_UNITS)}"
)
# Paths and shell patterns.
WATCHED_FILES = (
    *("/etc/passwd", "/etc/group", "/etc/passwd-", "/etc/group-"),
    *("/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-"),
    *("/etc/crontab", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly"),
    *("/etc/cron.monthly", "/etc/cron.yearly", "/etc/cron.d", "/etc/cron.allow", "/etc/at.allow"),
    *("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d", "/etc/ssh/sshd_config.d/*"),
    *("/etc/ssh/ssh_host_*", "/etc/bastide/login_keys", "/var/log/sudo.log"),
    *("/boot/grub/grub.cfg", "/var/lib/systemd/journal-upload/state"),
    *("/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock"),
    *("/var/lib/lxd/unix.socket", "/var/snap/lxd/common/lxd/unix.socket", "/run/crio/crio.sock"),
    "/var/lib/incus/unix.socket",
)
# A `+` behind a file's mode stands for an access list, which the mode does not show (ls(1)).
STAT = (
    f"set -- {' '.join(WATCHED_FILES)}; stat -L -c '%n %a %U %G %Y %.6Z' \"$@\" 2>/dev/null; "
    "ls -ldL \"$@\" 2>/dev/null | sed -nE 's,^.{10}\\+.* (/[^ ]*)$,# \\1,p'"
)
# What timers on the host wrote. Each line comes with its file's name and a colon, so no content
# can pass for another's; what is too large for all of them to be kept is left where it is.
KEPT_RESULTS = (
    *("/var/lib/bastide-facts/integrity.json", "/var/lib/bastide-facts/received-logs.json"),
    *("/var/lib/bastide-facts/updates.json", "/var/lib/bastide/backup/status.json"),
    *("/var/lib/bastide-file-walk/result.json", "/var/lib/bastide/vault/buckets.json"),
)
MAX_KEPT_KIB = 160
# Short files, without their comments; each line comes with its file's name and a colon.
PLAIN_FILES = (
    *("/etc/sudo.conf", "/etc/nsswitch.conf", "/etc/environment", "/etc/ld.so.preload"),
    *("/etc/security/pam_env.conf", "/etc/default/chrony", "/etc/default/snmpd"),
    *("/etc/default/locale", "/etc/security/group.conf", "/etc/security/capability.conf"),
)
PLAIN = f"grep -saHvE '^[[:space:]]*(#|$)' {' '.join(PLAIN_FILES)}; echo read"
NO_PROGRAM = 127  # the shell found none (POSIX, 2.8.2)
OTHER_FIREWALLS = ("ufw.service", "firewalld.service")
KEPT = (
    f"date +%s; find {' '.join(KEPT_RESULTS)} -maxdepth 0 -printf '%p %u %m\\n' "
    f"-type f -size -{MAX_KEPT_KIB + 1}k -exec grep -asH '' {{}} + 2>/dev/null"
)
# Each file is shown below a comment with its path.
CONFIGURED = ("journald", "journal-upload", "coredump")
CONFIGURATION = f"systemd-analyze cat-config {' '.join(f'systemd/{n}.conf' for n in CONFIGURED)}"
FILE_HEADER = re.compile(
    r"# (?:/\S*/|Main configuration file )systemd/([a-z-]+)\.conf(?:\.d/\S+| not found)?"
)
# Services over TLS on every address of the host, each with two handshakes: any version it likes,
# and none but old ones, which the host's own policy would refuse before the server is asked. Of
# what openssl prints only lines without secrets are kept: the certificate, dates and key of it,
# verdict, alerts, HTTP headers.
TLS_PORTS = (443, 465, 636, 853, 990, 993, 995, 6514, 8443, 9443, 19532)
TLS_PROGRAMS = ("nginx", "apache2", "haproxy", "lighttpd", "stunnel", "slapd", "caddy")
NO_TLS_PORTS = (22, 25, 53, 80, 111, 143, 110, 587, 9100)
TLS_KEPT_LINES = (
    "^ +[av]:|^Verify return|^New, |^HTTP/|^[A-Za-z][A-Za-z-]*: |alert"
    "|^-----(BEGIN|END) CERTIFICATE-----$|^[A-Za-z0-9+/]{1,64}={0,2}$"
)
TLS_PROBE = (
    "probe() { "
    'echo "port $2 $1"; '
    r"printf 'HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' | "
    "timeout 10 openssl s_client -connect $1:$2 -servername $name "
    "-CAfile /etc/bastide/authority.crt -ign_eof 2>&1 | "
    f"grep -E '{TLS_KEPT_LINES}' | grep -vi '^set-cookie'; "
    "timeout 10 openssl s_client -connect $1:$2 -cipher DEFAULT@SECLEVEL=0 "
    "-no-CAfile -no-CApath -no-CAstore "
    "-min_protocol TLSv1 -max_protocol TLSv1.1 </dev/null 2>&1 | sed -n 's/^New, /old: /p'; }; "
    "name=$(hostname -f); "
    r"own=$(ip -o address show scope global | sed -nE 's/.* inet6? ([^/ ]+).*/\1/p'); "
    "ss -ltnpH | sed -nE "
    f"-e '/:({'|'.join(map(str, NO_TLS_PORTS))}) /d' "
    f"-e '/:({'|'.join(map(str, TLS_PORTS))}) |\"({'|'.join(TLS_PROGRAMS)})/"
    r"s/^([^ ]+ +){3}([^ ]+):([0-9]+) .*/\2 \3/p' | sort -u | while read -r at port; do "
    """case $at in 0.0.0.0|'*'|'[::]') for one in ${own:-127.0.0.1}; do """
    """case $at,$one in 0.0.0.0,*:*|'[::]',*.*) ;; *:*) case $one in *:*) echo "[$one] $port";; """
    """*) echo "$one $port";; esac;; *) echo "$one $port";; esac; done;; """
    """*) echo "${at%%%*} $port";; esac; done | sort -u | """
    "while read -r at port; do probe $at $port; done; date +%s"
)


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file's access bits and owners, when it was last written, and when anything of it changed.

    The time of change is the kernel's: no program sets it back, as `cp -p` sets the other.
    """

    path: str
    mode: int
    owner: str
    group: str
    written: int
    changed: float


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits for others: address without interface, port, program."""

    protocol: str
    address: str
    port: int
    program: str

    @property
    def is_local(self) -> bool:
        """Whether only programs of the same host can reach it."""
        return self.address.startswith(("127.", "[::1]", "[::ffff:127."))


def ask(host: Host, *commands: str) -> None:
    """Ask commands before any answer is read: what stops at one of them has asked them all."""
    for command in commands:
        host.run(command)


def sysctls(host: Host, *names: str) -> dict[str, str]:
    """Return running kernel parameters; those that the kernel does not have are left out."""
    return _assignments(host.run(f"sysctl -e {' '.join(names)}").stdout)


def interface_sysctls(host: Host, *leaves: str) -> dict[str, str]:
    """Return the per-interface network parameters with these last names, loopback left out."""
    # `sysctl -a` walks the whole tree for this: twenty times dearer.
    patterns = " ".join(f"/proc/sys/net/ipv[46]/conf/*/{leaf}" for leaf in leaves)
    rows = (line.partition(":") for line in host.run(f"grep -sH . {patterns}").stdout.splitlines())
    return {path: value for path, _, value in rows if "/conf/lo/" not in path}


def _assignments(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def container(host: Host) -> str | None:
    """Return the kind of container that the host is, or None."""
    kind = host.run("systemd-detect-virt --container").stdout.strip()
    return kind if kind not in ("", "none") else None


def skip_in_container(kind: str | None, what: str) -> None:
    """Skip a check whose subject belongs to the kernel of the machine outside the container."""
    if kind:
        # Not at the top: who only reads what hosts have kept would wait for it half a second.
        import pytest

        pytest.skip(f"{kind} container: {what} belong to the machine outside")


def files(host: Host, *paths: str) -> tuple[FileFact, ...]:
    """Return those of the paths and patterns (of WATCHED_FILES, or ValueError) that exist."""
    _require_listed(paths, WATCHED_FILES)
    rows = (line.rsplit(" ", 5) for line in _watched(host) if not line.startswith("# "))
    facts = (
        FileFact(path, int(m, 8), owner, group, int(at), float(changed))
        for path, m, owner, group, at, changed in rows
    )
    return tuple(f for f in facts if any(fnmatchcase(f.path, pattern) for pattern in paths))


def access_lists(host: Host, *paths: str) -> tuple[str, ...]:
    """Return which of the paths and patterns (of WATCHED_FILES) have an access list as well."""
    _require_listed(paths, WATCHED_FILES)
    listed = [line.removeprefix("# ") for line in _watched(host) if line.startswith("# ")]
    return tuple(path for path in listed if any(fnmatchcase(path, p) for p in paths))


def _watched(host: Host) -> list[str]:
    lines: list[str] = host.run(STAT).stdout.splitlines()
    return lines


def _require_listed(names: tuple[str, ...], table: tuple[str, ...]) -> None:
    """Refuse what a table does not have: that is the check's own mistake, not the host's."""
    if unknown := set(names) - set(table):
        raise ValueError(f"add to the table in facts/system.py: {sorted(unknown)}")


def loose_files(facts: tuple[FileFact, ...], most: int) -> tuple[str, ...]:
    """Say which files allow more than the mode or are not root's; their group may be shadow."""
    return tuple(
        f"{f.path} is {f.mode:04o} {f.owner}:{f.group}, expected at most {most:04o} root"
        for f in facts
        if f.mode & ~most or f.owner != "root" or f.group not in ("root", "shadow")
    )


# A WireGuard interface has a socket of UDP, and no process.
KERNELS = "no process: the kernel's own, such as WireGuard's"


def listeners(host: Host) -> tuple[Listener, ...]:
    """Return every listening TCP and UDP socket."""
    rows = host.check_output("ss -H -tulnp").splitlines()
    return tuple(_listener(row.split()) for row in rows)


def _listener(words: list[str]) -> Listener:
    address, _, port = words[4].rpartition(":")
    nobody = KERNELS if words[0] == "udp" else "?"
    program = words[6].split('"')[1] if len(words) > 6 and '"' in words[6] else nobody
    return Listener(words[0], address.split("%")[0], int(port), program)


def firewall(host: Host) -> list[dict[str, Any]]:
    """Return the live nftables rule set as libnftables-json(5) objects; empty when none.

    UndeterminedError where another program's rules are in force and nft is not there to show them.
    """
    out = host.run("nft -j list ruleset")
    if out.rc == NO_PROGRAM and (others := active_units(host, *OTHER_FIREWALLS)):
        raise UndeterminedError(
            f"{', '.join(others)} is active, and the host has no nft to show its rules with"
        )
    if out.rc != 0:
        return []
    objects: list[dict[str, Any]] = json.loads(out.stdout)["nftables"]
    return objects


def active_units(host: Host, *units: str) -> tuple[str, ...]:
    """Return which of the systemd units (of those in WATCHED_UNITS) are active now."""
    return tuple(unit for unit in units if unit_state(host, unit)["ActiveState"] == "active")


def unit_state(host: Host, unit: str) -> dict[str, str]:
    """Return what systemd says of a unit of WATCHED_UNITS; ValueError for any other.

    A property that a unit has several times has a line for each. UndeterminedError when systemd
    says nothing of the unit, not even that there is none.
    """
    _require_listed((unit,), WATCHED_UNITS)
    name = unit if "." in unit else f"{unit}.service"
    for block in host.check_output(SYSTEMD).split("\n\n")[1:]:
        properties: dict[str, str] = {}
        for key, _, value in (line.partition("=") for line in block.splitlines()):
            properties[key] = f"{properties[key]}\n{value}" if key in properties else value
        if name in properties.get("Names", "").split():
            return properties
    raise UndeterminedError(f"systemd said nothing of {name}")


def unit_time(state: dict[str, str]) -> float:
    """Return when a unit's state last changed, in seconds since 1970.

    It started then, was reloaded or stopped. UndeterminedError when systemd does not know.
    """
    return system_time(state.get("StateChangeTimestamp", ""))


def system_time(said: str) -> float:
    """Return a time as systemd prints it (UTC, with or without a fraction), in seconds since 1970.

    UndeterminedError for anything else, such as no time at all.
    """
    whole, _, part = said.removesuffix(" UTC").partition(".")
    try:
        at = datetime.strptime(f"{whole} +0000", "%a %Y-%m-%d %H:%M:%S %z")
        return at.timestamp() + float(f"0.{part or 0}")
    except ValueError:
        raise UndeterminedError(f"systemd does not know when: {said or 'never'}") from None


def manager_settings(host: Host) -> dict[str, str]:
    """Return the settings of systemd itself: core dumps of services, keys that restart."""
    return _assignments(host.check_output(SYSTEMD).split("\n\n")[0])


def configuration(host: Host, name: str) -> dict[str, str]:
    """Return the settings of one of CONFIGURED (ValueError for others), drop-ins too."""
    _require_listed((name,), CONFIGURED)
    section, lines = "", []
    for line in host.check_output(CONFIGURATION).splitlines():
        header = FILE_HEADER.fullmatch(line)
        section = header[1] if header and header[1] in CONFIGURED else section
        lines += [line] if section == name else []
    if not lines:
        raise UndeterminedError(f"systemd-analyze showed nothing of systemd/{name}.conf")
    return settings("\n".join(lines))


def config_lines(host: Host, path: str) -> tuple[str, ...]:
    """Return the lines of one of PLAIN_FILES that are no comments; none where it is not there."""
    _require_listed((path,), PLAIN_FILES)
    *lines, end = host.check_output(PLAIN).removesuffix("\n").split("\n")
    if end != "read":
        raise UndeterminedError("the host did not show its short files to the end")
    return tuple(
        line.removeprefix(f"{path}:").strip() for line in lines if line.startswith(f"{path}:")
    )


def settings(text: str) -> dict[str, str]:
    """Return `key = value` lines of a configuration file, the last of each key, no comments."""
    lines = (line.split("#", 1)[0] for line in text.splitlines())
    return _assignments("\n".join(lines))


def kept_result(host: Host, path: str, hours: float) -> tuple[dict[str, Any], float]:
    """Return what a timer on the host last wrote (one of KEPT_RESULTS), and the time of asking.

    It is JSON; its `at` is when it was written: seconds since 1970, or ISO 8601.
    UndeterminedError when there is none, when another than root could have written it, or when it
    is older than `hours`.
    """
    _require_listed((path,), KEPT_RESULTS)
    now = host_time(host)
    result: dict[str, Any] = json.loads(kept_content(host, path))
    at = result["at"]
    written = datetime.fromisoformat(at).timestamp() if isinstance(at, str) else float(at)
    age = (now - written) / 3600
    if not -0.1 <= age <= hours:
        raise UndeterminedError(f"{path} is {age:.1f} h old, expected {hours:.0f} h at most")
    return result, now


def kept_content(host: Host, path: str) -> str:
    """Return the text of one of KEPT_RESULTS; UndeterminedError when root did not write one."""
    # Other ends of lines than this one are content.
    lines = host.run(KEPT).stdout.split("\n")[1:]
    access = [line.split()[1:] for line in lines if line.startswith(f"{path} ")]
    content = [line.removeprefix(f"{path}:") for line in lines if line.startswith(f"{path}:")]
    if not access:
        raise UndeterminedError(f"{path} is not there: its timer on the host has not run yet")
    owner, mode = access[0]
    if owner != "root" or int(mode, 8) & 0o022:
        raise UndeterminedError(f"{path} is {owner}'s with mode {mode}: others may have written it")
    if not content:
        raise UndeterminedError(f"{path} is empty, no file, or larger than {MAX_KEPT_KIB} KiB")
    return "\n".join(content)


def host_time(host: Host) -> float:
    """Return the host's own time when it was asked, in seconds since 1970."""
    return float(host.run(KEPT).stdout.partition("\n")[0])


def tls_services(host: Host) -> tuple[dict[tuple[int, str], str], float]:
    """Return what each TLS service says, by port and address, and the host's time of asking."""
    *lines, asked = host.run(TLS_PROBE).stdout.splitlines()
    services: dict[tuple[int, str], str] = {}
    place = (0, "")
    for line in lines:
        if line.startswith("port "):
            port, _, address = line.removeprefix("port ").partition(" ")
            place = (int(port), address)
            services[place] = ""
        else:
            services[place] += f"{line}\n"
    return services, float(asked)


def tls_answers(host: Host) -> tuple[dict[int, str], float]:
    """Return what is said on the first address of each TLS port, and the host's time of asking."""
    services, asked = tls_services(host)
    answers: dict[int, str] = {}
    for (port, _), text in services.items():
        answers.setdefault(port, text)
    return answers, asked
