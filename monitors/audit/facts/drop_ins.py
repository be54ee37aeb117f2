"""Which lines of a drop-in give a service more than its unit did (systemd.exec(5))."""

import re
from collections.abc import Callable

# As systemd reads one (parse_boolean()), or an empty value.
OFF = ("", "no", "n", "false", "f", "0", "off")
# What a drop-in takes back when it is off or emptied; `Private…`, `Protect…`, `Restrict…` as well.
GUARDS = re.compile(
    r"(NoNewPrivileges|DynamicUser|LockPersonality|MemoryDenyWriteExecute|RemoveIPC"
    r"|SystemCallFilter|SystemCallArchitectures|ReadOnlyPaths|InaccessiblePaths|NoExecPaths"
    r"|(Private|Protect|Restrict)\w+)"
)
COMMANDS = re.compile(r"Exec(Condition|Start|StartPre|StartPost|Reload|Stop|StopPost)")
# Whatever a drop-in says there gives more than the package did.
GIVING = (
    *("RootDirectory", "RootImage", "PermissionsStartOnly", "SecureBits"),
    *("BindPaths", "BindReadOnlyPaths", "MountImages", "ExtensionImages", "ExtensionDirectories"),
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


def gives_more(name: str, value: str) -> bool:
    """Whether a line gives a service more than it had."""
    if COMMANDS.fullmatch(name):
        return "+" in re.match(r"[-@:!+|]*", value)[0]  # type: ignore[index]
    if name in GIVING:
        return bool(value)
    off = bool(GUARDS.fullmatch(name)) and value.lower() in OFF
    return off or (name in JUDGED and JUDGED[name](value))


def _is_powerful_group(value: str) -> bool:
    return bool(POWERFUL_GROUPS & set(value.split()))


def _is_unseen_file(value: str) -> bool:
    # What stands there systemd does not show; /etc/default is looked at by FILE-14.
    return bool(value) and not re.fullmatch(r"-?/etc/default/[A-Za-z0-9_.-]+", value)


def _opens(value: str, strong: set[str]) -> bool:
    return not value.startswith("~") and bool(strong & set(value.lower().split()))


def _is_open_mask(value: str) -> bool:
    return bool(re.fullmatch(r"[0-7]+", value)) and int(value, 8) & OTHERS_WRITE != OTHERS_WRITE


def _is_beyond_state(value: str) -> bool:
    paths = [path.lstrip("-+") for path in value.split()]
    own = [p for p in paths if p == LOGS or p.startswith(STATE_PREFIXES)]
    return len(own) < len(paths) or any(".." in path for path in paths)


JUDGED: dict[str, Callable[[str], bool]] = {
    "User": lambda value: value in ("", "root", "0"),
    "Group": _is_powerful_group,
    "SupplementaryGroups": _is_powerful_group,
    "Environment": lambda value: "LD_" in value,
    "EnvironmentFile": _is_unseen_file,
    "UMask": _is_open_mask,
    "ReadWritePaths": _is_beyond_state,
    "SystemCallFilter": lambda value: _opens(value, STRONG_CALLS),
    "AmbientCapabilities": lambda value: not set(value.lower().split()) <= HARMLESS_CAPABILITIES,
    # Nothing at all takes every capability away; `~` alone gives them all back.
    "CapabilityBoundingSet": lambda value: value == "~" or _opens(value, STRONG_CAPABILITIES),
}
