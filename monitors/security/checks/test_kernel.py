"""The running kernel, not the files that should have set it."""
# ruff: noqa: S101

from monitors.security.backends import Host
from monitors.security.facts import container, skip_in_container, sysctls

# The lowest acceptable value of each parameter.
PROTECTION = {
    "kernel.randomize_va_space": 2,
    "kernel.yama.ptrace_scope": 1,
    "kernel.kptr_restrict": 1,
    "kernel.dmesg_restrict": 1,
    "fs.protected_hardlinks": 1,
    "fs.protected_symlinks": 1,
}
UNUSED_MODULES = (
    "cramfs",
    "dccp",
    "freevxfs",
    "hfs",
    "hfsplus",
    "jffs2",
    "rds",
    "sctp",
    "tipc",
    "usb-storage",
)


def test_krn_01_self_protection(host: Host) -> None:
    """Addresses are random and hidden; links and debugging are guarded."""
    kind = container(host)
    found = sysctls(host, *PROTECTION)
    skip_in_container(kind, "the kernel's own parameters")
    low = [
        f"{key} is {found.get(key, 'absent')}, expected at least {least}"
        for key, least in PROTECTION.items()
        if int(found.get(key, "-1")) < least
    ]
    assert not low, "; ".join(low)


def test_krn_02_no_core_dumps(host: Host) -> None:
    """Neither a session nor a service may write a core dump."""
    session = host.check_output("ulimit -H -c")
    services = host.check_output("systemctl show --property=DefaultLimitCORE")
    assert session == "0", f"a session's core size limit is {session}, expected 0"
    assert services == "DefaultLimitCORE=0", f"{services}, expected 0"


def test_krn_03_modules(host: Host) -> None:
    """Modules that no municipal server needs cannot be loaded."""
    kind = container(host)
    config = host.run("modprobe --showconfig | grep -E '^install .* (/usr)?/bin/(true|false)$'")
    skip_in_container(kind, "kernel modules")
    blocked = {line.split()[1].replace("_", "-") for line in config.stdout.splitlines()}
    loadable = [name for name in UNUSED_MODULES if name not in blocked]
    assert not loadable, f"can be loaded: {', '.join(loadable)}"
