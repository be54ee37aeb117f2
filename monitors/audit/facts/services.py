"""Services as systemd has them, with drop-ins and prefixes, and as their processes really run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.system import unit_time

# What would imply a filter of system calls, a mount namespace of its own.
FILTERING = ("RestrictNamespaces", "LockPersonality", "MemoryDenyWriteExecute", "RestrictRealtime")
SEPARATE = ("PrivateTmp", "PrivateDevices", "ProtectSystem", "ProtectHome")
PROPERTIES = (
    *("Id", "MainPID", "ActiveState", "FragmentPath", "DropInPaths", "StateChangeTimestamp"),
    *("User", "DynamicUser", "NoNewPrivileges", "CapabilityBoundingSet", "Environment"),
    *("ExecConditionEx", "ExecStartPreEx", "ExecStartEx", "ExecStartPostEx", "ExecReloadEx"),
    *("ExecStopEx", "ExecStopPostEx", "RootDirectory", *FILTERING, *SEPARATE),
)
# A container has a filter of system calls around every process: it is their number that tells.
STATUS = "Name|PPid|Uid|CapBnd|NoNewPrivs|Seccomp|Seccomp_filters"
# Whose command line says how they were started; others write there what they do.
PLAIN_DAEMONS = "snmpd|chronyd|unbound|named|prometheus[^ ]*"
# Units first: commands only where they have a prefix or are such a daemon's, environment only where
# it is the linker's, capabilities only where there are few. Then the processes that systemd
# started, and theirs, and which programs of units another than root may write.
# A template of ours is shown by an instance, since the loaded units may have none of it.
SHOW = (
    "own=; for file in /etc/systemd/system/bastide-*@.service; do "
    '[ -e "$file" ] && name=${file##*/} && own="$own ${name%.service}any.service"; done; '
    "units=$(systemctl show '*.service' $own --timestamp=us+utc "
    f"--property={','.join(PROPERTIES)}) "
    "|| exit; printf '%s\\n' \"$units\" | sed -E "
)
# Of a command without prefix, and of no such daemon, the program and what an interpreter would run.
SHORTEN = (
    rf"-e '/ flags=[a-z]|path=[^ ]*\/({PLAIN_DAEMONS}) /"
    r"!s/^(Exec[A-Za-z]*Ex=)\{ path=([^ ]*) ; argv\[\]=[^ ;]* ?([^ ;]*).*/"
    r"\1{ path=\2 script=\3 }/' "
    "-e '/^Environment=/{/LD_/!d}' -e '/^CapabilityBoundingSet=/{/( .*){12}/s/=.*/=many/}'; "
)
PROCESSES = (
    "main=$(printf '%s\\n' \"$units\" | sed -n 's/^MainPID=\\([1-9]\\)/\\1/p' | paste -sd,); "
    'set -- 1 $(echo "$main,$(pgrep -d, -P "$main")" | tr , " "); cd /proc; '
    "echo; echo '# processes'; grep btime stat; sed 's/ .*//;s/^/uptime /' uptime; "
    f"grep -sHE '^({STATUS}):' $(printf '%s/status ' \"$@\"); "
    "grep -sH '' $(printf '%s/stat ' \"$@\"); "
    "find $(printf '%s/exe %s/ns/mnt ' $(printf '%s\\n' \"$@\" | sed 'p')) -maxdepth 0 "
    "-printf '%p %l\\n' 2>/dev/null; "
    f"pgrep -P 1 -a -x '{PLAIN_DAEMONS}' | sed -E 's/^([0-9]+) /\\1\\/cmdline /'; "
)
OTHERS_WRITE = r"-maxdepth 0 -type f \( -perm /022 -o ! -user root \) -printf 'loose %m %u:%g %p\n'"
SERVICES = (
    f"{SHOW}{SHORTEN}{PROCESSES}"
    r"find -L $(printf '%s\n' \"$units\" | grep -oE '(path=|argv\[\]=[^ ]+ )/[^ ;]+' | "
    f"sed 's/.*[ =]//' | sort -u) {OTHERS_WRITE} 2>/dev/null; true"
)
# Programs that cron and sudo start, in files that only root writes; of these links lead elsewhere.
CRON_PROGRAMS = (
    "find -L $(grep -shvE '^[[:space:]]*#' /etc/crontab /etc/cron.d/* "
    "/etc/anacrontab /var/spool/cron/crontabs/root /etc/sudoers /etc/sudoers.d/* | "
    "grep -oE '/[A-Za-z0-9._/-]+' | sort -u) "
    f"-maxdepth 0 -perm /111 {OTHERS_WRITE.removeprefix('-maxdepth 0 ')} 2>/dev/null; echo looked"
)
# Lines of drop-ins; of those for programs of others nothing but what gives rights is looked at.
DROP_INS = (
    "find /run/systemd/system /etc/systemd/system /etc/systemd/system.control "
    "/run/systemd/system.control /usr/local/lib/systemd/system -path '*.d/*.conf' "
    "-exec grep -saH '' {} + 2>/dev/null; echo read"
)
DROP_IN = re.compile(r"/[^:]+\.d/[^/:]+\.conf")
SETTING = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
INTERPRETERS = "sh|bash|dash|python|perl|ruby|node|php"
# Units that no package has, and what each starts as root: those of this project's roles first.
ROLES_UNITS = (
    (r"bastide-(firewall|isolation)\.service", r"/usr/sbin/nft"),
    (r"bastide-journal-tls\.service", r"/usr/bin/stunnel4"),
    (r"bastide-revert(-at-boot)?\.service", r"/usr/bin/python3"),
    (r"bastide-changes\.service", r"(/usr)?/bin/sleep|/usr/local/libexec/bastide/note-change"),
    (r"bastide-(heartbeat|bridge)\.service", r"(/usr)?/bin/(echo|sleep)|/opt/bastide/bin/bastide"),
    # What Ubuntu's own programs write outside the distribution's folders.
    (r"netplan-[\w@-]+\.service", r"(/usr)?/s?bin/(netplan|ovs-vsctl|wpa_supplicant)"),
    (r"snap\.[\w.@-]+\.service", r"/usr/bin/snap"),
    (
        r"bastide-[a-z0-9@-]+\.service",
        r"/usr/local/(libexec/bastide/[\w-]+|sbin/bastide-[\w-]+)|/opt/bastide/bin/bastide",
    ),
)
# What the distribution's own generators write units for: /etc/init.d, whose scripts are looked at
# by themselves, encrypted disks, checks of file systems, networks.
GENERATED = (
    r"/etc/init\.d/[\w.-]+|start|(/usr)?/lib/systemd/systemd-[\w-]+|(/usr)?/s?bin/(netplan|ip|zfs)"
)
# To this part of a second a process' start is known, as the kernel's clock and boot time are.
CLOCK_SECONDS = 2.0
TICKS = 100  # of the kernel's clock a second, in /proc/PID/stat (proc(5))
# systemd gives a process its rights, under a name in parentheses, before it runs the program.
BEING_STARTED_SECONDS = 5.0
# In the order of their bits (capabilities(7)).
CAPABILITIES = (
    *("chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid"),
    *("setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw"),
    *("ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct"),
    *("sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod"),
    *("lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog"),
    *("wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore"),
)


@dataclass(frozen=True, slots=True)
class Process:
    """A process: effective user, bounding capabilities, program, start in seconds since 1970.

    `age` in seconds is None where the host does not say how long it has been up.
    """

    pid: int
    parent: int
    name: str
    user: int
    bounding: int
    no_new_privileges: bool
    filters: int
    program: str
    mounts: str
    started: float
    age: float | None
    command: str

    @property
    def is_being_started(self) -> bool:
        """Whether systemd has only just forked it, and has not yet run the unit's program."""
        new = self.age is not None and -CLOCK_SECONDS < self.age < BEING_STARTED_SECONDS
        return new and self.name.startswith("(")


@dataclass(frozen=True, slots=True)
class Service:
    """A unit's properties, its main process where one runs, and that one's children."""

    name: str
    properties: dict[str, str]
    main: Process | None
    children: tuple[Process, ...]

    def has(self, name: str) -> bool:
        """Whether a property is on."""
        return self.properties.get(name, "no") not in ("", "no", "0")

    @property
    def is_changed_here(self) -> bool:
        """Whether the unit, or a part of it, is not the distribution's."""
        paths = (
            f"{self.properties.get('FragmentPath', '')} {self.properties.get('DropInPaths', '')}"
        )
        return any(not re.match(r"(/usr)?/lib/", path) for path in paths.split())

    @property
    def is_of_nobody(self) -> bool:
        """Whether it is started as root, and neither a package nor a role of ours brought it."""
        path = self.properties.get("FragmentPath", "")
        as_root = self.properties.get("User", "") in ("", "root", "0") and not self.has(
            "DynamicUser"
        )
        if not (path and self.programs and as_root) or re.match(r"(/usr)?/lib/", path):
            return False
        known = [programs for unit, programs in ROLES_UNITS if re.fullmatch(unit, self.name)]
        if path.startswith("/run/systemd/generator"):
            known = [GENERATED]
        return not any(all(re.fullmatch(one, p) for p in self.programs) for one in known)

    @property
    def privileged(self) -> list[str]:
        """Its commands that run as root past all that the unit says (`+`)."""
        commands = [v for k, v in self.properties.items() if k.startswith("Exec")]
        found = [re.findall(r"path=(\S+) [^}]*flags=([a-z -]*)", text) for text in commands]
        return [path for rows in found for path, flags in rows if "privileged" in flags.split()]

    @property
    def programs(self) -> list[str]:
        """The programs that it starts, and the scripts that an interpreter runs for it."""
        commands = "\n".join(v for k, v in self.properties.items() if k.startswith("Exec"))
        programs = re.findall(r"path=(\S+)", commands)
        scripts = re.findall(rf"path=\S*/(?:{INTERPRETERS})[0-9.]* script=(/\S+)", commands)
        return [*programs, *scripts]

    @property
    def is_started_otherwise(self) -> bool:
        """Whether its process has other arguments than its unit gives; variables may be any."""
        start = re.findall(r"argv\[\]=(.*?) ;", self.properties.get("ExecStartEx", ""))
        if not (self.main and self.main.command and start):
            return False
        # Some daemons take their arguments apart where they lie, at the commas.
        words, given = (text.replace(",", " ").split() for text in (start[-1], self.main.command))
        wanted = r"\s*".join(".*" if "$" in word else re.escape(word) for word in words)
        return not re.fullmatch(wanted, " ".join(given))

    @property
    def read_at(self) -> float:
        """When it last read its configuration: its start or reload, or that of a newer worker."""
        by_unit = unit_time(self.properties)
        by_worker = max((p.started for p in self.children), default=0.0) + CLOCK_SECONDS
        return by_unit if by_worker <= by_unit + 2 * CLOCK_SECONDS else by_worker


def services(host: Host) -> dict[str, Service]:
    """Return the loaded services by name; UndeterminedError when systemd shows none."""
    found, _ = _services(host.check_output(SERVICES))
    if not found:
        raise UndeterminedError("systemd shows no service")
    return found


def loose_programs(host: Host) -> dict[str, str]:
    """Return the programs of units that others than root may write, with their access bits."""
    rows = re.findall(r"^loose (\S+ \S+) (.*)$", host.check_output(SERVICES), re.MULTILINE)
    return {path: access for access, path in rows}


def first_process(host: Host) -> Process:
    """Return the process with the number 1, whose view of the file system is the host's."""
    _, processes = _services(host.check_output(SERVICES))
    if 1 not in processes:
        raise UndeterminedError("the host shows nothing of its processes")
    return processes[1]


@cache
def _services(said: str) -> tuple[dict[str, Service], dict[int, Process]]:
    units, _, rest = said.partition("# processes\n")
    processes = _processes(rest)
    found = {}
    for block in units.split("\n\n"):
        properties: dict[str, str] = {}
        for key, _, value in (line.partition("=") for line in block.splitlines()):
            properties[key] = f"{properties[key]}\n{value}" if key in properties else value
        if name := properties.get("Id"):
            main = processes.get(int(properties.get("MainPID") or 0))
            own = tuple(p for p in processes.values() if main and p.parent == main.pid)
            found[name] = Service(name, properties, main, own)
    return found, processes


def _processes(text: str) -> dict[int, Process]:
    booted, uptime, facts = 0.0, None, dict[int, dict[str, str]]()
    for line in text.splitlines():
        if line.startswith("btime "):
            booted = float(line.split()[1])
        elif match := re.fullmatch(r"uptime (\d+\.\d+)", line):
            uptime = float(match[1])
        elif match := re.match(r"(\d+)/(?:status:(?=\w))?(\w+|ns/mnt):?\s+(.*)", line):
            facts.setdefault(int(match[1]), {})[match[2]] = match[3]
        elif match := re.match(r"(\d+)/stat:.*\) (.*)", line):
            facts.setdefault(int(match[1]), {})["start"] = match[2].split()[19]
    return {
        pid: _process(pid, fact, booted, uptime) for pid, fact in facts.items() if "Uid" in fact
    }


def _process(pid: int, fact: dict[str, str], booted: float, uptime: float | None) -> Process:
    since_boot = int(fact.get("start", "0")) / TICKS
    return Process(
        pid=pid,
        parent=int(fact.get("PPid", "0")),
        name=fact.get("Name", "?"),
        user=int(fact["Uid"].split()[1]),
        bounding=int(fact.get("CapBnd", "0"), 16),
        no_new_privileges=fact.get("NoNewPrivs") == "1",
        filters=int(fact.get("Seccomp_filters", fact.get("Seccomp", "0"))),
        program=fact.get("exe", ""),
        mounts=fact.get("ns/mnt", ""),
        started=booted + since_boot,
        age=None if uptime is None else uptime - since_boot,
        command=fact.get("cmdline", ""),
    )


def mask(names: str) -> int | None:
    """Return a list of capabilities as the kernel's bits; None: too many for the list to say."""
    if names in ("many", ""):
        return None if names else 0
    known = {f"cap_{name}": 1 << bit for bit, name in enumerate(CAPABILITIES)}
    return sum(known.get(name, 0) for name in names.lower().split())


def drop_in_lines(host: Host) -> Iterator[tuple[str, str, str]]:
    """Yield file, setting and value of every drop-in of a service that is not the distribution's.

    Lines are continued after a backslash, as systemd.syntax(7) says.
    """
    *rows, end = host.check_output(DROP_INS).removesuffix("\n").split("\n")
    if end != "read":
        raise UndeterminedError("the host did not show its drop-ins to the end")
    file, so_far = "", ""
    for row in rows:
        path, _, line = row.partition(":")
        if not DROP_IN.fullmatch(path):
            raise UndeterminedError(f"a drop-in has a name that is none: {row[:80]}")
        so_far = so_far if path == file else ""
        file, line = path, line.strip()
        if line.startswith(("#", ";")):
            continue
        so_far = f"{so_far} {line}".strip() if so_far else line
        if so_far.endswith("\\"):
            so_far = so_far.removesuffix("\\").rstrip()
            continue
        name, sign, value = so_far.partition("=")
        so_far = ""
        if sign and not SETTING.fullmatch(name.strip()):
            raise UndeterminedError(f"{file}: not understood: {line[:60]}")
        if sign:
            yield file, name.strip(), value.strip()
