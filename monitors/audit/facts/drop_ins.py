"""Which lines of a drop-in give a service more than its unit did (systemd.exec(5)).

Closed: a setting that stands in no table here is not known, and not harmless.
"""

import re
from collections.abc import Callable

from monitors.audit.facts.linking import takes_orders

# As systemd reads one (parse_boolean()), or an empty value.
OFF = ("", "no", "n", "false", "f", "0", "off")
# What a drop-in takes back when it is off or emptied; `Private…`, `Protect…`, `Restrict…` as well.
GUARDS = re.compile(
    r"(NoNewPrivileges|DynamicUser|LockPersonality|MemoryDenyWriteExecute|RemoveIPC"
    r"|SystemCallFilter|SystemCallArchitectures|ReadOnlyPaths|InaccessiblePaths|NoExecPaths"
    r"|IPAddressDeny|AppArmorProfile|DevicePolicy|(Private|Protect|Restrict)\w+)"
)
COMMANDS = re.compile(r"Exec(Condition|Start|StartPre|StartPost|Reload|Stop|StopPost|StopPre)")
# Whatever a drop-in says there gives more than the package did, or has another unit started.
GIVING = (
    *("RootDirectory", "RootImage", "PermissionsStartOnly", "SecureBits"),
    *("BindPaths", "BindReadOnlyPaths", "MountImages", "ExtensionImages", "ExtensionDirectories"),
    *("OpenFile", "ExecSearchPath", "ConfigurationDirectory", "BPFProgram", "IPIngressFilterPath"),
    *("IPEgressFilterPath", "Unit", "Service", "What", "JoinsNamespaceOf", "NetworkNamespacePath"),
    *("StandardInputText", "StandardInputData", "LogNamespace", "LogFilterPatterns"),
)
# Of all capabilities those that open nothing but a port or a ping.
HARMLESS_CAPABILITIES = {"cap_net_raw", "cap_net_bind_service"}
# What a list of capabilities, or of system calls, opens rather than closes. A list that begins
# with `~` takes away.
STRONG_CAPABILITIES = {
    *("cap_sys_admin", "cap_sys_module", "cap_sys_ptrace", "cap_sys_rawio", "cap_bpf"),
    *("cap_mac_admin", "cap_mac_override", "cap_sys_boot"),
}
STRONG_CALLS = {"@privileged", "@mount", "@module", "@raw-io", "@debug", "@reboot", "@obsolete"}
# Groups that are as good as root, or whose files are its secrets.
POWERFUL_GROUPS = {
    *("root", "0", "shadow", "disk", "kmem", "sudo", "docker", "lxd", "libvirt", "bastide-signer"),
}
# Where a service writes what is its own. A log that is rotated wants its folder.
LOGS = "/var/log"
STATE_FOLDERS = ("/run", "/var/run", "/var/log", "/var/lib", "/var/cache", "/var/spool", "/srv")
STATE_PREFIXES = tuple(f"{folder}/" for folder in STATE_FOLDERS)
OTHERS_WRITE = 0o022
SECRETS = re.compile(r"/etc/(g?shadow|ssh/|sudoers)|/root\b|\.\.")
DEVICES = re.compile(r"/dev/(sd|vd|nvme|xvd|dm-|disk|mapper|k?mem|port|loop)|block-|char-mem")
# A log of these levels would leave logins out.
SILENT = re.compile(r"[0-5]|emerg|alert|crit|err|warning|notice", re.IGNORECASE)
# Where a service starts whether it is wanted or not, what matters is that it starts.
# A folder for all units of a kind, or for those whose names begin alike, is for these as well.
GUARDING_UNITS = re.compile(
    r"/((bastide-[^/]+|sshd?|nftables|chrony|ntp\w*|systemd-(timesyncd|journal[^/]*)|apt-daily[^/]*"
    r"|unattended-upgrades|auditd|rsyslog|fail2ban|apparmor|[^/]*-)\.)?"
    r"(service|timer|socket|path)\.d/"
)
CONDITIONS = re.compile(r"(Condition|Assert)\w+")
# They say when, how often, with how much and under which name: nobody may do more by them.
HARMLESS = re.compile(
    r"Description|Documentation|Wants|Requires|Requisite|BindsTo|PartOf|Upholds|Conflicts|Before"
    r"|After|On(Failure|Success)\w*|Propagates\w+|ReloadPropagatedFrom|StopPropagatedFrom"
    r"|RequiresMountsFor|WantsMountsFor|StopWhenUnneeded|Refuse\w+|AllowIsolate|CollectMode"
    r"|DefaultDependencies|SurviveFinalKillSignal|IgnoreOnIsolate"
    r"|(Failure|Success)Action\w*|JobTimeout\w*|JobRunningTimeoutSec|StartLimit\w+|RebootArgument"
    r"|SourcePath|Alias|WantedBy|RequiredBy|UpheldBy|Also|DefaultInstance"
    r"|Type|ExitType|RemainAfterExit|GuessMainPID|PIDFile|BusName|Restart\w*|Timeout\w*"
    r"|RuntimeMaxSec|RuntimeRandomizedExtraSec|WatchdogSec|SuccessExitStatus|NonBlocking"
    r"|RootDirectoryStartOnly|NotifyAccess|Sockets|FileDescriptor\w+|OOM\w+|ReloadSignal"
    r"|(Startup)?(CPU|Memory|Tasks|IO|BlockIO|AllowedCPUs|AllowedMemoryNodes)\w*|Slice|Delegate\w*"
    r"|DisableControllers|ManagedOOM\w+|IPAccounting|SocketBind(Allow|Deny)|NFTSet"
    r"|WorkingDirectory|Nice|NUMA\w+|CoredumpFilter|CoredumpReceive|Limit\w+|KeyringMode"
    r"|TimerSlackNSec|Personality|IgnoreSIGPIPE|LogExtraFields|LogRateLimitIntervalSec"
    r"|(State|Cache|Runtime|Logs)Directory\w*|ConfigurationDirectoryMode|TTY\w+|Syslog\w+|Utmp\w+"
    r"|SendSIG\w+|KillMode|\w*KillSignal|WatchdogSignal|UnsetEnvironment|MountFlags|MountAPIVFS"
    r"|ProcSubset|SystemCallErrorNumber|SystemCallLog|ReadOnlyPaths|InaccessiblePaths|ExecPaths"
    r"|NoExecPaths|TemporaryFileSystem|SetLoginEnvironment|GuardsMemory|MemoryKSM"
    r"|On[A-Z]\w+Sec|OnCalendar|OnClockChange|OnTimezoneChange|AccuracySec|Randomized\w+"
    r"|FixedRandomDelay|Persistent|WakeSystem|RemainAfterElapse|DeferReactivation"
    r"|Listen\w+|BindIPv6Only|Backlog|BindToDevice|DirectoryMode|Accept|Writable|FlushPending"
    r"|MaxConnections\w*|KeepAlive\w*|NoDelay|Priority|DeferAcceptSec|ReceiveBuffer|SendBuffer"
    r"|IPTOS|IPTTL|Mark|ReusePort|PipeSize|MessageQueue\w+|FreeBind|Transparent|Broadcast"
    r"|Pass(Credentials|Security|PacketInfo|FileDescriptorsToExec)|Timestamping|TCPCongestion"
    r"|SocketUser|SocketGroup|RemoveOnStop|Symlinks|TriggerLimit\w+|PollLimit\w+|SmackLabel\w*|SELinuxContext\w*"
    r"|Path(Exists|ExistsGlob|Changed|Modified)|DirectoryNotEmpty|MakeDirectory"
    r"|Options|Where|SloppyOptions|LazyUnmount|ReadWriteOnly|ForceUnmount"
    r"|ImportCredential|SetCredential\w*|X-\w[\w-]*"
)
# What the roles of this project have services start, in files of theirs.
OURS = {
    "/etc/systemd/system/chrony.service.d/bastide.conf": {"!/usr/sbin/chronyd -x $DAEMON_OPTS"},
    "/etc/systemd/system/systemd-journal-remote.service.d/bastide.conf": {
        "/lib/systemd/systemd-journal-remote --listen-http=-3 --output=/var/log/journal/remote/"
    },
}


def gives_more(file: str, name: str, value: str) -> bool:
    """Whether a line of a file gives a service more than it had, has something else started,
    or is not known.
    """
    if COMMANDS.fullmatch(name):
        return bool(value) and value not in OURS.get(file, ())
    if CONDITIONS.fullmatch(name):
        return bool(value) and bool(GUARDING_UNITS.search(file))
    if name in GIVING:
        return bool(value)
    if GUARDS.fullmatch(name) and value.lower() in OFF:
        return True
    if name in JUDGED:
        return JUDGED[name](value)
    return not (GUARDS.fullmatch(name) or HARMLESS.fullmatch(name))


def _is_powerful_group(value: str) -> bool:
    return bool(POWERFUL_GROUPS & set(value.split()))


def _is_unseen_file(value: str) -> bool:
    # What stands there systemd does not show; /etc/default is looked at by FILE-14.
    return bool(value) and not re.fullmatch(r"-?/etc/default/[A-Za-z0-9_.-]+", value)


def _opens(value: str, strong: set[str]) -> bool:
    return not value.startswith("~") and bool(strong & set(value.lower().split()))


def _is_open_mask(value: str) -> bool:
    return bool(re.fullmatch(r"[0-7]+", value)) and int(value, 8) & OTHERS_WRITE != OTHERS_WRITE


def _is_open_socket(value: str) -> bool:
    return not re.fullmatch(r"[0-7]*", value) or bool(int(value or "0666", 8) & 0o006)


def _is_beyond_state(value: str) -> bool:
    paths = [path.lstrip("-+") for path in value.split()]
    own = [p for p in paths if p == LOGS or p.startswith(STATE_PREFIXES)]
    return len(own) < len(paths) or any(".." in path for path in paths)


def _is_written(value: str) -> bool:
    """Whether what a service prints is written to a file, or what it reads comes from one."""
    return value.startswith(("file:", "append:", "truncate:", "fd:", "data"))


JUDGED: dict[str, Callable[[str], bool]] = {
    "User": lambda value: value in ("", "root", "0"),
    "Group": _is_powerful_group,
    "SupplementaryGroups": _is_powerful_group,
    "SocketMode": _is_open_socket,
    "Environment": takes_orders,
    "PassEnvironment": takes_orders,
    "EnvironmentFile": _is_unseen_file,
    "UMask": _is_open_mask,
    "ReadWritePaths": _is_beyond_state,
    "DeviceAllow": lambda value: bool(DEVICES.search(value)),
    "IPAddressAllow": lambda value: value in ("any", "0.0.0.0/0", "::/0"),
    "AppArmorProfile": lambda value: value.lstrip("-") == "unconfined",
    "LoadCredential": lambda value: bool(SECRETS.search(value)),
    "LoadCredentialEncrypted": lambda value: bool(SECRETS.search(value)),
    "StandardInput": _is_written,
    "StandardOutput": _is_written,
    "StandardError": _is_written,
    "LogLevelMax": lambda value: bool(SILENT.fullmatch(value)),
    "LogRateLimitBurst": lambda value: value.isdecimal() and 0 < int(value) < 1000,
    "SystemCallFilter": lambda value: _opens(value, STRONG_CALLS),
    "AmbientCapabilities": lambda value: not set(value.lower().split()) <= HARMLESS_CAPABILITIES,
    # Nothing at all takes every capability away; `~` alone gives them all back.
    "CapabilityBoundingSet": lambda value: value == "~" or _opens(value, STRONG_CAPABILITIES),
}
